import { describe, expect, test } from '@jest/globals';
import { inspectAccelerators } from '../../src/runner/accelerators.js';
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
      driverSystem: 'linux',
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
      driverSystem: 'linux',
      driverCuda: '12.4',
      gpus: [
        { index: 0, name: 'NVIDIA H200', capability: '9.0', memoryMiB: 143771, mig: [] },
        { index: 1, name: 'NVIDIA GeForce RTX 4090', capability: '8.9', memoryMiB: 24564, mig: [] },
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
    expect(gpus).toEqual([{ index: 0, name: 'Tesla T4', capability: null, memoryMiB: 15109, mig: [] }]);
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
      gpus: [{ index: 3, name: 'Graphics, Device', capability: null, memoryMiB: null, mig: [] }],
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
