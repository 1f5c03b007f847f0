import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Machine, makeMachine } from '../support/machine.js';

/** A download of 220 MB, 850 MB unpacked, and every check of the verification. */
const LIMIT_MS = 5 * 60_000;
/** PaddlePaddle's own index has no part here. */
const CLOSED = ['--mirrors', 'official', '--paddle-index', 'http://127.0.0.1:9/'];

let machine: Machine;
beforeAll(async () => {
  machine = await makeMachine();
});
afterAll(async () => {
  await machine.remove();
});

/** Interpreters of this machine, by version: those of pyenv, and the one on PATH. */
function interpreters(): ReadonlyMap<string, string> {
  const search = (process.env['PATH'] ?? '').split(delimiter);
  const versions = join(homedir(), '.pyenv', 'versions');
  const pyenv = existsSync(versions) ? readdirSync(versions).map((name) => join(versions, name, 'bin')) : [];
  const found = [...pyenv, ...search].flatMap((folder) =>
    ['3.9', '3.10', '3.11', '3.12', '3.13'].map((version) => [version, join(folder, `python${version}`)] as const),
  );
  const usable = found.filter(([, file]) => file.startsWith('/') && !file.includes('/shims/') && existsSync(file));
  return new Map(usable.reverse());
}

const pythons = interpreters();
const setup = (python: string, ...options: string[]) =>
  machine.cli(['setup', '--python', python, ...CLOSED, ...options], {});

describe('real PaddlePaddle', () => {
  for (const version of ['3.9', '3.13']) {
    const python = pythons.get(version);
    if (python === undefined) {
      process.stdout.write(`PaddlePaddle for Python ${version} is not tried: this machine has no such Python\n`);
      continue;
    }
    test(
      `3.2.2 is installed and verified on Python ${version}`,
      async () => {
        const venv = `py${version}`;
        const said = await setup(python, '--paddle-version', '3.2.2', '--venv', venv);
        expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
        expect(said.stdout).toMatch(/paddlepaddle 3\.2\.2 \(cpu\), verified, .* downloaded/);
      },
      LIMIT_MS,
    );
  }

  test(
    'with a known defect is installed where it is asked for by version, and the defect is told; elsewhere it is a failure',
    async () => {
      const said = await setup(machine.python, '--paddle-version', '3.3.1', '--venv', 'defect');
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      expect(said.stderr).toMatch(/warning: .*oneDNN/);
      const unasked = await machine.cli(['verify', '--venv', 'defect']);
      expect(unasked).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/oneDNN/) });
      const asked = await machine.cli(['verify', '--venv', 'defect', '--paddle-version', '3.3.1']);
      expect(asked).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/warning: .*oneDNN/) });
    },
    LIMIT_MS,
  );

  test(
    'is installed for an interpreter without pip and setuptools, from what is there already',
    async () => {
      const bare = join(machine.work, 'bare');
      execFileSync(machine.python, ['-m', 'venv', '--without-pip', bare]);
      const python = join(bare, 'bin', 'python');
      const said = await setup(python, '--paddle-version', '3.3.1', '--verify', 'import');
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      expect(said.stdout).toContain('nothing downloaded');
    },
    LIMIT_MS,
  );
});
