import { describe, expect, test } from '@jest/globals';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { draft } from '../../src/plan.js';
import type { Request, RequirementSet } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import { machine, nvidia, request, wanted } from './machines.js';
import { only, problems } from './refused.js';

function lines(...texts: string[]): Partial<RequirementSet> {
  return { requirements: texts.map((text, i) => parseRequirement(text, `requirements.txt:${i + 1}`)) };
}

const devicesOf = (asked: Request, runner: Runner): string[] =>
  draft(asked, runner).candidates.map(({ device }) => device);
const newDriver = nvidia('580.65.06', '13.0', '8.0');

describe('combinations that were never published are refused', () => {
  test.each([
    [
      'cu130',
      '==3.2.2',
      '3.2.2 was published for cpu, cu118, cu126, cu129, xpu',
      'Write "paddle-version: 3.3.1", or another device.',
    ],
    [
      'cu130',
      '==3.2.*',
      'No PaddlePaddle ==3.2.* was published for cu130',
      'Write "paddle-version: 3.3.0", or another device.',
    ],
    [
      'cu123',
      '',
      'cu123 (CUDA 12.3) has only pre-releases: 3.0.0b2.',
      'Write "paddle-version: 3.0.0b2", or another device.',
    ],
    [
      'cu118',
      '==2.6.2.post112',
      '2.6.2.post112 is the CUDA 11.2 build of 2.6.2',
      'Write "device: cu112" and "paddle-version: 2.6.2".',
    ],
    ['cu128', '', 'has nightly builds only', 'Write "paddle-version: nightly".'],
  ])('%s with %s', (device, version, what, remedy) => {
    const problem = only(
      request({ device, ...(version === '' ? {} : wanted(version)) }),
      machine('linux-x64', {}, newDriver),
    );
    expect(problem.what).toContain(what);
    expect(problem.remedy).toBe(remedy);
  });

  test('nightlies of a build that ended', () => {
    const problem = only(
      request({ device: 'cu112', paddle: { kind: 'nightly' } }),
      machine('linux-x64', {}, newDriver),
    );
    expect(problem.what).toContain('has stable builds only');
  });

  test('a version that the catalogue does not know is left to the index', () => {
    expect(devicesOf(request({ device: 'cu130', ...wanted('==3.9.1') }), machine('linux-x64', {}, newDriver))).toEqual([
      'cu130',
    ]);
    expect(devicesOf(request({ ...wanted('>=3.5,<3.6') }), machine())).toEqual(['cpu']);
  });
});

describe('PaddlePaddle in the requirements', () => {
  test('a contradiction of versions names both places', () => {
    const problem = only(request(wanted('==3.2.2'), lines('paddlepaddle==3.1.0')), machine());
    expect(problem.where).toBe('requirements.txt:1');
    expect(problem.what).toBe('It asks for PaddlePaddle ==3.1.0, while paddle-version asks for 3.2.2.');
  });

  test('ranges that leave room are one wish', () => {
    expect(draft(request(wanted('>=3.1'), lines('paddlepaddle<3.3')), machine()).candidates[0]?.specifier).toBe(
      '>=3.1,<3.3',
    );
  });

  test('a constraint counts, a line for another system does not', () => {
    const set = {
      ...lines('paddlepaddle==2.6.2; sys_platform == "win32"'),
      constraints: [parseRequirement('paddlepaddle<3.2', 'constraints.txt:1')],
    };
    expect(draft(request({}, set), machine()).candidates[0]?.specifier).toBe('<3.2');
  });

  test('both distributions', () => {
    const found = problems(request({}, lines('paddlepaddle', 'paddlepaddle-gpu')), machine());
    expect(found[0]?.what).toContain("overwrite each other's files");
  });

  test('a distribution of another device', () => {
    const problem = only(request({ device: 'cpu' }, lines('PaddlePaddle_GPU==3.2.2')), machine());
    expect(problem).toMatchObject({
      where: 'requirements.txt:1',
      what: 'It names paddlepaddle-gpu, but cpu installs paddlepaddle.',
    });
    expect(only(request({ device: 'gpu' }, lines('paddlepaddle')), machine('linux-x64', {}, newDriver)).what).toContain(
      'a CUDA build installs paddlepaddle-gpu',
    );
  });

  test('the distribution decides what "auto" means', () => {
    const gpu = machine('linux-x64', {}, newDriver);
    expect(devicesOf(request({}, lines('paddlepaddle')), gpu)).toEqual(['cpu']);
    expect(devicesOf(request({}, lines('paddlepaddle-gpu')), gpu)).toEqual(['cu130', 'cu129', 'cu126', 'cu118']);
    expect(devicesOf(request({}, lines('paddle-custom-npu')), machine())).toEqual(['npu']);
    expect(only(request({}, lines('paddlepaddle-gpu')), machine()).what).toContain('none answers on this machine');
  });

  test('a wheel by its address can be checked against nothing', () => {
    const set = lines('paddlepaddle @ https://wheels.example/paddlepaddle-3.2.2-cp311-cp311-linux_x86_64.whl');
    expect(only(request({}, set), machine()).where).toBe('requirements.txt:1');
  });
});

