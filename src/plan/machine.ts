import { devices } from '../catalog/devices.js';
import { supportedPythons } from '../catalog/releases.js';
import type { Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Request } from '../values/request.js';
import type { Runner } from '../values/runner.js';
import { minorOf, platformOf, pythonRange } from './target.js';

function pythonProblems({ version, implementation, bits, freeThreaded, executable }: Interpreter): Problem[] {
  const supported = supportedPythons();
  const newest = supported.at(-1) ?? '';
  const range = pythonRange(supported);
  const another = `Name another interpreter, for example "python: python${newest}".`;
  const rules: readonly (readonly [boolean, string, string])[] = [
    [
      implementation !== 'cpython',
      `${executable} is ${implementation} ${version}; PaddlePaddle has wheels for CPython only.`,
      another,
    ],
    [
      implementation === 'cpython' && !supported.includes(minorOf(version)),
      `${executable} is Python ${version}; PaddlePaddle has wheels for Python ${range}.`,
      another,
    ],
    [
      bits === 32,
      `${executable} is a 32-bit Python; PaddlePaddle has 64-bit wheels only.`,
      'Install a 64-bit Python and name it: "python: /path/to/python".',
    ],
    [
      freeThreaded,
      `${executable} is a free-threaded Python; PaddlePaddle has no wheels for those.`,
      `Name an ordinary build, for example "python: python${minorOf(version)}".`,
    ],
  ];
  return rules.flatMap(([broken, what, remedy]) => (broken ? [{ where: 'python', what, remedy }] : []));
}

function systemProblems(runner: Runner): Problem[] {
  const { interpreter, cpuFlags } = runner;
  const platform = platformOf(runner);
  const known = new Set<string>(devices.flatMap(({ platforms }) => platforms));
  const rules: readonly (readonly [boolean, string, string])[] = [
    [
      !known.has(platform) && interpreter.bits === 64,
      `PaddlePaddle has no wheels for ${platform}; it has some for ${[...known].join(', ')}.`,
      platform === 'win32-arm64'
        ? 'Install the x64 build of Python, which Windows runs on this machine too, and name it with "python".'
        : 'Run the job on one of those.',
    ],
    [
      interpreter.musl !== null,
      `This system's C library is musl ${interpreter.musl ?? ''} (Alpine); PaddlePaddle's wheels need glibc.`,
      'Use a system or image with glibc, such as Debian, Ubuntu or Rocky Linux.',
    ],
    [
      platform.endsWith('-x64') && cpuFlags !== null && !cpuFlags.includes('avx'),
      'This processor (or virtual machine) has no AVX; PaddlePaddle since 2.5 dies on it with "Illegal instruction".',
      'Give the virtual machine the host\'s processor type (QEMU: "-cpu host"), or use another machine.',
    ],
  ];
  return rules.flatMap(([broken, what, remedy]) => (broken ? [{ where: 'machine', what, remedy }] : []));
}

function environmentProblems({ venv, install }: Request, interpreter: Interpreter): Problem[] {
  if (!install) return [];
  if (venv !== null) {
    // One that is not there yet has the interpreter that it will be made of.
    const there = interpreter.virtual && interpreter.executable.startsWith(venv);
    const what = `This user may not write to ${interpreter.purelib} of this environment.`;
    const remedy = 'Name a folder of this user, or let the user write there.';
    return there && !interpreter.writable ? [{ where: 'venv', what, remedy }] : [];
  }
  if (interpreter.externallyManaged !== null) {
    return [
      {
        where: 'python',
        what: `${interpreter.executable} belongs to the system's package manager, which forbids installing into it (PEP 668).`,
        remedy: 'Install into an environment of its own: "venv: .paddle".',
      },
    ];
  }
  return interpreter.writable
    ? []
    : [
        {
          where: 'python',
          what: `This user may not write to ${interpreter.purelib}, where ${interpreter.executable} keeps its packages.`,
          remedy: 'Install into an environment of its own: "venv: .paddle".',
        },
      ];
}

/** What is wrong with the machine and its Python whatever the device; [] when PaddlePaddle can run here. */
export function machineProblems(request: Request, runner: Runner): Problem[] {
  return [
    ...pythonProblems(runner.interpreter),
    ...systemProblems(runner),
    ...environmentProblems(request, runner.interpreter),
  ];
}
