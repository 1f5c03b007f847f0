import type { Runner } from '../values/runner.js';

/** `sysconfig.get_platform()` names a processor as the system does; Node, and the catalogue with it, in its own way. */
const processors: Readonly<Record<string, string>> = {
  x86_64: 'x64',
  amd64: 'x64',
  aarch64: 'arm64',
  arm64: 'arm64',
  i686: 'ia32',
  i386: 'ia32',
  win32: 'ia32',
};

/**
 * What wheels must be built for, in the catalogue's words (`linux-x64`): the interpreter's processor and not the machine's,
 * since an Intel Python runs on Apple silicon and takes Intel wheels. A fat interpreter runs as the machine is.
 */
export function platformOf({ os, arch, interpreter }: Runner): string {
  const processor = interpreter.platform.split('-').at(-1) ?? '';
  return `${os}-${processor === 'universal2' ? arch : (processors[processor] ?? processor)}`;
}

/** The numbers of a Python version: `3.11.2` of `3.11.2+`, which is no version of PEP 440 and what builds from a branch call themselves. */
export function releaseOf(python: string): string {
  return /^\d+(?:\.\d+)*/.exec(python)?.[0] ?? python;
}

/** `3.11` of `3.11.7`. */
export function minorOf(python: string): string {
  return releaseOf(python).split('.').slice(0, 2).join('.');
}

/** `3.8 to 3.13`, or the single ones where there are gaps, of ascending `3.x` versions. */
export function pythonRange(pythons: readonly string[]): string {
  const minors = pythons.map((python) => Number(python.split('.')[1]));
  const [first, last] = [pythons[0], pythons.at(-1)];
  const gapless = minors.every((minor, i) => minor === (minors[0] ?? 0) + i);
  return pythons.length > 2 && gapless ? `${first} to ${last}` : pythons.join(', ');
}
