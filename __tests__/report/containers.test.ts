import { describe, expect, test } from '@jest/globals';
import { describeContainers } from '../../src/report/containers.js';
import { outputs } from '../../src/report/outputs.js';
import { formatReport } from '../../src/report/print-report.js';
import { formatSummary } from '../../src/report/summary.js';
import type { PulledImage } from '../../src/values/images.js';
import type { Report } from '../../src/values/report.js';
import { doneReport } from './reports.js';

const digest = `sha256:${'a'.repeat(64)}`;
const pulled: PulledImage = {
  wanted: 'paddle:ci',
  from: 'docker.io/paddlepaddle/paddle:3.3.1',
  tagged: 'paddle:ci',
  digest,
  bytes: 300_000,
  ms: 2_000,
  present: false,
  by: 'docker',
};
const report: Report = {
  ...doneReport,
  containers: {
    mirrors: [
      { id: 'daocloud', url: 'https://one.example', digests: {}, ms: 120, fault: null },
      {
        id: 'two.example:5000',
        url: 'https://two.example:5000',
        digests: {},
        ms: 80,
        fault: { kind: 'allow-list', detail: 'two.example does <not> have it.', remedy: 'Ask another.' },
      },
    ],
    told: [
      { tool: 'docker', where: '/etc/docker/daemon.json', mirrors: ['https://one.example', 'https://own.example'] },
    ],
    images: [
      pulled,
      { ...pulled, wanted: 'harbor.example:8443/team/a', from: `harbor.example:8443/team/a@${digest}`, present: true },
      { ...pulled, wanted: 'b:1', from: 'docker.io/library/b:1', digest: null, bytes: null },
    ],
  },
  buildContext: '/home/me/build',
};

describe('what was done about containers', () => {
  test('names each mirror with what it did, who was told, and what was pulled', () => {
    expect(describeContainers(report)).toEqual([
      ['mirror', 'daocloud, https://one.example: answered in 0.12 s'],
      ['mirror', 'https://two.example:5000: not used: two.example does <not> have it.'],
      ['docker', 'https://one.example, https://own.example (/etc/docker/daemon.json)'],
      ['image', expect.stringContaining(`paddle:ci: 300 kB pulled from docker.io/paddlepaddle/paddle:3.3.1`)],
      ['image', expect.stringContaining('harbor.example:8443/team/a: was there already')],
      ['image', expect.stringMatching(/^b:1: pulled in /)],
      ['build folder', 'docker build /home/me/build'],
    ]);
    expect(describeContainers(doneReport)).toEqual([]);
  });

  test('is in the summary, without markup of a mirror, and in what the command line prints', () => {
    const summary = formatSummary(report);
    expect(summary).toContain('### Containers');
    expect(summary).toContain('&lt;not>');
    expect(formatSummary(doneReport)).not.toContain('### Containers');
    expect(formatReport(report)).toContain('  docker: https://one.example');
  });

  test('is handed to later steps: the mirrors in use, images by digest, the folder', () => {
    expect(outputs(report, '')).toMatchObject({
      'docker-mirrors': 'https://one.example',
      'docker-images': [
        `docker.io/paddlepaddle/paddle@${digest}`,
        `harbor.example:8443/team/a@${digest}`,
        'docker.io/library/b:1',
      ].join('\n'),
      'docker-context': '/home/me/build',
    });
  });
});
