import { describe, expect, test } from '@jest/globals';
import { formatReport } from '../../src/report/print-report.js';
import { formatSummary } from '../../src/report/summary.js';
import { describeDifference, describeVerified, verificationTable } from '../../src/report/verification.js';
import type { Check, Verification } from '../../src/values/verification.js';
import { doneReport } from './reports.js';

function check(id: string, device: string | null, changes: Partial<Check> = {}): Check {
  return { id, device, status: 'passed', seconds: 0.5, detail: 'seen', difference: null, tolerance: null, ...changes };
}

const gpu = (id: string) => ({ id, name: 'NVIDIA A100', memoryBytes: 80e9, capability: '8.0' });
const two: Verification = {
  ...{ verified: false, level: 'full', device: 'gpu', findings: [], warnings: [], version: '3.2.2' },
  ...{ commit: 'd90d3ad913b1f13a', compiledWithCuda: true, cuda: '12.6', cudnn: '9.5.1', nccl: '2.25.1' },
  ...{ python: '3.11.7', devices: [gpu('gpu:0'), gpu('gpu:1')], driver: '560.35.05', seconds: 9 },
  libraries: [{ name: 'cuDNN', version: '9.5.1', path: '/venv/libcudnn.so.9' }],
  checks: [
    check('import', null, { seconds: 2 }),
    check('arithmetic-fp32', 'gpu:0', { difference: 0, tolerance: 0 }),
    check('arithmetic-bf16', 'gpu:0'),
    check('arithmetic-fp32', 'gpu:1', { status: 'failed' }),
    check('arithmetic-bf16', 'gpu:1'),
    check('eager-cnn', 'gpu:0'),
    check('all-reduce', null, { status: 'skipped', detail: 'gpu:1 did not compute right by itself' }),
  ],
} as const;

describe('the table of a verification', () => {
  test('has a column for each of several devices, and one for what is asked of all', () => {
    expect(verificationTable(two)).toEqual({
      head: ['', 'all', 'gpu:0', 'gpu:1'],
      rows: [
        ['installation', '✓ 2.0 s', '', ''],
        ['arithmetic', '', '✓ 1.0 s', '✗ arithmetic-fp32 1.0 s'],
        ['networks', '', '✓ 0.50 s', ''],
        ['all devices together', '– 0.50 s', '', ''],
      ],
    });
  });

  test('has one column for one device, and a known defect is named in its row', () => {
    const id = 'inference-interpolate-onednn';
    const one = {
      ...two,
      devices: [{ ...gpu('cpu'), name: null }],
      checks: [check('import', null), check(id, 'cpu', { status: 'warning' }), check('inference-cnn-onednn', 'cpu')],
    };
    expect(verificationTable(one)).toEqual({
      head: ['', 'cpu'],
      rows: [
        ['installation', '✓ 0.50 s'],
        ['saved models, oneDNN', `⚠ ${id} 1.0 s`],
      ],
    });
  });

  test('of an environment that could not be imported has the one row that there is', () => {
    const none = { ...two, devices: [], checks: [check('import', null, { status: 'failed' })] };
    expect(verificationTable(none).rows).toEqual([['installation', '✗ 0.50 s']]);
  });
});

test('what was verified is told as it was loaded, devices of a kind together', () => {
  expect(describeVerified(two)).toBe(
    'PaddlePaddle 3.2.2 (d90d3ad913b), cuDNN 9.5.1, driver 560.35.05, 2 x NVIDIA A100 80.0 GB sm_80',
  );
});

test.each([
  [null, null, ''],
  [0, 0, 'exact'],
  [0.000011, 0.000078, '1.1e-5 of 7.8e-5'],
  [null, 0.1, 'no number of 1.0e-1'],
])('a difference of %s where %s is allowed reads %s', (difference, tolerance, text) => {
  expect(describeDifference(check('x', null, { difference, tolerance }))).toBe(text);
});

test('`verify` prints every check with its time, `setup` a line for each question', () => {
  const report = { ...doneReport, verification: two };
  expect(formatReport({ ...report, command: 'verify' })).toMatch(/✗ arithmetic-fp32 {2}gpu:1 {2}0\.50 s/);
  expect(formatReport({ ...report, command: 'setup' })).toMatch(/arithmetic +✓ 1\.0 s {3}✗ arithmetic-fp32/);
});

test('the summary shows the questions, and every check behind a fold', () => {
  const [above = '', folded = ''] = formatSummary({ ...doneReport, verification: two }).split('<details>');
  expect(above).toContain('| arithmetic |  | ✓ 1.0 s | ✗ arithmetic-fp32 1.0 s |');
  expect(folded).toContain('| arithmetic-fp32 on gpu:1 | ✗ | 0.50 s |');
});
