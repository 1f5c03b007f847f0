import { describe, expect, test } from '@jest/globals';
import { countDevices, inspectAccelerators } from '../../src/runner/accelerators.js';
import { parseCudaVersion, parseQuery } from '../../src/runner/nvidia.js';
import { pathOf, printer, program, scratch } from './support.js';

const signal = new AbortController().signal;
const inspect = (folder: string) => inspectAccelerators({ environment: { PATH: pathOf(folder) }, signal });

const table = `+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 550.54.14              Driver Version: 550.54.14      CUDA Version: 12.4     |
|-----------------------------------------+------------------------+----------------------+`;

/** A fake nvidia-smi: `answer` for a query, the table when asked nothing. */
const nvidiaSmi = (folder: string, ...query: readonly string[]) =>
  program(folder, 'nvidia-smi', [`if [ $# = 0 ]; then cat <<'END'`, table, 'END', 'exit 0; fi', ...query]);

describe('NVIDIA', () => {
  test('a machine without nvidia-smi has nothing to tell', async () => {
    expect(await inspect(await scratch())).toEqual({
      nvidiaDriver: null,
      driverCuda: null,
      gpus: [],
      others: [],
      failures: [],
    });
  });

  test('two GPUs, their driver and the newest CUDA that it takes', async () => {
    const folder = await scratch();
    await nvidiaSmi(
      folder,
      'echo "0, NVIDIA H200, 9.0, 143771, 550.54.14"',
      'echo "1, NVIDIA GeForce RTX 4090, 8.9, 24564, 550.54.14"',
    );
    expect(await inspect(folder)).toEqual({
      nvidiaDriver: '550.54.14',
      driverCuda: '12.4',
      gpus: [
        { index: 0, name: 'NVIDIA H200', capability: '9.0', memoryMiB: 143771 },
        { index: 1, name: 'NVIDIA GeForce RTX 4090', capability: '8.9', memoryMiB: 24564 },
      ],
      others: [],
      failures: [],
    });
  });

  test('an old driver that does not know compute_cap is asked without it', async () => {
    const folder = await scratch();
    await nvidiaSmi(
      folder,
      'case "$1" in *compute_cap*) echo \'Field "compute_cap" is not a valid field to query.\'; exit 2;; esac',
      'echo "0, Tesla T4, 15109, 470.82.01"',
    );
    const { gpus, nvidiaDriver } = await inspect(folder);
    expect(gpus).toEqual([{ index: 0, name: 'Tesla T4', capability: null, memoryMiB: 15109 }]);
    expect(nvidiaDriver).toBe('470.82.01');
  });

  test.each([
    [
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest driver is running.",
      9,
    ],
    ['Failed to initialize NVML: Driver/library version mismatch', 18],
    ['No devices were found', 6],
  ])('a tool that fails is a fact: %s', async (text, status) => {
    const folder = await scratch();
    await printer(folder, 'nvidia-smi', text, status);
    expect(await inspect(folder)).toMatchObject({ nvidiaDriver: null, gpus: [], failures: [`nvidia-smi: ${text}`] });
  });

  test('what the tool cannot tell of a GPU is null, and a name may hold a comma', () => {
    const columns = ['index', 'name', 'compute_cap', 'memory.total', 'driver_version'];
    const text = 'warning: infoROM is corrupted\n3, Graphics, Device, [N/A], [Not Supported], 535.1\n';
    expect(parseQuery(text, columns)).toEqual({
      driver: '535.1',
      gpus: [{ index: 3, name: 'Graphics, Device', capability: null, memoryMiB: null }],
    });
  });

  test.each([
    ['| NVIDIA-SMI 460.32.03    Driver Version: 460.32.03    CUDA Version: 11.2     |', '11.2'],
    ['| NVIDIA-SMI 590.10    KMD Version: 590.10    CUDA UMD Version: 13.1     |', '13.1'],
    ['| NVIDIA-SMI 384.111                Driver Version: 384.111                   |', null],
    ['| NVIDIA-SMI 550.1   Driver Version: 550.1   CUDA Version: N/A   |', null],
  ])('the CUDA version in: %s', (line, version) => {
    expect(parseCudaVersion(line)).toBe(version);
  });
});

const npu = `+------------------------------------------------------------------------------------------------+
| npu-smi 23.0.rc1                 Version: 23.0.rc1                                             |
+---------------------------+---------------+----------------------------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     910B3               | OK            | 93.2        38                0    / 0             |
| 0                         | 0000:C1:00.0  | 0           0    / 0          3169 / 65536         |
+===========================+===============+====================================================+
| 1     910B3               | OK            | 91.8        37                0    / 0             |
| 0                         | 0000:01:00.0  | 0           0    / 0          3169 / 65536         |
+===========================+===============+====================================================+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
| 0       0                 | 4711          | python                   | 3100                    |`;

const xpu = `Fri Jun  6 14:17:02 2025
+-----------------------------------------------------------------------------+
| XPU-SMI               Driver Version: 5.0.21.10    XPU-RT Version: 5.0.21   |
|===============================+======================+======================|
|   0  P800 OAM           N/A   | 00000000:52:00.0 N/A |                    0 |
| N/A   40C  N/A     87W / 400W |      4MiB / 98304MiB |      0%      Default |`;

const dcu = `============================ System Management Interface =============================
DCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      DCU%      Mode
0       50.0C    78.0W      auto     800.0W     0%         0%        Normal
1       51.0C    79.0W      auto     800.0W     0%         0%        Normal
=================================== End of SMI Log ===================================`;

describe('other vendors', () => {
  test('each tool that is on PATH tells its device and how many there are', async () => {
    const folder = await scratch();
    await printer(folder, 'npu-smi', npu);
    await printer(folder, 'xpu_smi', xpu);
    await printer(folder, 'hy-smi', dcu);
    await printer(folder, 'rocm-smi', dcu);
    const { others, failures } = await inspect(folder);
    expect(others).toEqual([
      { device: 'xpu', count: 1 },
      { device: 'npu', count: 2 },
      { device: 'dcu', count: 2 },
    ]);
    expect(failures).toEqual([]);
  });

  test('tools of the same name by Intel and AMD are not these devices', async () => {
    const folder = await scratch();
    await printer(
      folder,
      'xpu-smi',
      'Intel XPU System Management Interface -- v1.2\n| 0 | Device Name: Intel(R) Data Center GPU |',
    );
    await printer(folder, 'rocm-smi', '===== ROCm System Management Interface =====\nGPU  Temp\n0    35.0c');
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
    expect(countDevices(npu)).toBe(2);
    expect(countDevices('12:34:56.7 nothing here')).toBe(0);
    expect(countDevices('0 devices found')).toBe(0);
    expect(countDevices('')).toBe(0);
  });
});
