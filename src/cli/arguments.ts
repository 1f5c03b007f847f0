import { parseArgs } from 'node:util';
import { inputs, secretVariable } from '../request/inputs.js';
import { nearest } from '../request/rules.js';
import { Failure, type Problem } from '../values/failure.js';

/** The commands of the CLI with one line of help each. */
export const commands = {
  setup: 'install and verify PaddlePaddle',
  plan: 'print what setup would do, and do nothing',
  probe: 'show which sources answer, how fast, and why the others do not',
  verify: 'check an existing environment',
  restore: 'undo what earlier runs changed on this machine',
  'cache ls': 'show what the cache folder holds, by key, with sizes and last use',
  'cache verify': 'hash everything in the cache folder, and remove what is wrong',
  'cache prune': 'bring the cache folder below --cache-limit, and remove what killed runs left',
} as const;

/** A command's name. */
export type Command = keyof typeof commands;

/** A parsed command line: the inputs as given, and what is the CLI's own. */
export interface Arguments {
  readonly command: Command | 'help' | 'version';
  /** Input name → text as given; a flag that takes several lines may be given several times. */
  readonly raw: Readonly<Record<string, string>>;
  /** The machine that `plan` is for in place of this one, in words; null: this one. */
  readonly as: string | null;
  readonly json: boolean;
  readonly debug: boolean;
}

const SWITCHES = ['help', 'version', 'json', 'debug'];

/** Reads the command line. Throws one Failure (exit code 2) that names every unknown command, unknown flag and missing value. */
export function parseArguments(argv: readonly string[]): Arguments {
  const names = inputs.map((input) => input.name);
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: 'string' as const, multiple: true }]),
    ['as', { type: 'string' as const, multiple: true }],
    ...SWITCHES.map((name) => [name, { type: 'boolean' as const }]),
    ['h', { type: 'boolean' as const }],
  ]);
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const problems: Problem[] = [];
  const raw: Record<string, string> = {};
  const switches = new Set<string>();
  const words: string[] = [];
  let unknown = Number.NaN;
  let as: string | null = null;
  for (const token of tokens) {
    // What follows a misspelt flag is most likely its value.
    if (token.kind === 'positional' && token.index !== unknown + 1) words.push(token.value);
    if (token.kind !== 'option') continue;
    if (SWITCHES.includes(token.name) && token.value !== undefined)
      problems.push({
        where: token.rawName,
        what: 'it takes no value.',
        remedy: `Write ${token.rawName} alone, or leave it out.`,
      });
    else if (SWITCHES.includes(token.name) || token.rawName === '-h')
      switches.add(token.rawName === '-h' ? 'help' : token.name);
    else if (!names.includes(token.name) && token.name !== 'as') {
      unknown = token.index;
      const near = nearest(token.name, [...names, ...SWITCHES, 'as']);
      problems.push({
        where: token.rawName,
        what: 'there is no such flag.',
        // One letter is near to everything.
        remedy: `${token.name.length > 1 ? `Did you mean --${near}? ` : ''}\`setup --help\` lists all.`,
      });
    } else if (inputs.some(({ name, secret }) => name === token.name && secret)) {
      unknown = token.index;
      problems.push({
        where: token.rawName,
        what: 'it is a secret, and every user of this machine can read a command line.',
        remedy: `Set the variable ${secretVariable(token.name)} instead.`,
      });
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      // A flag stands where the value should be: what follows that flag is its value and no mistake of its own.
      if (token.value !== undefined) unknown = token.index + 1;
      problems.push({
        where: token.rawName,
        what: 'it needs a value.',
        remedy: `Write ${token.rawName} VALUE, or ${token.rawName}= for an empty one.`,
      });
    } else if (token.name === 'as') as = as === null ? token.value : `${as},${token.value}`;
    else if (raw[token.name] === undefined) raw[token.name] = token.value;
    else if (inputs.some(({ name, type }) => name === token.name && type === 'lines')) {
      raw[token.name] = `${raw[token.name]}\n${token.value}`;
    } else {
      problems.push({ where: token.rawName, what: 'it is given twice.', remedy: 'Write it once.' });
    }
  }
  // `cache` is a family of commands: its second word belongs to the name.
  const length = words[0] === 'cache' && words.length > 1 ? 2 : 1;
  const word = words.length === 0 ? undefined : words.slice(0, length).join(' ');
  const rest = words.slice(length);
  const command = (Object.keys(commands) as Command[]).find((name) => name === word);
  const known = command !== undefined || word === 'help' || (word === 'cache' && switches.has('help'));
  if (word !== undefined && !known) {
    problems.push({
      // Alone it reads like the input of that name.
      where: word === 'cache' ? 'cache ...' : word,
      what: 'there is no such command.',
      remedy: `Did you mean ${nearest(word, Object.keys(commands))}? The commands are ${Object.keys(commands).join(', ')}.`,
    });
  }
  for (const extra of rest) {
    problems.push({
      where: extra,
      what: 'this word belongs to no flag.',
      remedy: 'Quote a value that holds blanks, and write --flag before it.',
    });
  }
  if (as !== null && command !== 'plan') {
    problems.push({
      where: '--as',
      what: 'it describes another machine, and only `plan` can do something for that.',
      remedy: 'Write `plan --as ...`, or leave it out.',
    });
  }
  if (problems.length > 0) throw new Failure(2, problems);
  const wanted = switches.has('version') ? 'version' : switches.has('help') || command === undefined ? 'help' : command;
  return { command: wanted, raw, as, json: switches.has('json'), debug: switches.has('debug') };
}
