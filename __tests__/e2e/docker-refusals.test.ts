import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';
import { type CliRun, type Machine, makeMachine } from '../support/machine.js';
import { commonPython, makeHost, users } from './users.js';

/** A line of a stack: a user's mistake must not show one. */
const STACK = /^\s+at .*:\d+:\d+\)?$/m;
const mirror = 'http://127.0.0.1:9';

let machine: Machine;
beforeEach(async () => {
  machine = await makeMachine();
});
afterEach(() => machine.remove());

const options = (python: string): string[] => [
  'setup',
  ...['--python', python, '--mirrors', 'http://127.0.0.1:9/simple', '--device', 'cpu', '--paddle-version', '3.2.2'],
];

/** One answer to a mistake: exit code 2, these words, no stack. */
function expectRefusal(said: CliRun, words: readonly (string | RegExp)[]): void {
  expect([said.stderr, said.exitCode]).toEqual([said.stderr, 2]);
  for (const word of words) expect(said.stderr).toMatch(word);
  expect(said.stderr).not.toMatch(STACK);
}

describe('without a daemon', () => {
  const run = (more: readonly string[], extra: Readonly<Record<string, string>> = {}) =>
    machine.cli([...options(machine.python), ...more], { DOCKER_HOST: 'unix:///nowhere/docker.sock', ...extra });

  test('a socket that is not there and a daemon of another machine are told apart; nothing is changed', async () => {
    expectRefusal(await run(['--docker-mirrors', mirror]), [/No Docker daemon listens at \/nowhere/, /DOCKER_HOST/]);
    const far = await run(['--docker-mirrors', mirror], { DOCKER_HOST: 'tcp://build.example:2376' });
    expectRefusal(far, [/DOCKER_HOST leads to tcp:\/\/build\.example:2376/]);
    expect(await machine.files()).toEqual([]);
  });

  test('plain http to another machine, an address twice, hostile names: all told at once, nothing is changed', async () => {
    const list = ['--docker-mirrors', 'https://one.example,https://one.example/\n$(touch pwned)\n-v/:/host'];
    const images = ['--docker-images', '../../etc/passwd\na:1 as b:1@sha256:0\nUPPER/case:1'];
    expectRefusal(await run([...list, ...images]), [
      /one\.example stands in it twice/,
      /touch pwned/,
      /\.\.\/etc/,
      /UPPER/,
    ]);
    const plain = await run(['--configure', 'pip,podman', '--docker-mirrors', 'http://mirror.example']);
    expectRefusal(plain, [/http:\/\/mirror\.example speaks plain http/, /https/]);
    expect(await machine.files()).toEqual([]);
  });

  test('a broken file of BuildKit or podman is named and left alone', async () => {
    const broken = '[registry\nx = ';
    const files = ['.docker/buildx/buildkitd.default.toml', '.config/containers/registries.conf'];
    for (const file of files) {
      await mkdir(dirname(join(machine.home, file)), { recursive: true });
      await writeFile(join(machine.home, file), broken);
    }
    for (const [tool, file] of [
      ['buildkit', /buildkitd\.default\.toml is broken/],
      ['podman', /containers\/registries\.conf is broken/],
    ] as const)
      expectRefusal(await run(['--configure', tool, '--docker-mirrors', mirror]), [file]);
    for (const file of files) expect(await readFile(join(machine.home, file), 'utf8')).toBe(broken);
  });
});

(hasDockerd() ? describe : describe.skip)('a daemon', () => {
  let daemon: Dockerd;
  const from = (): Record<string, string> => ({ DOCKER_HOST: `unix://${daemon.socket}` });
  beforeAll(async () => {
    daemon = await startDockerd('{}');
  }, 40_000);
  afterAll(() => daemon.close(), 30_000);

  test.each(['{"log-level": ', '[]', '{"registry-mirrors": "https://one.example"}'])(
    'whose file is broken (%s) is not told, and the file is not repaired',
    async (text) => {
      await writeFile(daemon.file, text);
      const said = await machine.cli([...options(machine.python), '--docker-mirrors', mirror], from());
      expectRefusal(said, [daemon.file]);
      expect(await readFile(daemon.file, 'utf8')).toBe(text);
      expect((await daemon.engine.info(AbortSignal.timeout(5_000))).mirrors).toEqual([]);
      expect(await machine.files()).toEqual([]);
    },
  );

  test('is not for a user without rights, nor for one who may only pull', async () => {
    await writeFile(daemon.file, '{}');
    const python = commonPython();
    const [user] = users ?? [];
    if (python === null || user === undefined) throw new Error('root and a Python for every user are needed here');
    const host = await makeHost();
    try {
      await chmod(daemon.folder, 0o755);
      const args = [...options(python), '--venv', '.paddle', '--docker-mirrors', mirror];
      expectRefusal(await host.cli(user, args, from()), [
        /This user may not speak to the Docker daemon/,
        /group `docker`/,
      ]);
      await chmod(daemon.socket, 0o666);
      expectRefusal(await host.cli(user, args, from()), [/runs as another user/, /as root/]);
      expect(await readFile(daemon.file, 'utf8')).toBe('{}');
    } finally {
      await chmod(daemon.folder, 0o700);
      await host.remove();
    }
  }, 30_000);
});
