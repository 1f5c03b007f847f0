import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Verification } from '../../src/values/verification.js';
import { type VerifyOptions, verify } from '../../src/verify/verify.js';
import { makeVenv, realEnvironment } from './environments.js';

const MINUTES = 60_000;

function check(python: string, changes: Partial<VerifyOptions> = {}): Promise<Verification> {
  return verify({
    ...{ python, device: 'cpu', level: 'full', expect: { version: null, cuda: null }, knownDefects: [] },
    ...{
      environment: process.env as Record<string, string>,
      timeoutMs: 5 * MINUTES,
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
    for (const { difference, id, tolerance } of seen.checks.filter((one) => one.tolerance !== null)) {
      expect(difference).toBeLessThanOrEqual(tolerance ?? 0);
      expect(tolerance).toBeLessThan(id === 'training-resnet18' ? 0.05 : 1e-3);
    }
  });

  test('is no GPU build: asked for a GPU, it says so', async () => {
    const seen = await check(python, { device: 'cu126', expect: { version: null, cuda: '12.6' } });
    expect(seen.findings.map(({ id, checks }) => [id, checks])).toEqual([
      ['not-as-planned', ['build']],
      ['build-without-cuda', ['device']],
    ]);
  });

  // Each puts one fault into the real PaddlePaddle before the checks run, and names the first check that must see it.
  test.each([
    [
      'a matrix product that is off by one',
      'arithmetic-fp32',
      'f = paddle.matmul; paddle.matmul = lambda a, b: f(a, b) + 1',
    ],
    ['a pool of means', 'eager-cnn', 'nn.MaxPool2D.forward = lambda s, x: nn.functional.avg_pool2d(x, 2, 2)'],
    [
      'a linear layer off by 1e-4',
      'training',
      'f = nn.Linear.forward; nn.Linear.forward = lambda s, x: f(s, x) * 1.0001',
    ],
    [
      'an interpolation of another kind',
      'eager-interpolate',
      'nn.Upsample.forward = lambda s, x: nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear")',
    ],
    [
      'a step of 1.001 times the size',
      'training',
      'f = paddle.optimizer.SGD; paddle.optimizer.SGD = lambda learning_rate, parameters: f(learning_rate * 1.001, parameters)',
    ],
    [
      'a result of no numbers',
      'training',
      'f = nn.Conv2D.forward; nn.Conv2D.forward = lambda s, x: f(s, x) * float("nan")',
    ],
    [
      'weights that are saved wrong',
      'inference-cnn',
      'f = paddle.jit.save\ndef save(net, *a, **k):\n  net.conv.weight.set_value(net.conv.weight * 1.001); f(net, *a, **k)\npaddle.jit.save = save',
    ],
  ])(
    '%s is seen by the check %s',
    async (name, failing, fault) => {
      const purelib = execFileSync(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
        encoding: 'utf8',
      });
      const broken = await makeVenv(join(root, name.replaceAll(' ', '-')), {
        'real.pth': purelib,
        'sitecustomize.py': `import paddle\nfrom paddle import nn\n${fault}\n`,
      });
      const seen = await check(broken, { environment: { ...process.env, HOME: root } as Record<string, string> });
      expect(seen.checks.find(({ status }) => status === 'failed')?.id).toBe(failing);
      expect(seen.verified).toBe(false);
      expect(seen.findings[0]).toMatchObject({
        id: 'wrong-numbers',
        checks: expect.arrayContaining([`${failing} on cpu`]),
      });
    },
    2 * MINUTES,
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
  const defect = { id: 'onednn-pir-double-array', check: 'inference-interpolate-onednn', asked: true, text } as const;
  let python: string;

  beforeAll(async () => {
    python = await realEnvironment('paddle-3.3.1', ['paddlepaddle==3.3.1', 'setuptools']);
  }, 10 * MINUTES);

  test('fails one check, and the finding names the defect of oneDNN and the release to take', async () => {
    const seen = await check(python, { knownDefects: [{ ...defect, asked: false }] });
    expect(seen.checks.filter(({ status }) => status !== 'passed').map(({ id }) => id)).toEqual([defect.check]);
    expect(seen).toMatchObject({
      verified: false,
      findings: [{ id: defect.id, remedy: expect.stringContaining('3.2.2') }],
    });
  });

  test('asked for by version it is verified with a warning', async () => {
    const seen = await check(python, { knownDefects: [defect], expect: { version: '3.3.1', cuda: null } });
    expect(seen).toMatchObject({ verified: true, findings: [], warnings: [text] });
  });
});
