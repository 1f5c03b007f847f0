/**
 * Checks that action.yml, README.md and the CLI's help say what the table of src/request/inputs.ts says;
 * with --write it writes the parts of action.yml and README.md that lie between the markers.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputs, outputs } from '../src/request/inputs.ts';
import { root } from './tree.mjs';

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|');

const actionInputs = inputs.map(({ name, help, default: fallback }) =>
  [`  ${name}:`, `    description: ${quoted(help)}`, ...(fallback ? [`    default: ${quoted(fallback)}`] : [])].join(
    '\n',
  ),
);
const actionOutputs = outputs.map(({ name, help }) => `  ${name}:\n    description: ${quoted(help)}`);
const inputRows = inputs.map(
  ({ name, help, default: fallback }) => `| \`${name}\` | ${fallback ? `\`${cell(fallback)}\`` : ''} | ${cell(help)} |`,
);
const outputRows = outputs.map(({ name, help }) => `| \`${name}\` | ${cell(help)} |`);

/** What stands between two markers: file, marker lines, text. */
const parts = [
  { file: 'action.yml', start: '  # inputs:start', end: '  # inputs:end', text: actionInputs.join('\n') },
  { file: 'action.yml', start: '  # outputs:start', end: '  # outputs:end', text: actionOutputs.join('\n') },
  {
    file: 'README.md',
    start: '<!-- inputs:start -->',
    end: '<!-- inputs:end -->',
    text: ['| input | default | meaning |', '|---|---|---|', ...inputRows].join('\n'),
  },
  {
    file: 'README.md',
    start: '<!-- outputs:start -->',
    end: '<!-- outputs:end -->',
    text: ['| output | meaning |', '|---|---|', ...outputRows].join('\n'),
  },
];

const problems = [];
for (const { file, start, end, text } of parts) {
  const path = join(root, file);
  const whole = readFileSync(path, 'utf8');
  const [head, rest] = whole.split(`${start}\n`);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) {
    problems.push(`${file} has no pair of lines \`${start.trim()}\` and \`${end.trim()}\``);
    continue;
  }
  const wanted = `${head}${start}\n${text}\n${end}${tail}`;
  if (wanted === whole) continue;
  if (process.argv.includes('--write')) writeFileSync(path, wanted);
  else
    problems.push(
      `${file}: what follows \`${start.trim()}\` is not the table of src/request/inputs.ts; \`npm run docs\``,
    );
}

if (!process.argv.includes('--write')) {
  const help = execFileSync(process.execPath, [join(root, 'dist', 'cli', 'index.js'), '--help'], { encoding: 'utf8' });
  const flat = help.replaceAll(/\s+/g, ' ');
  for (const { name, help: sentence, default: fallback } of inputs) {
    if (!flat.includes(` --${name} ${sentence}`))
      problems.push(`the CLI's help does not explain --${name} as the table does`);
    if (fallback && !flat.includes(`${sentence} Default: ${fallback}.`))
      problems.push(`the CLI's help lacks --${name}'s default`);
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else console.log(`${inputs.length} inputs and ${outputs.length} outputs are told the same everywhere`);
