import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../src/process/run.js';
import type { Verification } from '../../src/values/verification.js';
import { readAnswer } from '../../src/verify/answer.js';
import { judge } from '../../src/verify/judge.js';
import { makeVenv, realEnvironment } from './environments.js';

const MINUTES = 60_000;
const windows = process.platform === 'win32';
const helpers = join(import.meta.dirname, '..', '..', 'src', 'verify');

/** The all-reduce alone, of two ranks on the CPU, where gloo does NCCL's work. */
const program = `
import os, sys
sys.dont_write_bytecode = True
folder, work, limit = sys.argv[1:]
sys.path.insert(0, folder)
from all_reduce import check_all_reduce
from answer import Answer
answer = Answer(os.path.join(work, 'answer.json'))
answer.check('all-reduce', None, lambda: check_all_reduce(work, ['cpu', 'cpu'], float(limit))[0])
answer.data['complete'] = True
answer.save()
`;

let root: string;
let real: string;
let purelib: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'verify-together-'));
  real = await realEnvironment('paddle-3.2.2', ['paddlepaddle==3.2.2', 'setuptools']);
  const ask = ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'];
  purelib = execFileSync(real, ask, { encoding: 'utf8' });
}, 10 * MINUTES);
afterAll(() => rm(root, { recursive: true, force: true }));

/** The real PaddlePaddle, and code that runs in rank 1 before anything else. */
function spoilt(name: string, code: string): Promise<string> {
  const guard = `import os\nif os.environ.get('PADDLE_TRAINER_ID') == '1':\n  ${code}\n`;
  return makeVenv(join(root, name), { 'real.pth': purelib, 'sitecustomize.py': guard });
}

async function allReduce(python: string, limitSeconds: number): Promise<Verification> {
  const work = await mkdtemp(join(root, 'work-'));
  const ran = await run({
    file: python,
    args: ['-E', '-c', program, helpers, work, String(limitSeconds)],
    environment: process.env,
    limitMs: 4 * MINUTES,
    signal: new AbortController().signal,
  });
  const asked = {
    python,
    device: 'cpu',
    level: 'full',
    expect: { version: null, cuda: null },
    knownDefects: [],
    cutShort: false,
  } as const;
  return judge(await readAnswer(join(work, 'answer.json')), ran, asked);
}

if (windows) process.stderr.write('The all-reduce is not tried: PaddlePaddle has no gloo on Windows.\n');
(windows ? describe.skip : describe)('an all-reduce of two ranks', () => {
  test(
    'adds up exactly and leaves nothing beside the helpers',
    async () => {
      const seen = await allReduce(real, 180);
      expect(seen.findings).toEqual([]);
      expect(seen.checks).toMatchObject([{ status: 'passed', detail: '2 ranks, 3 times every element, exact' }]);
      expect(await readdir(helpers)).not.toContain('__pycache__');
    },
    5 * MINUTES,
  );

  test('of which one is killed ends at once, and the finding names the rank and the signal', async () => {
    const seen = await allReduce(await spoilt('killed', 'os.kill(os.getpid(), 9)'), 180);
    expect(seen).toMatchObject({ verified: false, findings: [{ id: 'all-reduce-rank', checks: ['all-reduce'] }] });
    expect(seen.findings[0]?.cause).toContain('rank 1 of 2 (cpu) of their all-reduce was killed by SIGKILL');
  });

  test('of which one fails with an error is explained by what that rank said', async () => {
    const code = 'import sys; sys.exit("ExternalError: NCCL error(2), unhandled system error")';
    const seen = await allReduce(await spoilt('fails', code), 180);
    expect(seen.findings).toMatchObject([{ id: 'nccl', checks: ['all-reduce'] }]);
  });

  test(
    'of which one never answers is stopped at its limit, with all ranks',
    async () => {
      const seen = await allReduce(await spoilt('hangs', 'import time; time.sleep(600)'), 4);
      expect(seen.findings).toMatchObject([{ id: 'all-reduce-limit', checks: ['all-reduce'] }]);
      expect(seen.checks[0]?.detail).toContain('waiting for');
    },
    2 * MINUTES,
  );
});
