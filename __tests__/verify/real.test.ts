import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Ran, run } from '../../src/process/run.js';
import type { Verification } from '../../src/values/verification.js';
import { readAnswer } from '../../src/verify/answer.js';
import { judge } from '../../src/verify/judge.js';
import { type VerifyOptions, verify } from '../../src/verify/verify.js';
import { realEnvironment } from './environments.js';

const MINUTES = 60_000;
const helpers = join(import.meta.dirname, '..', '..', 'src', 'verify');
const asked = {
  device: 'cpu',
  level: 'full',
  cutShort: false,
  expect: { version: null, cuda: null },
  knownDefects: [],
} as const;

/**
 * The checks of verify.py once for each fault, which is taken out again after them, each time with an answer of its own; ResNet-18
 * costs more than all others together, so its checks run for its own faults only.
 */
const faultProgram = `
import functools, json, os, sys
sys.dont_write_bytecode = True
folder, work, faults = sys.argv[1:]
sys.path.insert(0, folder)
os.environ.update(HOME=work, TMPDIR=work, OMP_NUM_THREADS='1')
import numpy as np, paddle, verify
from answer import Answer
everything = verify.check_network, verify.check_resnet_training

def spoil(net):
    if hasattr(net, 'conv'):
        net.conv.weight.set_value(net.conv.weight * 1.001)

paddle.set_device('cpu')
for index, (_, failing, place, code) in enumerate(json.loads(faults)):
    own = os.path.join(work, str(index))
    os.mkdir(own)
    answer = Answer(os.path.join(own, 'answer.json'))
    owner = functools.reduce(getattr, place.split('.')[:-1], paddle)
    name = place.split('.')[-1]
    f = getattr(owner, name)
    if 'resnet18' not in failing:
        verify.check_network = lambda *rest: 'resnet18' in rest or everything[0](*rest)
        verify.check_resnet_training = lambda *rest: ('not tried', None, None)
    setattr(owner, name, eval(code))
    verify.check_device(paddle, np, answer, own, 'cpu')
    setattr(owner, name, f)
    verify.check_network, verify.check_resnet_training = everything
    answer.data['complete'] = True
    answer.save()
`;

function runPython(python: string, args: readonly string[]): Promise<Ran> {
  const limits = { limitMs: 4 * MINUTES, signal: new AbortController().signal };
  return run({ file: python, args, environment: process.env, ...limits });
}

function check(python: string, changes: Partial<VerifyOptions> = {}): Promise<Verification> {
  return verify({
    ...{ ...asked, python },
    ...{
      environment: process.env as Record<string, string>,
      remainingMs: 5 * MINUTES,
      signal: AbortSignal.timeout(9 * MINUTES),
    },
    ...changes,
  });
}

const every = [
  ...['import', 'build', 'device', 'arithmetic-fp32', 'arithmetic-fp16', 'arithmetic-bf16'],
  ...['training', 'training-resnet18'],
  ...['eager-cnn', 'inference-cnn', 'inference-cnn-onednn'],
  ...['eager-resnet18', 'inference-resnet18', 'inference-resnet18-onednn'],
  ...['eager-interpolate', 'inference-interpolate', 'inference-interpolate-onednn'],
  'libraries',
];

