import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { diagnose, recognise } from '../../src/verify/diagnose.js';
import failures from '../../src/verify/failures.json' with { type: 'json' };

/** Texts as programs print them, each with the failure that it must be recognised as. */
const recorded: readonly (readonly [id: string, text: string])[] = [
  [
    'onednn-pir-double-array',
    'NotImplementedError: (Unimplemented) ConvertPirAttribute2RuntimeAttribute not support [pir::ArrayAttribute<pir::DoubleAttribute>]  (at /paddle/paddle/fluid/framework/new_executor/instruction/onednn/onednn_instruction.cc:116)',
  ],
  ['setuptools-missing', "  import setuptools\nModuleNotFoundError: No module named 'setuptools'\n"],
  ['setuptools-easy-install', "ModuleNotFoundError: No module named 'setuptools.command.easy_install'"],
  ['paddle-missing', "ModuleNotFoundError: No module named 'paddle'"],
  ['module-missing', "ModuleNotFoundError: No module named 'opt_einsum'"],
  [
    'two-distributions',
    'paddlepaddle 3.2.2 and paddlepaddle_gpu 3.2.2 are installed over one another: both own the folder paddle/',
  ],
  ['not-as-planned', 'version 2.6.2 is installed, 3.2.2 was planned'],
  ['not-as-planned', 'the build is made for CUDA 11.8, 12.6 was planned'],
  ['not-as-planned', 'the package metadata say 3.2.2, the code says 3.3.1'],
  ['build-without-cuda', 'no usable gpu: this build of PaddlePaddle has no CUDA'],
  ['no-gpu', 'no usable gpu is seen by PaddlePaddle'],
  ['no-device', 'no usable npu is seen by PaddlePaddle'],
  [
    'wrong-gpu-architecture',
    'Mismatched GPU Architecture: The installed PaddlePaddle package was compiled for 75 80 86 89 ,but your current GPU is 120',
  ],
  ['wrong-gpu-architecture', 'OSError: CUDA error(209), no kernel image is available for execution on the device.'],
  [
    'wrong-gpu-architecture',
    'The GPU compute capability in your current machine is 120, which is not supported by Paddle',
  ],
  [
    'driver-too-old',
    'ExternalError: Cuda error(35), CUDA driver version is insufficient for CUDA runtime version. [Advise: ...]',
  ],
  [
    'library-not-configured',
    'W1122 01:56:47.891782 14054 dynamic_loader.cc:314] The third-party dynamic library (libcudnn.so) that Paddle depends on is not configured correctly. (error code is libcudnn.so: cannot open shared object file: No such file or directory)',
  ],
  [
    'library-not-configured',
    'PreconditionNotMetError: The third-party dynamic library (cublas64_12.dll) that Paddle depends on is not configured correctly. (error code is 126)',
  ],
  [
    'windows-library',
    'OSError: [WinError 127] The specified procedure could not be found. Error loading cudnn_adv_infer64_8.dll',
  ],
  [
    'windows-library',
    'ImportError: DLL load failed while importing libpaddle: The specified module could not be found.',
  ],
  [
    'numpy-abi',
    'A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.0.2 as it may crash.\nImportError: numpy.core.multiarray failed to import',
  ],
  ['protobuf-descriptors', 'TypeError: Descriptors cannot not be created directly.'],
  ['protobuf-descriptors', 'TypeError: Descriptors cannot be created directly.'],
  [
    'libstdcxx-too-old',
    "ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by libpaddle.so)",
  ],
  ['glibc-too-old', "ImportError: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by libpaddle.so)"],
  ['libpython-missing', 'ImportError: libpython3.12.so.1.0: cannot open shared object file: No such file or directory'],
  ['library-broken', 'ImportError: /lib/x86_64-linux-gnu/libgomp.so.1: file too short'],
  ['library-broken', 'ImportError: /opt/venv/paddle/libs/libphi.so: invalid ELF header'],
  ['library-missing', 'ImportError: libgomp.so.1: cannot open shared object file: No such file or directory'],
  ['no-gpu', 'ImportError: libcuda.so.1: cannot open shared object file: No such file or directory'],
  ['static-tls', 'OSError: /usr/lib/aarch64-linux-gnu/libgomp.so.1: cannot allocate memory in static TLS block'],
  ['library-mixture', 'ImportError: libpaddle.so: undefined symbol: cudaGetDriverEntryPointByVersion'],
  ['no-distribution', 'ERROR: No matching distribution found for paddlepaddle (from versions: none)'],
  [
    'gpu-out-of-memory',
    'ResourceExhaustedError:\n\nOut of memory error on GPU 0. Cannot allocate 64.000000MB memory on GPU 0',
  ],
  ['disk-full', "OSError: [Errno 28] No space left on device: 'cnn-cpu.pdiparams'"],
  ['address-space', '1200 MB of address space are allowed (ulimit -v), 1700 MB are needed'],
  ['memory-limit', '512 MB of memory are allowed (/sys/fs/cgroup/memory.max), 700 MB are needed'],
  ['out-of-memory', 'SystemError: error return without exception set'],
  ['out-of-memory', 'numpy._core._exceptions._ArrayMemoryError: Unable to allocate 2 GiB'],
  ['illegal-instruction', 'Illegal instruction (core dumped)'],
  ['bus-error', 'FatalError: `Bus error` is detected by the operating system.'],
  ['segmentation-fault', 'FatalError: `Segmentation fault` is detected by the operating system.'],
  ['aborted', 'FatalError: `Process abort signal` is detected by the operating system.'],
  ['wrong-numbers', 'the output [1, 10] differs by 0.31 where 7.76e-05 is allowed'],
  ['nccl-shared-memory', 'NCCL WARN Error: failed to extend /dev/shm/nccl-03v824 to 4194660 bytes'],
  ['nccl-shared-memory', 'include/shm.h:28 NCCL WARN Call to posix_fallocate failed : No space left on device'],
  [
    'nccl-shared-memory',
    'misc/shmutils.cc:112 NCCL WARN Error while creating shared memory segment /dev/shm/nccl-KWfVyt (size 5967872)\nOSError: (External) NCCL error(2), unhandled system error.',
  ],
  [
    'nccl',
    'OSError: (External) NCCL error(2), unhandled system error. \n  [Hint: Please search for the error code(2) on website] (at /paddle/paddle/fluid/distributed/collective/ProcessGroupNCCL.cc:236)',
  ],
  [
    'nccl',
    'OSError: (External)  Nccl error, unhandled cuda error  (at /paddle/paddle/fluid/platform/collective_helper.cc:100)',
  ],
  ['nccl', "Failed, NCCL error /paddle/paddle/fluid/distributed/collective/NCCLTools.h:227 'unhandled cuda error'"],
  ['nccl', 'ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.'],
  ['all-reduce-limit', 'the all-reduce did not end within 90 s, waiting for gpu:0, gpu:1'],
  ['all-reduce-rank', 'rank 1 of 2 (gpu:1) was killed by SIGKILL'],
  ['wrong-device', 'the result is on Place(cpu) instead of gpu:0'],
];

