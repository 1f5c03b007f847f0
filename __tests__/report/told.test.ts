import { describe, expect, test } from '@jest/globals';
import { annotations } from '../../src/report/annotations.js';
import { headline } from '../../src/report/headline.js';
import { outputs } from '../../src/report/outputs.js';
import { formatDefect, formatProblems } from '../../src/report/print-failure.js';
import { formatPlan } from '../../src/report/print-plan.js';
import { formatReport } from '../../src/report/print-report.js';
import { formatProbes } from '../../src/report/print-sources.js';
import { outputs as documented } from '../../src/request/inputs.js';
import { doneReport, refusedReport } from './reports.js';

describe('the headline', () => {
  test('says that nothing was downloaded where all came from the cache', () => {
    const { cache } = doneReport;
    const warm = { ...doneReport, cache: cache === null ? null : { ...cache, bytesDownloaded: 0 } };
    expect(headline(warm)).toBe('paddlepaddle-gpu 3.2.2 (cu126), verified, nothing downloaded, in 10 s');
  });

  test('of a failure names the first problem', () => {
    expect(headline(refusedReport)).toBe('Failed after 0.30 s: device');
  });

  test('of a command that planned nothing is the time alone', () => {
    expect(headline({ ...refusedReport, outcome: 'done', problems: [] })).toBe('in 0.30 s');
  });
});

describe('outputs', () => {
  test('are those that action.yml documents', () => {
    expect(Object.keys(outputs(doneReport, '')).sort()).toEqual(documented.map(({ name }) => name).sort());
  });

  test('of a run', () => {
    expect(outputs(doneReport, '/tmp/report.json')).toEqual({
      'paddle-version': '3.2.2',
      device: 'cu126',
      'cuda-version': '12.6',
      python: '/env/bin/python',
      venv: '/env',
      mirror: 'https://quick.example/simple/',
      'cache-hit': 'false',
      'cache-key': 'linux-x64-cp311-cu126-0123abcd',
      lock: '/opt/locks/pylock.toml',
      report: '/tmp/report.json',
      'docker-mirrors': '',
      'docker-images': '',
      'docker-context': '',
      'gpu-count': '2',
      verified: 'true',
    });
  });

  test('of a refusal are empty, and nothing is claimed', () => {
    const { verified, 'cache-hit': hit, 'gpu-count': gpus, ...rest } = outputs(refusedReport, '');
    expect([verified, hit, gpus]).toEqual(['false', 'false', '0']);
    expect(Object.values(rest).join('')).toBe('');
  });

  test('count no GPU that was not verified', () => {
    expect(outputs({ ...doneReport, verification: null }, '')['gpu-count']).toBe('0');
  });
});

describe('annotations', () => {
  test('are one a problem and one a notice', () => {
    expect(annotations(refusedReport)).toEqual([
      { level: 'error', title: 'device', message: 'device: cu12 is not known. Did you mean cu126?' },
      { level: 'error', title: 'venv', message: 'venv: /etc/hosts is a file. Name a folder.' },
    ]);
    expect(annotations(doneReport)).toEqual([
      { level: 'warning', title: 'mirror-banned', message: 'near does not serve this machine.' },
    ]);
  });

  test('past the ten that are shown are gathered in the last one, none longer than 4096 characters', () => {
    const problems = Array.from({ length: 25 }, (_, i) => ({
      where: `line ${i}`,
      what: 'x'.repeat(i === 3 ? 9_000 : 5),
      remedy: 'y',
    }));
    const shown = annotations({ ...refusedReport, problems });
    expect(shown).toHaveLength(10);
    expect(shown.at(-1)?.title).toBe('16 more');
    expect(shown.at(-1)?.message).toContain('line 24: xxxxx y');
    expect(Math.max(...shown.map(({ message }) => message.length))).toBe(4_096);
  });
});

describe('in a shell', () => {
  test('the report of a run says what is there, where the time went and what served it, in 25 lines', () => {
    const text = formatReport(doneReport);
    expect(text).toContain(`  Install                  ··${'█'.repeat(22)} 9.0 s\n`);
    expect(text).toContain('  quick: 217 MB served\n');
    expect(text).toContain('  python: /env/bin/python\n');
    expect(text.split('\n').length).toBeLessThanOrEqual(25);
  });

  test('all problems are told at once, each with its remedy', () => {
    expect(formatProblems(refusedReport.problems)).toBe(
      [
        '2 things are wrong:',
        'error: device: cu12 is not known.',
        '       Did you mean cu126?',
        'error: venv: /etc/hosts is a file.',
        '       Name a folder.',
      ].join('\n'),
    );
  });

  test('a defect of the program is told with its stack, and as what it is', () => {
    const text = formatDefect(new TypeError('oops'));
    expect(text).toContain('This is a defect of paddle-mirror-setup');
    expect(text).toContain('TypeError: oops\n    at ');
  });

  test('a plan names packages with their reasons, sources, and the key with its anatomy', () => {
    const text = formatPlan(doneReport);
    expect(text.split('\n')[0]).toBe('paddlepaddle-gpu 3.2.2 for cu126 (CUDA 12.6)');
    expect(text).toContain('  setuptools>=40: imported, not declared\n');
    expect(text).toContain(
      'why: it was asked for\nfrom: stable/cu126; listed there now\nneeds: NVIDIA driver 550.54.14 or newer\n',
    );
    expect(text).toContain('made with: CUDA 12.6, cuDNN 9.5.1, NCCL 2.25.1\n');
    const { choice } = doneReport;
    const doubted = { ...doneReport, choice: choice && { ...choice, basis: 'catalogue' as const, differences: ['x'] } };
    expect(formatPlan(doubted)).toMatch(/UNCONFIRMED: no source answered[\s\S]*differs: x/);
    expect(text).toContain('source: quick https://quick.example/simple/ (catalogue)\n');
    expect(text).toContain('key: linux-x64-cp311-cu126-0123abcd\n  requirements: 0123abcd\n');
    expect(text).toContain('No lock is kept for this request');
  });

  test('a probe prints what each source measured, and under a failed one why', () => {
    const base = { url: 'https://x.example/', origin: 'catalogue' };
    const fault = { source: 'near', url: '', kind: 'banned', detail: '403', remedy: 'Wait a day.' } as const;
    const text = formatProbes([
      { ...base, id: 'quick', ms: 42.4, bytesPerSecond: 12_000_000, fault: null },
      { ...base, id: 'near', ms: null, bytesPerSecond: null, fault },
    ]);
    expect(text).toMatch(/^quick +42 ms +12\.0 MB\/s {2}https:/m);
    expect(text).toMatch(/^near .*\n +banned: 403 Wait a day\.$/m);
  });
});
