import { describe, expect, test } from '@jest/globals';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { decide, draft } from '../../src/plan.js';
import { Failure } from '../../src/values/failure.js';
import type { Plan } from '../../src/values/plan.js';
import type { IndexOption, Request, RequirementSet } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import {
  file,
  laterPython,
  listing,
  machine,
  newestPython,
  nvidia,
  page,
  request,
  wanted,
  wheels,
} from './machines.js';

function outcome(asked: Request, runner: Runner, list = listing): Plan | string {
  try {
    return decide(draft(asked, runner), asked, runner, list);
  } catch (error) {
    if (error instanceof Failure && error.exitCode === 2) return error.message;
    throw error;
  }
}

const lines = (...texts: string[]): Partial<RequirementSet> => ({
  requirements: texts.map((text, i) => parseRequirement(text, `requirements.txt:${i + 1}`)),
});
const gpu = (driver: string, ...capabilities: string[]): Runner =>
  machine('linux-x64', {}, nvidia(driver, null, ...capabilities));
const py310 = { version: '3.10.13' };

describe('combinations that install and are wrong', () => {
  test('a GPU build of 3.x from the Python index: its 2.6.2 is never taken in its place', () => {
    const empty = { pages: listing.pages.filter(({ origin }) => origin === 'python') };
    expect(outcome(request({ device: 'cu126', ...wanted('>=3') }), gpu('580.65.06', '8.0'), empty)).toContain(
      'No source that takes part lists any paddlepaddle-gpu for cu126.',
    );
    expect(outcome(request({ device: 'cu118' }), gpu('580.65.06', '8.0'))).toMatchObject({ version: '3.3.1' });
  });

  test.each(['darwin-arm64', 'darwin-x64', 'linux-arm64'] as const)('a GPU build on %s', (system) => {
    expect(outcome(request({ device: 'gpu' }), machine(system))).toContain(`none for ${system}. Write "device: cpu".`);
  });

  test('several GPUs on Windows: one is used, and how to choose it is said', () => {
    const { notices } = outcome(request(), machine('win32-x64', {}, nvidia('580.88', '13.0', '8.9', '8.9'))) as Plan;
    expect(notices.map(({ text }) => text).join()).toContain('choose it with CUDA_VISIBLE_DEVICES');
  });

  test('a Python later than those of every release (3.14 with 3.4.0)', () => {
    expect(outcome(request(), machine('linux-x64', { version: `${laterPython}.0` }))).toContain(
      `wheels for Python 3.8 to ${newestPython}`,
    );
    const there = outcome(request(wanted('<=3.4.0')), machine('linux-x64', { version: '3.14.0' }));
    expect(there).toMatch(/3\.14/);
  });

  test('Python 3.8 with 3.1 and newer: what the index says decides', () => {
    const old = machine('linux-x64', { version: '3.8.18' });
    expect(outcome(request(wanted('==3.2.0')), old)).toContain('it has some for Python 3.9 to 3.13.');
    const listed = {
      pages: [page('python', 'paddlepaddle', wheels('paddlepaddle', ['3.2.0'], [8], ['linux_x86_64']))],
    };
    expect(outcome(request(wanted('==3.2.0')), old, listed)).toMatchObject({ version: '3.2.0' });
  });

  test.each([
    ['cu118', undefined, '9.0'],
    ['cu126', undefined, '12.0'],
    ['cu118', undefined, '12.0'],
    ['cu129', '==3.1.1', '12.0'],
    ['cu130', undefined, '6.1'],
    ['cu129', undefined, '6.1'],
  ])('%s %s on a GPU of compute capability %s', (device, version, capability) => {
    const asked = request({ device, ...(version === undefined ? {} : wanted(version)) });
    expect(outcome(asked, gpu('580.65.06', capability))).toContain('holds no code for');
  });

  test('Pascal is offered what has code for it', () => {
    expect(outcome(request({ device: 'cu130' }), gpu('580.65.06', '6.1'))).toContain('Write "device: cu126"');
    expect(outcome(request({ device: 'cu129' }), gpu('535.104.05', '6.1'))).toContain('Write "device: cu118"');
  });

  test.each([
    ['cu118', '440.33'],
    ['cu126', '535.104.05'],
    ['cu129', '570.26'],
    ['cu130', '575.51.03'],
  ])('%s on driver %s', (device, driver) => {
    expect(outcome(request({ device }), gpu(driver, '8.0'))).toMatch(/needs (a )?driver .* or newer \(.*\); /);
  });

  test("a driver under WSL has Windows' numbers", () => {
    const seen = (driverSystem: 'linux' | 'win32'): Plan | string =>
      outcome(
        request({ device: 'cu129' }),
        machine('linux-x64', {}, { ...nvidia('575.60', null, '8.0'), driverSystem }),
      );
    expect(seen('linux')).toMatchObject({ device: 'cu129' });
    expect(seen('win32')).toContain('needs driver 576.02 or newer');
  });

  test('CPU 3.3.0 and 3.3.1: passed over unasked, told where asked for', () => {
    expect(outcome(request(), machine())).toMatchObject({ version: '3.2.2' });
    const { version, notices } = outcome(request(wanted('==3.3.0')), machine()) as Plan;
    expect([version, notices.map(({ id }) => id)]).toEqual(['3.3.0', ['onednn-pir-double-array']]);
  });

  test.each([
    ['3.0.0b2', '3.10.13', 'numpy<2'],
    ['2.6.2', '3.12.1', 'setuptools'],
    ['3.2.2', '3.13.1', 'setuptools'],
  ])('%s on Python %s gets %s', (version, python, pin) => {
    const { pins } = outcome(request(wanted(`==${version}`)), machine('linux-x64', { version: python })) as Plan;
    expect(pins.map(({ name, specifier }) => name + specifier)).toContain(pin);
  });

  test('a processor without AVX', () => {
    expect(outcome(request(), machine('linux-x64', {}, {}, { cpuFlags: ['sse2'] }))).toContain('has no AVX');
  });

  test('a plug-in beside a PaddlePaddle that is not its pair', () => {
    const asked = request({ device: 'npu' }, lines('paddlepaddle==3.1.0', 'paddle-custom-npu==3.1.0'));
    expect(outcome(asked, machine('linux-x64', py310))).toBe(
      'requirements: They ask for paddlepaddle==3.1.0 and paddle-custom-npu==3.1.0, but paddle-custom-npu 3.1.0 works with ' +
        'paddlepaddle 3.1.0a0 alone. Write "paddlepaddle==3.1.0a0" and "paddle-custom-npu==3.1.0" there, or leave both out.',
    );
    const alone = request({ device: 'npu' }, lines('paddlepaddle==3.1.0'));
    expect(outcome(alone, machine('linux-x64', py310))).toContain('Write "paddlepaddle==3.1.0a0"');
    const newer = request({ device: 'npu', ...wanted('==3.1.0a0') }, lines('paddle-custom-npu>=3.2'));
    expect(typeof outcome(newer, machine('linux-x64', py310))).toBe('string');
  });
});

