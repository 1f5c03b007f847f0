import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type VerifyOptions, verify } from '../../src/verify/verify.js';
import { makeVenv } from './environments.js';

const windows = process.platform === 'win32';
const numpy = { 'numpy/__init__.py': '__version__ = "2.0.0"\n' };
/** As much of a PaddlePaddle as an import and the question for its build need. */
const sound = `
__version__ = "3.2.2"
class version:
    commit = "0123456789abcdef"
    cuda = cudnn = staticmethod(lambda: "False")
    nccl = staticmethod(lambda: "0")
def is_compiled_with_cuda():
    return False
`;

let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'verify-test-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** An interpreter whose `paddle` is this text, beside a numpy of one line. */
function fakePaddle(text: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  count += 1;
  return makeVenv(join(root, `venv${count}`), { ...numpy, 'paddle/__init__.py': text, ...more });
}

function options(python: string, changes: Partial<VerifyOptions> = {}): VerifyOptions {
  const environment = Object.fromEntries(Object.entries(process.env).filter((entry) => entry[1] !== undefined));
  return {
    ...{ python, device: 'cpu', level: 'import', expect: { version: null, cuda: null }, knownDefects: [] },
    ...{
      environment: environment as Record<string, string>,
      remainingMs: 30_000,
      signal: new AbortController().signal,
    },
    ...changes,
  };
}

/** Whether a process still runs: one that was killed may be on its way out, or wait for init to take note of it. */
async function alive(pidFile: string): Promise<boolean> {
  const pid = await readFile(pidFile, 'utf8');
  for (let tries = 0; tries < 50; tries += 1) {
    const [program, args] = windows
      ? (['tasklist.exe', ['/fi', `PID eq ${pid}`, '/nh', '/fo', 'csv']] as const)
      : (['ps', ['-o', 'stat=', '-p', pid]] as const);
    const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
    if (windows ? !stdout.includes(`"${pid}"`) : stdout === '' || stdout.startsWith('Z')) return false;
    await sleep(20);
  }
  return true;
}

