import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyEnvironment } from '../../src/commands/verify.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import type { Outcome } from '../../src/pipeline/context.js';
import { openRunJournal } from '../../src/pipeline/journal.js';
import { startTimeline } from '../../src/report/timeline.js';
import type { Request } from '../../src/values/request.js';
import { request, wanted } from '../plan/machines.js';
import { quiet } from '../transfer/setup.js';

const base = process.platform === 'win32' ? 'python' : 'python3';
let folder: string;
/** A CPU build and a build for CUDA 12.6, in small. */
let [cpu, gpu] = ['', ''];

/** Makes an environment with something that calls itself PaddlePaddle, and imports like it. */
async function make(name: string, distribution: string, cuda: string | null): Promise<string> {
  const venv = join(folder, name);
  execFileSync(base, ['-m', 'venv', '--without-pip', venv]);
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const site = execFileSync(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
    encoding: 'utf8',
  }).trim();
  const info = `${distribution.replaceAll('-', '_')}-3.2.2.dist-info`;
  const files = {
    'paddle/__init__.py': `from . import version\n__version__ = '3.2.2'\ndef is_compiled_with_cuda():\n    return ${cuda === null ? 'False' : 'True'}\n`,
    'paddle/version.py': `commit = '0123456789abcdef'\ndef cuda():\n    return '${cuda ?? 'False'}'\ndef cudnn():\n    return 'False'\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${distribution}\nVersion: 3.2.2\n`,
    [`${info}/RECORD`]: `paddle/__init__.py,,\npaddle/version.py,,\n${info}/METADATA,,\n${info}/RECORD,,\n`,
    'numpy.py': "__version__ = '2.2.0'\n",
    'sitecustomize.py': `import os\nwith open(${JSON.stringify(join(folder, `${name}.seen`))}, 'a') as seen:\n    seen.write(' '.join(sorted(os.environ)) + '\\n')\n`,
  };
  for (const part of ['paddle', info]) await mkdir(join(site, part), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(site, file), text);
  return venv;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-command-'));
  cpu = await make('cpu', 'paddlepaddle', null);
  gpu = await make('gpu', 'paddlepaddle-gpu', '12.6');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function verify(asked: Partial<Request>, extra: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const environment = { ...process.env, ...extra };
  return verifyEnvironment(request({ verify: 'import', gpu: 'optional', python: 'python', ...asked }), {
    environment,
    home: homedir(),
    log: quiet,
    journal: await openRunJournal({ ...environment, XDG_STATE_HOME: folder }, folder, 'job'),
    timeline: startTimeline(() => undefined),
    signal: new AbortController().signal,
    version: '0.0.0',
    started: new Date(),
  });
}

/** The exit code with every problem in a line. */
async function saidOf(asked: Partial<Request>): Promise<string> {
  const { exitCode, report } = await verify(asked);
  return [exitCode, ...report.problems.map(({ where, what }) => `${where}: ${what}`)].join('\n');
}

describe('an environment that is there', () => {
  test('passes as it is where nothing was asked, and where it is what was asked for', async () => {
    expect(await saidOf({ venv: cpu })).toBe('0');
    expect(await saidOf({ venv: cpu, ...wanted('==3.2.*'), device: 'cpu' })).toBe('0');
    expect(await saidOf({ venv: gpu })).toBe('0');
    expect(await saidOf({ venv: gpu, ...wanted('==3.2.2'), device: 'cu126' })).toBe('0');
    expect(await saidOf({ venv: gpu, device: 'gpu' })).toBe('0');
  });

  test('is refused where it is another release or another build, all at once', async () => {
    expect(await saidOf({ venv: cpu, ...wanted('==3.3.1'), device: 'cu126' })).toMatch(
      /^2\n.*: paddlepaddle 3\.2\.2 is installed in .*cpu, not ==3\.3\.1\.\ndevice: .*; cu126 is paddlepaddle-gpu\.$/,
    );
    expect(await saidOf({ venv: cpu, paddle: { kind: 'nightly' } })).toMatch(
      /^2\npaddle-version: .* no nightly build\.$/,
    );
    expect(await saidOf({ venv: gpu, device: 'cpu' })).toMatch(
      /^2\ndevice: paddlepaddle-gpu .*; cpu is paddlepaddle\.$/,
    );
    expect(await saidOf({ venv: cpu, device: 'npu' })).toMatch(/npu is paddlepaddle with paddle-custom-npu\.$/);
    const ranged = request({}, { requirements: [parseRequirement('paddlepaddle>=3.3', 'requirements.txt:1')] });
    expect(await saidOf({ ...ranged, verify: 'import', venv: cpu })).toMatch(/^2\nrequirements: .*, not >=3\.3\.$/);
  });

  test('fails where it is made for another CUDA than was asked for', async () => {
    expect(await saidOf({ venv: gpu, device: 'cu118' })).toMatch(/^3\n.*made for CUDA 12\.6, 11\.8 was planned/);
  });

  test('is not verified with the verification switched off', async () => {
    expect(await saidOf({ venv: cpu, verify: 'off' })).toMatch(/^2\nverify: It is off/);
  });
});

test('an environment that is not there is refused, and no other one is verified in its place', async () => {
  expect(await saidOf({ venv: join(folder, 'typo'), python: join(cpu, 'bin', 'python') })).toBe(
    `2\nvenv: ${join(folder, 'typo')} is no virtual environment.`,
  );
});

test('what is installed sees the machine, and no key of the job', async () => {
  const keys = ['ACTIONS_RUNTIME_TOKEN', 'ACTIONS_RESULTS_URL', 'ACTIONS_CACHE_URL', 'INPUT_INDEX-CREDENTIALS'];
  const given = [...keys, 'STATE_undo', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'GITHUB_TOKEN'];
  const machine = [
    'CUDA_VISIBLE_DEVICES',
    'FLAGS_use_mkldnn',
    'LD_LIBRARY_PATH',
    'NCCL_DEBUG',
    'AWS_REGION',
    'GITHUB_ACTIONS',
  ];
  const set = Object.fromEntries([...given, ...machine].map((name) => [name, '0']));
  await rm(join(folder, 'cpu.seen'), { force: true });
  expect((await verify({ venv: cpu }, set)).exitCode).toBe(0);
  const runs = (await readFile(join(folder, 'cpu.seen'), 'utf8')).trim().split('\n');
  // The probe and the verification.
  expect(runs.length).toBeGreaterThanOrEqual(2);
  for (const names of runs.map((line) => line.split(' '))) {
    expect(names.filter((name) => given.includes(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining([...machine, 'PATH']));
  }
});