describe('what the machine has', () => {
  test("without an accelerator: the CPU build, from the Python index and PaddlePaddle's own", () => {
    const { candidates, channel, wish, notices } = draft(request(), machine());
    expect([channel, wish, notices]).toEqual(['stable', '', []]);
    expect(candidates).toEqual([
      {
        device: 'cpu',
        cuda: null,
        distribution: 'paddlepaddle',
        plugin: null,
        origins: { paddlepaddle: [{ kind: 'python' }, { kind: 'paddle', channel: 'stable', folder: 'cpu' }] },
        specifier: '',
        post: null,
        avoid: ['3.3.0', '3.3.1'],
        companions: {},
        pair: null,
      },
    ]);
  });

  test('the newest CUDA build that driver and GPU take, then older ones, then the CPU', () => {
    const auto = (...parts: Parameters<typeof nvidia>): string[] =>
      devicesOf(request(), machine('linux-x64', {}, nvidia(...parts)));
    expect(auto('580.65.06', '13.0', '8.0')).toEqual(['cu130', 'cu129', 'cu126', 'cu118', 'cpu']);
    expect(auto('550.54.14', '12.4', '8.0')).toEqual(['cu126', 'cu118', 'cpu']);
    expect(auto('535.104.05', '12.2', '8.9')).toEqual(['cu118', 'cpu']);
    expect(auto('580.65.06', '13.0', '9.0')).toEqual(['cu130', 'cu129', 'cu126', 'cpu']);
    expect(auto('580.65.06', '13.0', '6.1')).toEqual(['cu126', 'cu118', 'cpu']);
  });

  test('a build that is confirmed for the GPU comes before a newer one that is not', () => {
    expect(devicesOf(request(), machine('linux-x64', {}, nvidia('580.65.06', '13.0', '7.5')))).toEqual([
      'cu129',
      'cu126',
      'cu118',
      'cu130',
      'cpu',
    ]);
    const doubt = draft(request({ device: 'cu130' }), machine('linux-x64', {}, nvidia('580.65.06', '13.0', '7.5')));
    expect(doubt.notices.map(({ id }) => id)).toEqual(['architecture-unconfirmed']);
  });

  test('an accelerator that cannot be used is said, with what it would take', () => {
    const { candidates, notices } = draft(request(), machine('linux-x64', {}, nvidia('440.10', '10.2', '5.0')));
    expect(candidates.map(({ device }) => device)).toEqual(['cpu']);
    expect(notices[0]?.text).toBe(
      "This machine's accelerator is left unused: cu118 (CUDA 11.8) needs driver 450.80.02 or newer (documented); this machine has 440.10.",
    );
  });

  test("another vendor's accelerator, and a tool that fails", () => {
    expect(
      devicesOf(request(), machine('linux-x64', {}, { others: [{ device: 'npu', count: 8, models: ['910B3'] }] })),
    ).toEqual(['npu', 'cpu']);
    expect(draft(request(), machine('linux-x64', {}, { failures: ['nvidia-smi: exit 9'] })).notices[0]?.id).toBe(
      'accelerator-silent',
    );
  });

  test("GPU releases up to 2.6.2 come from the Python index, 3.x from PaddlePaddle's alone", () => {
    const origins = (version: string): unknown =>
      draft(request({ device: 'cu118', ...wanted(version) }), machine('linux-x64', {}, newDriver)).candidates[0]
        ?.origins;
    expect(origins('==2.6.2')).toEqual({ 'paddlepaddle-gpu': [{ kind: 'python' }] });
    expect(origins('>=2.6')).toEqual({ 'paddlepaddle-gpu': [{ kind: 'paddle', channel: 'stable', folder: 'cu118' }] });
  });

  test('nightlies and dated versions come from the nightly folder', () => {
    const nightly = { paddlepaddle: [{ kind: 'paddle', channel: 'nightly', folder: 'cpu' }] };
    expect(draft(request({ paddle: { kind: 'nightly' } }), machine()).candidates[0]?.origins).toEqual(nightly);
    expect(draft(request(wanted('==3.4.0.dev20260310')), machine()).candidates[0]?.origins).toEqual(nightly);
  });
});