describe('GPUs of several kinds', () => {
  test('a build for all of them, or how to let the job see one kind', () => {
    expect(outcome(request(), gpu('580.65.06', '8.0', '9.0'))).toMatchObject({ device: 'cu130' });
    expect(outcome(request({ device: 'gpu' }), gpu('580.65.06', '6.1', '12.0'))).toContain(
      'CUDA_DEVICE_ORDER=PCI_BUS_ID and CUDA_VISIBLE_DEVICES',
    );
    const { device, notices } = outcome(request(), gpu('580.65.06', '6.1', '12.0')) as Plan;
    expect([device, notices[0]?.text]).toEqual(['cpu', expect.stringContaining('CUDA_VISIBLE_DEVICES')]);
  });
});

describe("versions of one CUDA's builds that are on no index", () => {
  const asked = (set: Partial<RequirementSet> = {}): Request =>
    request({ device: 'cu112', ...wanted('==2.6.0.post112') }, set);

  test('are refused with the page of links and with what took their place', () => {
    const said = outcome(asked(), gpu('535.104.05', '7.5'));
    expect(said).toContain('--find-links https://www.paddlepaddle.org.cn/whl/linux/mkl/avx/stable.html');
    expect(said).toContain('"paddle-version: 2.6.2"');
  });

  test('are taken from a page of links that the requirements name', () => {
    const url = 'https://links.example/stable.html';
    const index: IndexOption = { kind: 'find-links', url, credentials: null, origin: 'requirements.txt:1' };
    const there = {
      pages: [
        page('python', 'paddlepaddle-gpu', [file('paddlepaddle_gpu-2.6.0.post112-cp311-cp311-linux_x86_64.whl')]),
      ],
    };
    expect(outcome(asked({ indexes: [index] }), gpu('535.104.05', '7.5'), there)).toMatchObject({
      version: '2.6.0.post112',
    });
  });
});

describe('nightly plug-ins', () => {
  test('whose numbers are their own come with what was built before them, and that is said', () => {
    const nights = {
      pages: [
        page(
          'cpu',
          'paddlepaddle',
          wheels('paddlepaddle', ['3.4.0.dev20251223', '3.4.0.dev20251225'], [10], ['linux_x86_64']),
        ),
        page('maca', 'paddle-metax-gpu', wheels('paddle-metax-gpu', ['3.3.0.dev20251224'], [10], ['linux_x86_64'])),
      ],
    };
    const asked = request({ device: 'maca', gpu: 'optional', paddle: { kind: 'nightly' } });
    const { version, notices } = outcome(asked, machine('linux-x64', py310), nights) as Plan;
    expect([version, notices.map(({ id }) => id)]).toEqual(['3.4.0.dev20251223', ['nightly-pair-unconfirmed']]);
  });
});
