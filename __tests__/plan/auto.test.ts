import { describe, expect, test } from '@jest/globals';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { draft } from '../../src/plan.js';
import type { Draft } from '../../src/values/plan.js';
import type { Request, RequirementSet } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import { machine, nvidia, request, wanted } from './machines.js';

function lines(...texts: string[]): Partial<RequirementSet> {
  return { requirements: texts.map((text) => parseRequirement(text, 'requirements.txt:1')) };
}

function devicesOf({ candidates }: Draft): string[] {
  return candidates.map(({ device }) => device);
}

describe('a GPU that only releases of years ago have code for', () => {
  const maxwell = machine('linux-x64', {}, nvidia('580.65.06', '13.0', '5.2'));

  test('is left unused where today releases will do: the newest on the CPU, and the line that takes the old one', () => {
    const seen = draft(request(), maxwell);
    expect(devicesOf(seen)).toEqual(['cpu']);
    expect(seen.reasons['cpu']).toBe("no build of today's releases fits this machine's accelerator");
    expect(seen.notices).toEqual([
      {
        id: 'accelerator-unused',
        text: expect.stringMatching(
          /left unused: .* holds no code for sm_52 .* PaddlePaddle >=\S+,<2\.\d+ still has a build for it: "device: gpu" takes that\.$/,
        ),
      },
    ]);
  });

  test('is used where it is asked for, or where the version is an old one', () => {
    expect(devicesOf(draft(request({ device: 'gpu' }), maxwell))[0]).toBe('cu120');
    expect(devicesOf(draft(request(wanted('==2.6.2')), maxwell))[0]).toBe('cu120');
    expect(devicesOf(draft(request(wanted('>=2.6')), maxwell))).toEqual(['cpu']);
  });
});

describe('why', () => {
  test('a build is taken: what stands against the next newer one that releases are still published for', () => {
    const seen = draft(request(), machine('linux-x64', {}, nvidia('535.104.05', '12.2', '8.9')));
    expect(seen.reasons['cu118']).toMatch(/^the newest CUDA build that driver 535.* take: cu126 .* needs driver 550/);
  });

  test('a GPU is left unused where its platform has no build at all', () => {
    const seen = draft(request(), machine('linux-arm64', {}, nvidia('580.65.06', '13.0', '9.0')));
    expect(seen.notices[0]?.text).toMatch(/left unused: CUDA builds have wheels for .*, none for linux-arm64\.$/);
  });

  test('a build is refused for several GPUs: the one that it has no code for', () => {
    const two = machine('linux-x64', {}, nvidia('580.65.06', '13.0', '9.0', '6.1'));
    expect(() => draft(request({ device: 'cu130' }), two)).toThrow('holds no code for sm_61 (GPU 6.1), where');
  });

  test('a GPU is left unused where a newer driver would do, whatever older builds lack for it', () => {
    const seen = draft(request(), machine('linux-x64', {}, nvidia('570.86.15', '12.8', '12.0')));
    expect(devicesOf(seen)).toEqual(['cpu']);
    expect(seen.notices[0]?.text).toMatch(/left unused: cu129 .* needs /);
  });

  test('no CUDA build can be had: the platform alone, where it has none', () => {
    const arm = machine('linux-arm64', {}, nvidia('450.80.02', '11.0', '9.0'));
    expect(() => draft(request({ device: 'gpu' }), arm)).toThrow(
      /^device: CUDA builds have wheels for [^.]*, none for linux-arm64\. Write "device: cpu"\.$/,
    );
  });

  test('a GPU that no process can use is refused before a CUDA build is downloaded for it', () => {
    const split = { ...nvidia('550.54.14', '12.4'), failures: ['nvidia-smi: MIG is on and no instance is made'] };
    for (const device of ['gpu', 'cu126']) {
      expect(() => draft(request({ device }), machine('linux-x64', {}, split))).toThrow(
        `${device} was asked for, but no process can use a GPU of this machine (nvidia-smi: MIG is on and no instance is made).`,
      );
      expect(devicesOf(draft(request({ device, gpu: 'optional' }), machine('linux-x64', {}, split)))[0]).toMatch(/^cu/);
    }
  });
});

describe('a machine with an Ascend NPU', () => {
  const npu = (system: 'linux-x64' | 'linux-arm64' = 'linux-x64'): Runner =>
    machine(system, { version: '3.10.13' }, { others: [{ device: 'npu', count: 8, models: ['910B3'] }] });
  const noticesOf = (asked: Request, runner: Runner): string[] => draft(asked, runner).notices.map(({ id }) => id);

  test('is used although the requirements name "paddlepaddle", one half of its pair', () => {
    expect(devicesOf(draft(request({}, lines('paddlepaddle')), npu()))).toEqual(['npu', 'cpu']);
  });

  test('is told what the guide for it asks for: of opencv-python only where another version is named', () => {
    expect(noticesOf(request(), npu())).toEqual([]);
    expect(noticesOf(request(), npu('linux-arm64'))).toEqual(['npu-libgomp']);
    expect(noticesOf(request({}, lines('opencv-python')), npu())).toEqual(['npu-opencv']);
    expect(noticesOf(request({}, lines('opencv-python==3.4.18.65')), npu())).toEqual([]);
    expect(noticesOf(request({ device: 'cpu' }, lines('opencv-python')), npu('linux-arm64'))).toEqual([]);
  });
});
