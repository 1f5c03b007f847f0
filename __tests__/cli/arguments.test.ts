import { describe, expect, test } from '@jest/globals';
import { commands, parseArguments } from '../../src/cli/arguments.js';
import { formatHelp } from '../../src/cli/help.js';
import { spellAsFlags } from '../../src/cli/spell.js';
import { usedInputs } from '../../src/cli/used-inputs.js';
import { inputs } from '../../src/request/inputs.js';
import { Failure, type Problem } from '../../src/values/failure.js';

function problemsOf(...argv: string[]): readonly Problem[] {
  try {
    parseArguments(argv);
  } catch (error) {
    if (error instanceof Failure) return error.problems;
    throw error;
  }
  return [];
}

describe('the command line', () => {
  test('takes a flag with its value behind a blank or an equals sign', () => {
    const { command, raw } = parseArguments(['setup', '--device', 'cpu', '--venv=my env', '--packages=']);
    expect({ command, raw }).toEqual({ command: 'setup', raw: { device: 'cpu', venv: 'my env', packages: '' } });
  });

  test('joins a flag that is given twice, one value a line', () => {
    expect(parseArguments(['setup', '--requirements', 'a.txt', '--requirements', 'b.txt']).raw).toEqual({
      requirements: 'a.txt\nb.txt',
    });
  });

  test('takes the words for another machine with plan alone', () => {
    expect(parseArguments(['plan', '--as', 'linux-x86_64,py311', '--as=sm=89']).as).toBe('linux-x86_64,py311,sm=89');
    expect(parseArguments(['plan']).as).toBeNull();
    expect(problemsOf('setup', '--as', 'py311')).toMatchObject([
      { where: '--as', remedy: expect.stringContaining('plan --as') },
    ]);
    expect(problemsOf('plan', '--as')).toMatchObject([{ what: 'it needs a value.' }]);
  });

  test('takes a value that looks like a version clause or an option of its own', () => {
    expect(parseArguments(['setup', '--paddle-version', '>=3.1,<3.3', '--packages', '-e .']).raw).toEqual({
      'paddle-version': '>=3.1,<3.3',
      packages: '-e .',
    });
  });

  test.each([[[]], [['help']], [['setup', '--help']], [['-h']]])('shows its help for %j', (argv) => {
    expect(parseArguments(argv).command).toBe('help');
  });

  test('names every mistake at once, with the nearest right spelling', () => {
    expect(problemsOf('stup', '--devce', 'cpu', '--cache', '--venv', 'x')).toEqual([
      expect.objectContaining({ where: '--devce', remedy: expect.stringContaining('--device') }),
      expect.objectContaining({ where: '--cache', what: 'it needs a value.' }),
      expect.objectContaining({ where: 'stup', remedy: expect.stringContaining('setup') }),
    ]);
  });

  test('refuses a value behind a switch, which would be taken for "on" whatever it says', () => {
    expect(problemsOf('plan', '--json=false')).toEqual([
      expect.objectContaining({ where: '--json', what: 'it takes no value.' }),
    ]);
  });

  test('takes a word that was begun for the one that it begins, and guesses nothing from one letter', () => {
    expect(problemsOf('cach')[0]?.remedy).toContain('Did you mean cache ls?');
    expect(problemsOf('setup', '--environment')[0]?.remedy).toContain('Did you mean --environment-file?');
    expect(problemsOf('setup', '-x')[0]?.remedy).toBe('`setup --help` lists all.');
  });

  test('takes both words of a command of the family cache', () => {
    expect(parseArguments(['cache', 'ls', '--json'])).toMatchObject({ command: 'cache ls', json: true });
    expect(parseArguments(['cache', '--help']).command).toBe('help');
    expect(problemsOf('cache').map(({ where }) => where)).toEqual(['cache ...']);
    expect(problemsOf('cache', 'prunes')).toEqual([
      expect.objectContaining({ where: 'cache prunes', remedy: expect.stringContaining('cache prune?') }),
    ]);
    expect(problemsOf('cache', 'ls', 'all').map(({ where }) => where)).toEqual(['all']);
  });

  test('refuses a word that belongs to no flag, but not the value of a misspelt one', () => {
    expect(problemsOf('setup', 'cpu').map(({ where }) => where)).toEqual(['cpu']);
    expect(problemsOf('setup', '--devce', 'cpu').map(({ where }) => where)).toEqual(['--devce']);
  });
});

describe('the help', () => {
  test('says of --json what holds: every command prints its result so', () => {
    const [line = ''] = /--json .*/.exec(formatHelp()) ?? [];
    expect(line).toContain('every command');
    expect(Object.keys(commands).filter((name) => line.includes(name))).toEqual([]);
  });

  test.each(inputs.map(({ name, help }) => [name, help] as const))('explains --%s', (name, help) => {
    const text = formatHelp().replace(/\s+/g, ' ');
    expect(text).toContain(`--${name} `);
    expect(text).toContain(help);
  });
});

describe('remedies in a shell', () => {
  test('are spelt as flags, quoted where a shell needs it', () => {
    const problem = {
      where: 'device',
      what: '`device: cpu` would work.',
      remedy: 'Write "paddle-version: >=3.1,<3.3" or "device: cu126".',
    };
    expect(spellAsFlags(problem)).toEqual({
      where: '--device',
      what: '`--device cpu` would work.',
      remedy: 'Write "--paddle-version \'>=3.1,<3.3\'" or "--device cu126".',
    });
  });

  test('leave files and other quotes alone', () => {
    const problem = { where: 'requirements.txt:3', what: 'It says "note: this".', remedy: 'Correct it.' };
    expect(spellAsFlags(problem)).toEqual(problem);
  });
});

test('who tidies up may repeat the flags of setup, though what they name is gone', () => {
  const raw = { requirements: 'gone.txt', venv: 'gone', 'cache-path': '/kept', report: 'report.json' };
  expect(usedInputs('restore', raw)).toEqual({ report: 'report.json' });
  for (const command of ['cache ls', 'cache verify', 'cache prune'] as const)
    expect(usedInputs(command, raw)).toEqual({ 'cache-path': '/kept', report: 'report.json' });
  for (const command of ['setup', 'plan', 'probe', 'verify'] as const) expect(usedInputs(command, raw)).toEqual(raw);
});
