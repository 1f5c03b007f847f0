import { describe, expect, test } from '@jest/globals';
import type { Ran } from '../../src/process/run.js';
import type { KnownDefect } from '../../src/values/verification.js';
import type { Answer, AnsweredCheck } from '../../src/verify/answer.js';
import { findBuildProblem } from '../../src/verify/build.js';
import { judge } from '../../src/verify/judge.js';

const ended: Ran = {
  ...{ code: 0, signal: null, timedOut: false, startError: null },
  ...{ stdout: '', stderr: '', output: '', ms: 2000 },
};

function check(id: string, changes: Partial<AnsweredCheck> = {}): AnsweredCheck {
  return {
    ...{ id, device: null, status: 'passed', seconds: 0.5, detail: '', difference: null, tolerance: null, error: null },
    ...changes,
  } as AnsweredCheck;
}

function answer(checks: readonly AnsweredCheck[], changes: Partial<Answer> = {}): Answer {
  return {
    ...{ version: '3.3.1', commit: 'abc', compiledWithCuda: false, cuda: null, cudnn: null, nccl: null },
    ...{
      python: '3.11.7',
      distributions: [['paddlepaddle', '3.3.1']],
      devices: [],
      libraries: [],
      driver: null,
      running: null,
      complete: true,
    },
    checks,
    ...changes,
  };
}

const asked = {
  python: '/venv/bin/python',
  device: 'cpu',
  level: 'full',
  expect: { version: null, cuda: null },
  knownDefects: [],
  cutShort: false,
} as const;

const onednn = check('inference-interpolate-onednn', {
  device: 'cpu',
  status: 'failed',
  error: 'NotImplementedError: ConvertPirAttribute2RuntimeAttribute not support [pir::ArrayAttribute]',
});
const defect: KnownDefect = {
  id: 'onednn-pir-double-array',
  check: 'inference-interpolate-onednn',
  asked: true,
  text: 'oneDNN inference of 3.3.1 is broken.',
};

describe('a judgement', () => {
  test('checks that passed or were skipped for a reason prove it', () => {
    const seen = judge(
      answer([check('import'), check('arithmetic'), check('inference-cnn-onednn', { status: 'skipped' })]),
      ended,
      asked,
    );
    expect(seen).toMatchObject({
      verified: true,
      findings: [],
      warnings: [],
      version: '3.3.1',
      python: '3.11.7',
      seconds: 2,
    });
  });

  test('a known defect of a release asked for by version is a warning', () => {
    const seen = judge(answer([check('import'), onednn]), ended, { ...asked, knownDefects: [defect] });
    expect(seen).toMatchObject({ verified: true, findings: [], warnings: [defect.text] });
    expect(seen.checks[1]).toMatchObject({ id: 'inference-interpolate-onednn', status: 'warning' });
  });

  test('the same defect in a release that was not asked for is a finding', () => {
    const seen = judge(answer([onednn]), ended, { ...asked, knownDefects: [{ ...defect, asked: false }] });
    expect(seen.verified).toBe(false);
    expect(seen.warnings).toEqual([]);
    expect(seen.findings).toMatchObject([
      {
        id: 'onednn-pir-double-array',
        checks: ['inference-interpolate-onednn on cpu'],
        remedy: expect.stringContaining('3.2.2'),
      },
    ]);
  });

  test('another failure of the same check is not excused by the defect', () => {
    const other = { ...onednn, error: null, detail: 'the output differs by 3 where 1e-05 is allowed' };
    const seen = judge(answer([other]), ended, { ...asked, knownDefects: [defect] });
    expect(seen.verified).toBe(false);
    expect(seen.findings.map((finding) => finding.id)).toEqual(['wrong-numbers']);
  });

  test('checks that failed for one cause share a finding, unknown ones do not', () => {
    const wrong = { status: 'failed', device: 'gpu:0', detail: 'it differs by 1 where 0 is allowed' } as const;
    const odd = (text: string) => ({ status: 'failed', device: 'gpu:0', error: text }) as const;
    const checks = [
      check('arithmetic', wrong),
      check('training', wrong),
      check('a', odd('Oops: a')),
      check('b', odd('Oops: b')),
    ];
    const { findings } = judge(answer(checks), ended, { ...asked, device: 'gpu' });
    expect(findings.map((finding) => [finding.id, finding.checks])).toEqual([
      ['wrong-numbers', ['arithmetic on gpu:0', 'training on gpu:0']],
      ['unknown', ['a on gpu:0']],
      ['unknown', ['b on gpu:0']],
    ]);
  });

  test('wrong numbers on a GPU are explained by what its libraries said', () => {
    const output = 'W1122 The GPU compute capability in your current machine is 120, which is not supported by Paddle';
    const checks = [
      check('arithmetic', { status: 'failed', device: 'gpu:0', detail: 'it differs by 1 where 0 is allowed' }),
    ];
    const seen = judge(answer(checks), { ...ended, output }, { ...asked, device: 'gpu' });
    expect(seen.findings[0]?.id).toBe('wrong-gpu-architecture');
  });

  test("a GPU build's warning of a missing cuDNN does not explain wrong numbers on the CPU", () => {
    const output = 'The third-party dynamic library (libcudnn.so) that Paddle depends on is not configured correctly.';
    const checks = [
      check('arithmetic', { status: 'failed', device: 'cpu', detail: 'it differs by 1 where 0 is allowed' }),
    ];
    expect(judge(answer(checks), { ...ended, output }, asked).findings[0]?.id).toBe('wrong-numbers');
  });

  test('a crash is a failed check where it happened, after what was proved before', () => {
    const crashed = { ...ended, code: null, signal: 'SIGSEGV' };
    const running = { id: 'training', device: 'cpu' };
    const seen = judge(answer([check('import')], { complete: false, running }), crashed, asked);
    expect(seen.checks.map(({ id, status }) => [id, status])).toEqual([
      ['import', 'passed'],
      ['training', 'failed'],
    ]);
    expect(seen.findings).toMatchObject([{ id: 'segmentation-fault', checks: ['training on cpu'] }]);
  });

  test('an answer that never came, and one that is not complete, prove nothing', () => {
    expect(judge(null, ended, asked)).toMatchObject({ verified: false, version: null, python: null, devices: [] });
    expect(judge(answer([check('import')], { complete: false }), ended, asked).verified).toBe(false);
  });
});

