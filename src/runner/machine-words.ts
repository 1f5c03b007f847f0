import { compatibleTags } from '../packaging/tags.js';
import { Failure, type Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Runner } from '../values/runner.js';

/** A machine told in words, for `plan --as`. What was left out is null. */
export interface MachineWords {
  readonly system: System | null;
  /** `3.11`, or a whole version. */
  readonly python: string | null;
  readonly implementation: 'cpython' | 'pypy';
  readonly freeThreaded: boolean;
  readonly bits: 32 | 64;
  readonly driver: string | null;
  readonly driverCuda: string | null;
  /** One a GPU. */
  readonly capabilities: readonly string[];
  readonly others: Runner['accelerators']['others'];
  readonly glibc: string | null;
  readonly musl: string | null;
  readonly macos: string | null;
  readonly avx: boolean;
  readonly wsl: boolean;
}

type System = (typeof systems)[number];

/** `platform` is what `sysconfig.get_platform()` says there. */
const systems = [
  { names: /^linux-(?:x86_64|x64|amd64)$/, os: 'linux', arch: 'x64', platform: 'linux-x86_64' },
  { names: /^linux-(?:aarch64|arm64)$/, os: 'linux', arch: 'arm64', platform: 'linux-aarch64' },
  { names: /^(?:windows|win|win32)-(?:x86_64|x64|amd64)$/, os: 'win32', arch: 'x64', platform: 'win-amd64' },
  { names: /^(?:windows|win|win32)-(?:aarch64|arm64)$/, os: 'win32', arch: 'arm64', platform: 'win-arm64' },
  { names: /^(?:macos|darwin)-(?:arm64|aarch64)$/, os: 'darwin', arch: 'arm64', platform: 'macosx-11.0-arm64' },
  { names: /^(?:macos|darwin)-(?:x86_64|x64)$/, os: 'darwin', arch: 'x64', platform: 'macosx-10.9-x86_64' },
] as const;

const vendors = ['xpu', 'xpu2', 'npu', 'dcu', 'mlu', 'gcu', 'maca', 'ixuca'];
const number = /^\d+(?:\.\d+)*$/;

const help =
  'Write words with commas between them: a system (linux-x86_64, linux-aarch64, windows-x86_64, macos-arm64, macos-x86_64), py311, ' +
  'driver=550.54.14, cuda=12.4 (what the driver takes), sm=89 for each GPU or sm=80x8, npu=8 (or xpu, dcu, mlu, gcu, maca, ixuca), ' +
  'glibc=2.17, musl=1.2, macos=14.5, noavx, wsl.';

/** `89` or `8.9` as `8.9`, `120` as `12.0`; null for other texts. */
function capability(text: string): string | null {
  if (/^\d{1,2}\.\d$/.test(text)) return text;
  return /^\d{2,3}$/.test(text) ? `${text.slice(0, -1)}.${text.slice(-1)}` : null;
}

/** `80`, `80+90` or `80x8` as a list of GPUs; null for other texts. */
function gpus(text: string): string[] | null {
  const parts = text.split('+').map((part) => {
    const [, one = '', times = '1'] = /^([\d.]+)(?:x(\d{1,3}))?$/.exec(part) ?? [];
    const sm = capability(one);
    return sm === null ? null : Array.from({ length: Number(times) }, () => sm);
  });
  return parts.some((part) => part === null) ? null : parts.flatMap((part) => part ?? []);
}

type Words = { -readonly [Part in keyof MachineWords]: MachineWords[Part] };

/** Takes one word up and gives what it tells of, '' where several may be told; null where it means nothing. */
function take(word: string, into: Words): string | null {
  const system = systems.find(({ names }) => names.test(word));
  const [, name = '', value = ''] = /^([a-z][a-z0-9]*)=(.+)$/.exec(word) ?? [];
  const [, kind, digits = '', dotted, threads] =
    /^(py|cp|python|pypy)=?(?:(\d{2,3})|(\d\.\d+(?:\.\d+)?))(t)?$/.exec(word) ?? [];
  const listed = name === 'sm' ? gpus(value) : null;
  if (system !== undefined) {
    into.system = system;
    return 'system';
  }
  if (kind !== undefined) {
    into.python = dotted ?? `${digits.charAt(0)}.${digits.slice(1)}`;
    into.freeThreaded = threads === 't';
    into.implementation = kind === 'pypy' ? 'pypy' : 'cpython';
    return 'Python';
  }
  if (listed !== null) into.capabilities = [...into.capabilities, ...listed];
  else if (name === 'driver' && number.test(value)) into.driver = value;
  else if (name === 'cuda' && /^\d+\.\d+$/.test(value)) into.driverCuda = value;
  else if (name === 'glibc' && number.test(value)) into.glibc = value;
  else if (word === 'musl' || (name === 'musl' && number.test(value))) into.musl = value || '1.2';
  else if (name === 'macos' && number.test(value)) into.macos = value;
  else if (word === 'noavx') into.avx = false;
  else if (word === 'wsl') into.wsl = true;
  else if (word === '32bit') into.bits = 32;
  else if (vendors.includes(name || word) && /^[1-9]\d{0,2}$/.test(value || '1')) {
    into.others = [...into.others, { device: name || word, count: Number(value || '1'), models: [] }];
    return '';
  } else return null;
  return ['driver', 'cuda', 'glibc', 'macos'].includes(name) ? name : word.startsWith('musl') ? 'musl' : '';
}

