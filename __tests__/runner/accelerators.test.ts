import { describe, expect, test } from '@jest/globals';
import { countDevices, inspectAccelerators } from '../../src/runner/accelerators.js';
import { pathOf, printer, scratch } from './support.js';
import { vendorTexts } from './vendor-texts.js';

const signal = new AbortController().signal;
const inspect = (folder: string) => inspectAccelerators({ environment: { PATH: pathOf(folder) }, signal });

describe("each vendor's tool tells its device, how many there are and their models", () => {
  test.each(vendorTexts)('$tool ($title)', async ({ tool, text, device, count, models }) => {
    const folder = await scratch();
    await printer(folder, tool, text);
    const { others, failures } = await inspect(folder);
    expect(others).toEqual([{ device, count, models }]);
    expect(failures).toEqual([]);
  });

  test('two tools of one vendor count a device once', async () => {
    const folder = await scratch();
    const dcu = vendorTexts.find(({ tool }) => tool === 'hy-smi')?.text ?? '';
    await printer(folder, 'hy-smi', dcu);
    await printer(folder, 'rocm-smi', dcu);
    expect((await inspect(folder)).others).toMatchObject([{ device: 'dcu', count: 4 }]);
  });

  test('tools of the same name by Intel, AMD and Moffett are not these devices', async () => {
    const folder = await scratch();
    await printer(
      folder,
      'xpu-smi',
      'Intel XPU System Management Interface -- v1.2\n| 0 | Device Name: Intel(R) Data Center GPU |',
    );
    await printer(folder, 'rocm-smi', '===== ROCm System Management Interface =====\nGPU  Temp\n0    35.0c');
    await printer(
      folder,
      'mx-smi',
      '│MOFFETT-SMI 2.3.0    Driver Version 3.5.2 │\n│Card1  S30  700MHz  930mV  53C  0:2d:00.0 │',
    );
    expect(await inspect(folder)).toMatchObject({ others: [], failures: [] });
  });

  test('one that fails is a fact and costs the others nothing', async () => {
    const folder = await scratch();
    await printer(folder, 'npu-smi', 'dcmi module initialize failed. ret is -8005', 1);
    await printer(folder, 'mx-smi', '| 0           MXC500                 | 0000:08:00.0        | 0%       |');
    expect(await inspect(folder)).toMatchObject({
      others: [{ device: 'maca', count: 1 }],
      failures: ['npu-smi: dcmi module initialize failed. ret is -8005'],
    });
  });

  test('times of day and processes are no devices', () => {
    expect(countDevices('12:34:56.7 nothing here')).toBe(0);
    expect(countDevices('0 devices found')).toBe(0);
    expect(countDevices('')).toBe(0);
  });
});
