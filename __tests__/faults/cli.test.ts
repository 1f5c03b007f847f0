import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clients } from '../../bench/faults/clients.js';
import { rows } from '../../bench/faults/rows.js';
import { describeWheels, type Supplies, smallPaddle, version } from '../../bench/faults/supplies.js';
import { type Outcome, trial } from '../../bench/faults/trial.js';
import { uvVersion } from '../../src/install/uv-release.js';
import { tinyWheel } from '../gateway/tiny-wheel.js';
import { realUv } from '../install/real-uv.js';

const folder = mkdtempSync(join(tmpdir(), 'faults-wheels-'));
let supplies: Supplies;

beforeAll(() => {
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  const tag = execFileSync(python, ['-c', 'import sys; print("cp%d%d" % sys.version_info[:2])'], {
    encoding: 'utf8',
  }).trim();
  const paddle = smallPaddle(`${tag}-${tag}-manylinux1_x86_64`);
  writeFileSync(join(folder, paddle.name), paddle.bytes);
  const small = { numpy: 4 * 2 ** 20, pillow: 2 ** 19, protobuf: 1000, setuptools: 2 ** 17 };
  for (const [name, bytes] of Object.entries(small)) {
    writeFileSync(join(folder, `${name}-99.0-py3-none-any.whl`), tinyWheel(name, '99.0', 'right', randomBytes(bytes)));
  }
  supplies = {
    python,
    uv: realUv(uvVersion),
    pips: { old: '', newest: '' },
    version,
    ...describeWheels(python, folder),
  };
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(name: string, change: { readonly diskBytes?: number } = {}): Promise<Outcome> {
  const [row] = rows.filter((one) => one.name === name);
  const [ours] = clients;
  if (row === undefined || ours === undefined) throw new Error(`the matrix has no row ${name}`);
  return trial({ ...row, ...change }, ours, supplies, 60_000);
}

describe('the built program survives, with the right files installed and nothing else in its store:', () => {
  test.each([
    'connection refused',
    'stall at 50 %',
    'reset at 90 %',
    'every byte wrong',
    'wrong hash on the page',
    'page stale',
    '403 on the file',
    'mirror dies between page and file',
    'killed at 50 % and run again',
  ])(
    '%s',
    async (name) => {
      expect(await run(name)).toMatchObject({ verdict: 'survived', said: '' });
    },
    90_000,
  );
});

describe('the built program says plainly that nothing can be done:', () => {
  test('all dead', async () => {
    const { verdict, said } = await run('all dead');
    expect(verdict).toBe('failed plainly');
    expect(said.match(/127\.0\.0\.1:\d+[\s\S]*?refused/g)).toHaveLength(2);
  }, 90_000);

  test('disk full', async () => {
    const outcome = await run('disk full', { diskBytes: 5 * 2 ** 20 });
    if (outcome.verdict === 'left out') console.log(`disk full was left out: ${outcome.said}`);
    else
      expect(outcome).toMatchObject({
        verdict: 'failed plainly',
        said: expect.stringMatching(/disk space|disk is full/i),
      });
  }, 90_000);
});