describe('PaddlePaddle 3.2.2', () => {
  let python: string;
  let root: string;

  beforeAll(async () => {
    python = await realEnvironment('paddle-3.2.2', ['paddlepaddle==3.2.2', 'setuptools']);
    root = await mkdtemp(join(tmpdir(), 'verify-real-'));
  }, 10 * MINUTES);
  afterAll(() => rm(root, { recursive: true, force: true }));

  test('passes every check, within tolerances that no wrong number fits into', async () => {
    const seen = await check(python, { expect: { version: '3.2.2', cuda: null } });
    expect(seen).toMatchObject({
      verified: true,
      findings: [],
      warnings: [],
      version: '3.2.2',
      compiledWithCuda: false,
    });
    expect(seen.checks.map(({ id, status }) => [id, status])).toEqual(every.map((id) => [id, 'passed']));
    expect(seen.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(seen.devices.map((device) => device.id)).toEqual(['cpu']);
    for (const { difference, tolerance } of seen.checks.filter((one) => one.tolerance !== null)) {
      expect(difference).toBeLessThanOrEqual(tolerance ?? 0);
      expect(tolerance).toBeLessThan(1e-3);
    }
  });

  test('is no GPU build: asked for a GPU, it says so', async () => {
    const seen = await check(python, { device: 'cu126', expect: { version: null, cuda: '12.6' } });
    expect(seen.findings.map(({ id, checks }) => [id, checks])).toEqual([
      ['not-as-planned', ['build']],
      ['build-without-cuda', ['device']],
    ]);
  });

  /** Each puts one fault in the place of `f`, one thing of the real PaddlePaddle, and names the first check that must see it. */
  const faults: readonly (readonly [name: string, failing: string, place: string, code: string])[] = [
    ['a matrix product that is off by one', 'arithmetic-fp32', 'matmul', 'lambda a, b: f(a, b) + 1'],
    [
      'a pool of means',
      'eager-cnn',
      'nn.MaxPool2D.forward',
      'lambda s, x: paddle.nn.functional.avg_pool2d(x, s.ksize, s.stride, s.padding)',
    ],
    ['a linear layer off by 1e-4', 'training', 'nn.Linear.forward', 'lambda s, x: f(s, x) * 1.0001'],
    [
      'an interpolation of another kind',
      'eager-interpolate',
      'nn.Upsample.forward',
      'lambda s, x: paddle.nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear")',
    ],
    [
      'a step of 1.001 times the size',
      'training',
      'optimizer.SGD',
      'lambda learning_rate, parameters: f(learning_rate * 1.001, parameters)',
    ],
    ['a result of no numbers', 'training', 'nn.Conv2D.forward', 'lambda s, x: f(s, x) * float("nan")'],
    ['weights that are saved wrong', 'inference-cnn', 'jit.save', 'lambda net, *a, **k: (spoil(net), f(net, *a, **k))'],
    [
      'a normalisation off by 1e-3 in fp32',
      'training-resnet18',
      'nn.BatchNorm2D.forward',
      'lambda s, x: f(s, x) * (1.001 if x.dtype == paddle.float32 and s.training else 1)',
    ],
  ];

  // One process for all of them: importing PaddlePaddle is what costs time.
  test(
    'every fault that is put into it is seen by the first check that it concerns',
    async () => {
      const work = await mkdtemp(join(root, 'faults-'));
      const ran = await runPython(python, ['-E', '-c', faultProgram, helpers, work, JSON.stringify(faults)]);
      expect(ran).toMatchObject({ code: 0 });
      for (const [at, [name, failing]] of faults.entries()) {
        const seen = judge(await readAnswer(join(work, String(at), 'answer.json')), ran, { ...asked, python });
        const [first] = seen.checks.filter(({ status }) => status === 'failed');
        expect([name, first?.id, seen.findings[0]?.id]).toEqual([name, failing, 'wrong-numbers']);
      }
    },
    5 * MINUTES,
  );

  test(
    'without setuptools it cannot be imported, and the remedy is to install that',
    async () => {
      const bare = await realEnvironment('paddle-3.2.2-bare', ['paddlepaddle==3.2.2']);
      const seen = await check(bare);
      expect(seen).toMatchObject({
        verified: false,
        version: null,
        findings: [{ id: 'setuptools-missing', checks: ['import'] }],
      });
      expect(seen.findings[0]?.remedy).toContain('pip install setuptools');
    },
    10 * MINUTES,
  );
});

describe('PaddlePaddle 3.3.1', () => {
  const text = 'oneDNN inference of 3.3.0 and 3.3.1 is broken.';
  const defect = { id: 'onednn-pir-double-array', check: 'inference-interpolate-onednn', text } as const;
  let python: string;

  beforeAll(async () => {
    python = await realEnvironment('paddle-3.3.1', ['paddlepaddle==3.3.1', 'setuptools']);
  }, 10 * MINUTES);

  test('fails one check: a finding that names the release to take, or a warning where that was asked for by version', async () => {
    const work = await mkdtemp(join(tmpdir(), 'verify-real-'));
    try {
      const args = ['-E', join(helpers, 'verify.py'), '--work', work, '--device', 'cpu', '--level', 'full'];
      const ran = await runPython(python, args);
      const answer = await readAnswer(join(work, 'answer.json'));
      const judged = (isAsked: boolean) =>
        judge(answer, ran, { ...asked, python, knownDefects: [{ ...defect, asked: isAsked }] });
      const seen = judged(false);
      expect(seen.checks.filter(({ status }) => status !== 'passed').map(({ id }) => id)).toEqual([defect.check]);
      expect(seen).toMatchObject({
        verified: false,
        findings: [{ id: defect.id, remedy: expect.stringContaining('3.2.2') }],
      });
      expect(judged(true)).toMatchObject({ verified: true, findings: [], warnings: [text] });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
});
