import { expect, test } from '@jest/globals';
import { explainInstall } from '../../src/pipeline/explain-install.js';
import { Failure } from '../../src/values/failure.js';
import type { GatewayProblem } from '../../src/values/gateway.js';

const said = new Failure(1, [{ where: 'uv pip install', what: '502 Bad Gateway', remedy: 'The lines above say why.' }]);
const disk = { where: '/cache', what: 'The disk is full.', remedy: 'Make room.' };
const full = (item: string): GatewayProblem => ({ item, faults: [], failure: new Failure(1, [disk]) });
const page: GatewayProblem = {
  item: 'setuptools',
  faults: [{ source: 'near', url: 'http://near.example/', kind: 'timeout', detail: 'no answer', remedy: null }],
  failure: null,
};

test('an installation fails for what the gateway could not serve, each place told once', () => {
  const explained = explainInstall(said, [full('a.whl'), page, full('b.whl')], new Set());
  expect(explained).toMatchObject({
    exitCode: 1,
    problems: [disk, { where: 'setuptools', what: 'No source could serve it: near: no answer.' }],
    cause: said,
  });
});

test('what could not be had before it began explains nothing', () => {
  expect(explainInstall(said, [page], new Set([page]))).toBe(said);
  expect(explainInstall(said, [], new Set())).toBe(said);
});

test('a defect stays one', () => {
  const defect = new TypeError('no');
  expect(explainInstall(defect, [page], new Set())).toBe(defect);
});