describe('verification of an environment', () => {
  test('one that can be imported is verified at level `import`, with version and commit', async () => {
    const seen = await verify(options(await fakePaddle(sound), { expect: { version: '3.2.2', cuda: null } }));
    expect(seen).toMatchObject({
      verified: true,
      findings: [],
      version: '3.2.2',
      commit: '0123456789abcdef',
      cuda: null,
    });
    expect(seen.checks.map((check) => check.id)).toEqual(['import', 'build']);
  });

  test('another version than the planned one is told', async () => {
    const seen = await verify(options(await fakePaddle(sound), { expect: { version: '3.3.0', cuda: null } }));
    expect(seen).toMatchObject({ verified: false, findings: [{ id: 'not-as-planned', checks: ['build'] }] });
  });

  test('metadata folders beside the package tell its distribution, and two of them are too many', async () => {
    const metadata = { 'paddlepaddle-3.2.2.dist-info/METADATA': '', 'paddlepaddle_gpu-3.2.2.dist-info/METADATA': '' };
    const seen = await verify(options(await fakePaddle(sound, metadata)));
    expect(seen.findings).toMatchObject([{ id: 'two-distributions' }]);
  });

  test('PYTHONPATH and the working folder hide no package', async () => {
    const hostile = join(root, 'hostile');
    await mkdir(join(hostile, 'paddle'), { recursive: true });
    await writeFile(join(hostile, 'paddle', '__init__.py'), 'raise RuntimeError("hostile")\n');
    const python = await fakePaddle(sound);
    const { environment } = options(python);
    const seen = await verify(options(python, { environment: { ...environment, PYTHONPATH: hostile } }));
    expect(seen.verified).toBe(true);
  });

  test('what PaddlePaddle prints does not spoil the answer', async () => {
    const seen = await verify(options(await fakePaddle(`print('{"checks": []}' * 9000)\n${sound}`)));
    expect(seen.verified).toBe(true);
  });

  test('nothing is left behind, neither in the home folder nor in the one for temporary files', async () => {
    const home = join(root, 'home');
    const temporary = join(root, 'temporary');
    await Promise.all([mkdir(home), mkdir(temporary)]);
    const leave = 'import os, tempfile\nopen(os.path.expanduser("~/left"), "w").close()\ntempfile.mkdtemp()\n';
    const python = await fakePaddle(leave + sound);
    const { environment } = options(python);
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = temporary;
    try {
      const seen = await verify(options(python, { environment: { ...environment, HOME: home, TMPDIR: temporary } }));
      expect(seen.verified).toBe(true);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    expect([await readdir(home), await readdir(temporary)]).toEqual([[], []]);
  });
});

/** Ends by signals; Windows has none of them, so there these rows are left out. */
const deaths: readonly (readonly [how: string, text: string, id: string])[] = windows
  ? []
  : [
      ['aborts', 'import os\nos.abort()', 'aborted'],
      [
        'is killed by an illegal instruction',
        'import os, signal\nos.kill(os.getpid(), signal.SIGILL)',
        'illegal-instruction',
      ],
      ['is killed for memory', 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 'out-of-memory'],
    ];

describe('an environment that is broken', () => {
  if (windows) process.stderr.write('Deaths by signal and limits of address space are left out: Windows has none.\n');
  test.each([
    ...deaths,
    ['leaves with status 0', 'import sys\nsys.exit(0)', 'unknown'],
    ['ends the process with status 0', 'import os\nos._exit(0)', 'unknown'],
    [
      'is old for its protobuf',
      'raise TypeError("Descriptors cannot not be created directly.")',
      'protobuf-descriptors',
    ],
    ['misses a module', 'import not_there', 'module-missing'],
  ])('a PaddlePaddle that %s fails its import', async (_, text, id) => {
    const seen = await verify(options(await fakePaddle(text)));
    expect(seen).toMatchObject({ verified: false, version: null, findings: [{ id, checks: ['import'] }] });
    expect(seen.checks).toMatchObject([{ id: 'import', status: 'failed' }]);
  });

  test('one without PaddlePaddle is told so', async () => {
    const seen = await verify(options(await makeVenv(join(root, 'empty'), {})));
    expect(seen.findings).toMatchObject([{ id: 'paddle-missing', checks: ['import'] }]);
  });

  test('a crash while the interpreter ends is one, although every check passed', async () => {
    const crash = 'import atexit, os\natexit.register(os.abort)\n';
    const seen = await verify(options(await fakePaddle(crash + sound)));
    expect(seen).toMatchObject({ verified: false, findings: [{ id: 'aborted', checks: ['end'] }] });
    expect(seen.checks.map((check) => check.status)).toEqual(['passed', 'passed', 'failed']);
  });

  test('an unknown error is shown as what it is', async () => {
    const seen = await verify(options(await fakePaddle('raise RuntimeError("the moon is full")')));
    expect(seen.findings[0]).toMatchObject({ id: 'unknown', evidence: expect.stringContaining('the moon is full') });
  });

  test('an interpreter that does not exist is told by its path', async () => {
    const seen = await verify(options(join(root, 'no', 'python')));
    expect(seen.findings).toMatchObject([{ id: 'not-started', evidence: expect.stringContaining('ENOENT') }]);
  });

  test('a program that is no Python is not verified by its exit status', async () => {
    const seen = await verify(options(process.execPath));
    expect(seen).toMatchObject({ verified: false, findings: [{ id: 'unknown', checks: ['start'] }] });
  });
});

(windows ? test.skip : test)(
  'a limit of address space in which PaddlePaddle may hang is told before it is imported',
  async () => {
    const python = await fakePaddle(sound);
    const limited = join(root, 'limited-python');
    await writeFile(limited, `#!/bin/sh\nulimit -v 1500000\nexec '${python}' "$@"\n`, { mode: 0o755 });
    const seen = await verify(options(limited, { level: 'full' }));
    expect(seen).toMatchObject({ verified: false, findings: [{ id: 'address-space', checks: ['import'] }] });
    expect(seen.findings[0]?.cause).toContain('1536 MB');
  },
);

describe('a verification that hangs', () => {
  const hang = (pidFile: string) => `
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
open(${JSON.stringify(pidFile)}, 'w').write(str(child.pid))
time.sleep(600)
`;

  test('is stopped with all that it started when the time of the run is over, and that is a finding', async () => {
    const pidFile = join(root, 'hang.pid');
    const seen = await verify(options(await fakePaddle(hang(pidFile)), { remainingMs: 1500 }));
    expect(seen).toMatchObject({ verified: false, findings: [{ id: 'timeout', checks: ['import'] }] });
    expect(seen.findings[0]?.remedy).toContain('timeout-minutes');
    expect(await alive(pidFile)).toBe(false);
  });

  test('is stopped on abort, which throws the reason', async () => {
    const pidFile = join(root, 'abort.pid');
    const controller = new AbortController();
    const running = verify(options(await fakePaddle(hang(pidFile)), { signal: controller.signal }));
    while ((await readFile(pidFile, 'utf8').catch(() => '')) === '') await sleep(20);
    controller.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    expect(await alive(pidFile)).toBe(false);
  });

  test('does not start after an abort', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(verify(options(join(root, 'no', 'python'), { signal }))).rejects.toThrow('too late');
  });
});