describe('the table of known failures', () => {
  test('each row has a name of its own, something to recognise it by, a cause, a remedy, a source and a date', () => {
    for (const row of failures) {
      expect(row.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(row.patterns.length).toBeGreaterThan(0);
      for (const text of [row.cause, row.remedy]) expect(text).toMatch(/^\S.{15,}[.]$/s);
      expect(row.source).not.toBe('');
      expect(row.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(
        Object.keys(row).filter(
          (key) => !['id', 'patterns', 'signals', 'exitCodes', 'cause', 'remedy', 'source', 'date'].includes(key),
        ),
      ).toEqual([]);
    }
    expect(new Set(failures.map((row) => row.id)).size).toBe(failures.length);
  });

  test('a name in braces is a named group of every pattern of its row', () => {
    for (const row of failures) {
      for (const [, name] of `${row.cause} ${row.remedy}`.matchAll(/\{(\w+)\}/g)) {
        for (const pattern of row.patterns) expect(pattern).toContain(`(?<${name}>`);
      }
    }
  });

  test('every row is shown by a recorded text', () => {
    expect(failures.map((row) => row.id).filter((id) => !recorded.some(([shown]) => shown === id))).toEqual([]);
  });

  test.each(recorded)('%s is recognised: %s', (id, text) => {
    expect(diagnose(`Traceback (most recent call last):\n  File "verify.py", line 1\n${text}`, null).id).toBe(id);
  });
});

describe('a diagnosis', () => {
  test('names the library that is missing', () => {
    const { cause, remedy, evidence } = diagnose(
      'x\nlibfoo.so.12: cannot open shared object file: No such file\ny',
      null,
    );
    expect(cause).toContain('libfoo.so.12');
    expect(remedy).not.toContain('{');
    expect(evidence).toBe('libfoo.so.12: cannot open shared object file: No such file');
  });

  test.each([
    ['SIGILL', 132, 'illegal-instruction'],
    ['SIGBUS', 135, 'bus-error'],
    ['SIGKILL', 137, 'out-of-memory'],
    ['SIGSEGV', 139, 'segmentation-fault'],
    ['SIGABRT', 134, 'aborted'],
  ])('%s and exit status %i say the same', (signal, code, id) => {
    expect(diagnose('', { code: null, signal }).id).toBe(id);
    expect(diagnose('', { code, signal: null }).id).toBe(id);
    expect(diagnose('', { code: null, signal }).evidence).toBe(`killed by ${signal}`);
  });

  test('an illegal instruction is what ended the process, whatever was warned of before', () => {
    const warning = 'The third-party dynamic library (libcudnn.so) that Paddle depends on is not configured correctly.';
    expect(diagnose(warning, { code: null, signal: 'SIGILL' }).id).toBe('illegal-instruction');
  });

  test('an unknown failure is given as what it is: exit status and last lines', () => {
    const text = Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n');
    expect(recognise(text, { code: 7, signal: null })).toBeNull();
    const { id, evidence } = diagnose(`${text}\n\n`, { code: 7, signal: null });
    expect(id).toBe('unknown');
    expect(evidence).toBe(['exit status 7', ...Array.from({ length: 6 }, (_, i) => `line ${34 + i}`)].join('\n'));
  });

  test("leaves Python's warnings out of the evidence of an end: they tell nothing of it", () => {
    const warned =
      '/v/lib/paddle/nn/norm.py:818: UserWarning: When training, we track.\n  warnings.warn(\nlast words\n';
    const { evidence } = diagnose(warned + warned, { code: null, signal: 'SIGKILL' });
    expect(evidence).toBe('killed by SIGKILL\nlast words\nlast words');
  });

  test('any text gets one, with evidence of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3000 }), (text) => {
        const diagnosis = diagnose(text, null);
        expect(diagnosis.cause).not.toBe('');
        expect(diagnosis.evidence.length).toBeLessThan(3000);
      }),
      { numRuns: 50 },
    );
  });
});
