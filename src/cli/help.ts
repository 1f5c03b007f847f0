import { inputs } from '../request/inputs.js';
import { commands } from './arguments.js';

const WIDTH = 100;

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** The whole help: commands, every input with its default, exit codes, files. */
export function formatHelp(): string {
  const commandLines = Object.entries(commands).map(([name, help]) => `  ${name.padEnd(14)}${help}`);
  const inputLines = inputs.map((input) => {
    const fallback = input.default === null || input.default === '' ? '' : ` Default: ${input.default}.`;
    return `  --${input.name}\n      ${wrap(`${input.help}${fallback}`, 6)}`;
  });
  return [
    'From bare Python to a verified PaddlePaddle, on any network.',
    '',
    'Usage: node dist/cli/index.js COMMAND [--input VALUE ...]',
    '',
    'Commands:',
    ...commandLines,
    '',
    'Inputs (the same names as the action has; all commands take those that concern them):',
    ...inputLines,
    '',
    'Other flags:',
    '  --as WORDS  plan for another machine, for example linux-x86_64,py311,driver=535,sm=89',
    '  --json      print the result as JSON on standard output (every command)',
    '  --debug     say more on standard error',
    '  --help, --version',
    '',
    'Exit codes: 0 done, 1 failed, 2 the request is wrong or has no solution, 3 verification failed.',
    '',
  ].join('\n');
}