describe('the build', () => {
  const build = answer([check('build')]);

  test.each([
    ['3.3.1', true],
    ['3.3.1.0', true],
    ['3.2.2', false],
    ['3.3.1+cu126', false],
  ])('3.3.1 installed, %s planned: %s', (version, right) => {
    expect(findBuildProblem(build, { version, cuda: null }) === null).toBe(right);
  });

  test('the distribution tells more than the code: `.postNNN`, and a local part that was not asked for', () => {
    const old = answer([], { version: '2.6.2', distributions: [['paddlepaddle_gpu', '2.6.2.post120']] });
    expect(findBuildProblem(old, { version: '2.6.2.post120', cuda: null })).toBeNull();
    expect(findBuildProblem(old, { version: '2.6.2', cuda: null })).toContain('2.6.2.post120 is installed');
    const nightly = answer([], { version: '0.0.0', distributions: [['paddlepaddle', '3.4.0.post20260101+abc']] });
    expect(findBuildProblem(nightly, { version: '3.4.0.post20260101', cuda: null })).toBeNull();
  });

  test('CUDA counts as far as it is given', () => {
    const gpu = { ...build, compiledWithCuda: true, cuda: '12.6' };
    expect(findBuildProblem(gpu, { version: null, cuda: '12' })).toBeNull();
    expect(findBuildProblem(gpu, { version: null, cuda: '12.6' })).toBeNull();
    expect(findBuildProblem(gpu, { version: null, cuda: '12.9' })).toContain('CUDA 12.6, 12.9 was planned');
    expect(findBuildProblem(build, { version: null, cuda: '12.6' })).toContain('CUDA (none)');
  });

  test('two distributions in one folder, and metadata that are not of the code, are problems', () => {
    const two = answer([check('build')], {
      distributions: [
        ['paddlepaddle', '3.3.1'],
        ['paddlepaddle_gpu', '3.3.1'],
      ],
    });
    expect(judge(two, ended, asked).findings[0]?.id).toBe('two-distributions');
    const mixed = answer([check('build')], { distributions: [['paddlepaddle', '3.2.2']] });
    expect(judge(mixed, ended, asked)).toMatchObject({
      verified: false,
      findings: [{ id: 'not-as-planned', checks: ['build'] }],
    });
  });
});