/** Reads `linux-x86_64,py311,driver=535,sm=89`. Throws one Failure(2) that names every word without meaning and what contradicts itself. */
export function readMachine(text: string): MachineWords {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const machine: Words = {
    ...{
      system: null,
      python: null,
      implementation: 'cpython',
      freeThreaded: false,
      bits: 64,
      driver: null,
      driverCuda: null,
    },
    ...{ capabilities: [], others: [], glibc: null, musl: null, macos: null, avx: true, wsl: false },
  };
  const problems: Problem[] = [];
  const told = new Map<string, string>();
  for (const word of words) {
    const what = take(word.toLowerCase(), machine);
    const first = told.get(what ?? '');
    if (what === null) problems.push({ where: '--as', what: `"${word}" means nothing here.`, remedy: help });
    else if (first !== undefined && what !== '')
      problems.push({
        where: '--as',
        what: `It tells the ${what} twice, "${first}" and "${word}".`,
        remedy: 'Keep the one that is meant: a plan is for one machine.',
      });
    else told.set(what, word);
  }
  const rules: readonly (readonly [boolean, string, string])[] = [
    [words.length === 0, 'It describes no machine.', help],
    [
      machine.capabilities.length > 0 && machine.driver === null,
      'It has a GPU (sm=...) without a driver.',
      'Add "driver=550.54.14", or the driver that the machine has.',
    ],
    [
      machine.driverCuda !== null && machine.driver === null,
      'It has cuda=... without a driver.',
      'Add "driver=550.54.14": cuda= is what the driver says it takes.',
    ],
    [
      machine.glibc !== null && machine.musl !== null,
      'It has two C libraries, glibc and musl.',
      'Keep the one of the two.',
    ],
  ];
  problems.push(...rules.flatMap(([broken, what, remedy]) => (broken ? [{ where: '--as', what, remedy }] : [])));
  if (problems.length > 0) throw new Failure(2, problems);
  return machine;
}

function interpreterOf(machine: MachineWords, system: System, here: Interpreter): Interpreter {
  const { implementation, freeThreaded, bits } = machine;
  const version = machine.python ?? here.version;
  const musl = system.os === 'linux' ? machine.musl : null;
  const whole = {
    ...here,
    executable: `python${version}`,
    ...{ version, implementation, freeThreaded, bits, musl },
    platform: system.platform,
    glibc: system.os === 'linux' && musl === null ? (machine.glibc ?? '2.35') : null,
    macos:
      system.os === 'darwin'
        ? { version: machine.macos ?? '14.0', machine: system.arch === 'x64' ? 'x86_64' : 'arm64' }
        : null,
    ...{ externallyManaged: null, writable: true, virtual: false, setuptools: null, paddle: {} },
  };
  return { ...whole, tags: compatibleTags(whole) };
}

/** The machine in words as a runner. Where packages come from (pip's settings, proxies) stays what it is on this machine, as does what no word tells. */
export function asRunner(machine: MachineWords, here: Runner): Runner {
  const own = systems.find(
    ({ os, platform }) => os === here.os && platform.endsWith(here.interpreter.platform.split('-').at(-1) ?? ''),
  );
  const system = machine.system ?? own ?? systems[0];
  const interpreter = interpreterOf(machine, system, here.interpreter);
  const cards = machine.capabilities.length > 0 ? machine.capabilities : machine.driver === null ? [] : [null];
  return {
    ...here,
    os: system.os,
    arch: system.arch,
    libc:
      interpreter.glibc === null
        ? interpreter.musl === null
          ? null
          : { kind: 'musl', version: interpreter.musl }
        : { kind: 'glibc', version: interpreter.glibc },
    cpuFlags: machine.avx ? null : [],
    accelerators: {
      nvidiaDriver: machine.driver,
      driverSystem: system.os === 'win32' || machine.wsl ? 'win32' : 'linux',
      driverCuda: machine.driverCuda,
      gpus: cards.map((sm, index) => ({
        index,
        name: sm === null ? 'an NVIDIA GPU' : `GPU of compute capability ${sm}`,
        capability: sm,
        memoryMiB: null,
        mig: [],
      })),
      others: machine.others,
      failures: [],
    },
    interpreter,
  };
}
