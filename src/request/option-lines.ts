import { distance } from 'fastest-levenshtein';

/** One option of a requirements file: its long name and value. */
export interface FileOption {
  readonly name: keyof typeof known;
  /** '' for an option that takes none. */
  readonly value: string;
}

/** Options that a requirements file may hold on a line of their own (pip, "Requirements File Format"), with other spellings. */
const known = {
  '--requirement': { spellings: ['-r'], value: true },
  '--constraint': { spellings: ['-c'], value: true },
  '--index-url': { spellings: ['-i', '--pypi-url'], value: true },
  '--extra-index-url': { spellings: [], value: true },
  '--find-links': { spellings: ['-f'], value: true },
  '--no-index': { spellings: [], value: false },
  '--pre': { spellings: [], value: false },
  '--prefer-binary': { spellings: [], value: false },
  '--no-binary': { spellings: [], value: true },
  '--only-binary': { spellings: [], value: true },
  '--require-hashes': { spellings: [], value: false },
  '--trusted-host': { spellings: [], value: true },
  '--use-feature': { spellings: [], value: true },
} as const;

type Name = keyof typeof known;
const names = Object.keys(known) as Name[];

/** Words of a line; quotes hold blanks together. A backslash is nothing special: it belongs to paths of Windows. */
function words(line: string): string[] {
  if (/["']/.test(line.replace(/"[^"]*"|'[^']*'/g, ''))) {
    throw new SyntaxError('a quote is not closed');
  }
  return (line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []).map((word) => word.replace(/["']/g, ''));
}

function findName(word: string): { readonly name: Name; readonly attached: string | null } {
  const [spelling = '', ...rest] = word.split('=');
  for (const name of names) {
    const spellings: readonly string[] = [name, ...known[name].spellings];
    if (spellings.includes(spelling)) {
      return { name, attached: rest.length === 0 ? null : rest.join('=') };
    }
    const short = spellings.find((one) => /^-[a-z]$/.test(one) && word.startsWith(one));
    if (short !== undefined && word.length > 2) {
      return { name, attached: word.slice(2) };
    }
  }
  const nearest = names.reduce((best, name) => (distance(word, name) < distance(word, best) ? name : best));
  throw new SyntaxError(`\`${spelling}\` is no option of a requirements file; the nearest is \`${nearest}\``);
}

/** Whether a line holds options and not a requirement (`-e` begins a requirement). */
export function isOptionLine(line: string): boolean {
  return line.startsWith('-') && !/^(?:-e|--editable)(?:[\s=]|$)/.test(line);
}

/** Reads a line of options, short or long, with a blank or `=` before the value. Throws SyntaxError with a phrase that says what is wrong. */
export function parseOptionLine(line: string): FileOption[] {
  const options: FileOption[] = [];
  const queue = words(line);
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (!word.startsWith('-')) {
      throw new SyntaxError(`\`${word}\` belongs to no option`);
    }
    const { name, attached } = findName(word);
    const value = known[name].value ? (attached ?? queue.shift() ?? '') : '';
    if (known[name].value && (value === '' || value.startsWith('--'))) {
      throw new SyntaxError(`\`${name}\` needs a value`);
    }
    if (!known[name].value && attached !== null) {
      throw new SyntaxError(`\`${name}\` takes no value`);
    }
    options.push({ name, value });
  }
  return options;
}
