import type { Interpreter } from '../values/interpreter.js';
import { parseFilename } from './filename.js';

/** What decides which wheels an interpreter takes. */
export interface TagEnvironment
  extends Pick<Interpreter, 'implementation' | 'version' | 'freeThreaded' | 'platform' | 'bits' | 'glibc' | 'musl'> {
  /** `platform.mac_ver()[0]` such as `14.5` and `platform.machine()`; null elsewhere than on macOS. */
  readonly macos: { readonly version: string; readonly machine: string } | null;
}

/** PEP 600: the older names of three glibc levels. */
const manylinuxAliases: Readonly<Record<number, string>> = {
  5: 'manylinux1',
  12: 'manylinux2010',
  17: 'manylinux2014',
};
/** A 32-bit interpreter on a 64-bit kernel runs the smaller instruction set. */
const smallMachines: Readonly<Record<string, string>> = { x86_64: 'i686', aarch64: 'armv8l' };
/** Machines that manylinux wheels are built for, with the oldest glibc minor version (PEP 513, PEP 599). */
const oldestGlibc: Readonly<Record<string, number>> = {
  x86_64: 5,
  i686: 5,
  aarch64: 17,
  armv7l: 17,
  loongarch64: 17,
  ppc64: 17,
  ppc64le: 17,
  riscv64: 17,
  s390x: 17,
};

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i);
}

function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}

function linuxPlatforms(machine: string, { glibc, musl, bits }: TagEnvironment): string[] {
  const own = bits === 32 ? (smallMachines[machine] ?? machine) : machine;
  const machines = own === 'armv8l' ? ['armv8l', 'armv7l'] : [own];
  const known = machines.filter((name) => oldestGlibc[name] !== undefined);
  const oldest = Math.min(...known.map((name) => oldestGlibc[name] ?? 0));
  const manylinux =
    glibc === null || known.length === 0
      ? []
      : range(minorOf(glibc), oldest).flatMap((minor) =>
          known.flatMap((name) => {
            const alias = manylinuxAliases[minor];
            return [`manylinux_2_${minor}_${name}`, ...(alias === undefined ? [] : [`${alias}_${name}`])];
          }),
        );
  const musllinux =
    musl === null
      ? []
      : range(minorOf(musl), 0).flatMap((minor) => machines.map((name) => `musllinux_1_${minor}_${name}`));
  return [...manylinux, ...musllinux, ...machines.map((name) => `linux_${name}`)];
}

/** Formats that hold code for a machine, its own first; the fat ones of the PowerPC years count on Intel only. */
function macFormats(machine: string): string[] {
  return machine === 'x86_64'
    ? ['x86_64', 'intel', 'fat64', 'fat32', 'universal2', 'universal']
    : [machine, 'universal2'];
}

/** Until 10.15 the minor version names the release, from 11 on the major one; Apple silicon takes older binaries only where they are fat. */
function macPlatforms({ version, machine }: NonNullable<TagEnvironment['macos']>): string[] {
  const major = Number(version.split('.')[0]);
  const minor = minorOf(version);
  const formats = macFormats(machine);
  const modern = range(major, 11).flatMap((release) => formats.map((format) => `macosx_${release}_0_${format}`));
  const lastTen = major >= 11 ? 16 : minor;
  const older = range(lastTen, 4).flatMap((release) =>
    (machine === 'arm64' ? ['universal2'] : formats).map((format) => `macosx_10_${release}_${format}`),
  );
  return [...modern, ...older];
}

function platforms(environment: TagEnvironment): string[] {
  if (environment.macos !== null) {
    return macPlatforms(environment.macos);
  }
  const name = environment.platform.replace(/[-. ]/g, '_');
  return name.startsWith('linux_') ? linuxPlatforms(name.slice('linux_'.length), environment) : [name];
}

/**
 * Compatibility tags of an interpreter in the order in which installers prefer them (PEP 425, 600, 656), equal to those that pip takes.
 * For another implementation than CPython only the tags of pure Python wheels.
 */
export function compatibleTags(environment: TagEnvironment): string[] {
  const [major = 3, minor = 0] = environment.version.split('.').map(Number);
  const where = platforms(environment);
  const python = `cp${major}${minor}`;
  const native: string[] = [];
  if (environment.implementation === 'cpython') {
    const abi = `${python}${environment.freeThreaded ? 't' : ''}${minor < 8 ? 'm' : ''}`;
    const stable = environment.freeThreaded ? [] : [python];
    const olderStable = environment.freeThreaded ? [] : range(minor - 1, 2).map((older) => `cp${major}${older}`);
    native.push(
      ...where.map((platform) => `${python}-${abi}-${platform}`),
      ...stable.flatMap((name) => where.map((platform) => `${name}-abi3-${platform}`)),
      ...where.map((platform) => `${python}-none-${platform}`),
      ...olderStable.flatMap((name) => where.map((platform) => `${name}-abi3-${platform}`)),
    );
  }
  const pure = [`py${major}${minor}`, `py${major}`, ...range(minor - 1, 0).map((older) => `py${major}${older}`)];
  return [
    ...native,
    ...pure.flatMap((name) => where.map((platform) => `${name}-none-${platform}`)),
    ...(environment.implementation === 'cpython' ? [`${python}-none-any`] : []),
    ...pure.map((name) => `${name}-none-any`),
  ];
}

/**
 * The wheel of one version that an installer takes: the most preferred tag, then the highest build number (PEP 427).
 * Null where none fits. `files` may hold sdists and other names; they are passed over.
 */
export function bestWheel<File extends { readonly filename: string }>(
  files: readonly File[],
  tags: readonly string[],
): File | null {
  const rank = new Map(tags.map((tag, index) => [tag, index]));
  const fitting = files.flatMap((file) => {
    const name = parseFilename(file.filename);
    if (name?.kind !== 'wheel') {
      return [];
    }
    const best = Math.min(...name.tags.map((tag) => rank.get(tag) ?? Number.POSITIVE_INFINITY));
    return best === Number.POSITIVE_INFINITY ? [] : [{ file, best, build: name.build ?? { number: -1, suffix: '' } }];
  });
  fitting.sort(
    (a, b) => a.best - b.best || b.build.number - a.build.number || (a.build.suffix < b.build.suffix ? 1 : -1),
  );
  return fitting[0]?.file ?? null;
}
