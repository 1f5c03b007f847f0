import { normalise } from '../packaging/name.js';

/** Which kinds of files may be taken for a package. */
export interface Formats {
  readonly wheel: boolean;
  readonly sdist: boolean;
}

/** `--no-binary a,b` → its option and names; pip takes a blank or an equals sign between them. */
function parts(line: string): { readonly option: string; readonly names: readonly string[] } {
  const [, option = '', list = ''] = /^(--no-binary|--only-binary)[\s=]+(.+)$/.exec(line.trim()) ?? [];
  return {
    option,
    names: list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  };
}

/** `--no-binary`/`--only-binary` lines of requirements files as arguments of uv, which takes one name an option. */
export function formatArguments(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const { option, names } = parts(line);
    return names.flatMap((name) => [option, name]);
  });
}

/**
 * What the lines allow for a package, read in order as pip does: `:all:` stands for every package, `:none:` empties the list,
 * and a package named in one list leaves the other.
 */
export function formatsFor(name: string, lines: readonly string[]): Formats {
  const lists = { '--no-binary': new Set<string>(), '--only-binary': new Set<string>() };
  for (const { option, names } of lines.map(parts)) {
    if (option !== '--no-binary' && option !== '--only-binary') continue;
    const [own, other] =
      option === '--no-binary'
        ? [lists['--no-binary'], lists['--only-binary']]
        : [lists['--only-binary'], lists['--no-binary']];
    for (const given of names) {
      if (given === ':none:') own.clear();
      else if (given === ':all:') {
        own.clear();
        other.clear();
        own.add(given);
      } else {
        own.add(normalise(given));
        other.delete(normalise(given));
      }
    }
  }
  const within = (set: ReadonlySet<string>, rival: ReadonlySet<string>): boolean =>
    set.has(name) || (set.has(':all:') && !rival.has(name));
  return {
    wheel: !within(lists['--no-binary'], lists['--only-binary']),
    sdist: !within(lists['--only-binary'], lists['--no-binary']),
  };
}
