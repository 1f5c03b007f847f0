import type { Ending, Pair } from './trial.js';

const marks: Readonly<Record<Ending, string>> = {
  passes: '✓',
  'passes with its known defect': '⚠',
  refused: '–',
  fails: '✗',
};

function commandOf({ command, device, gpu }: Pair): string {
  return command === 'verify'
    ? '`verify` on such an environment'
    : `\`setup --device ${device}${gpu === 'optional' ? ' --gpu optional' : ''}\``;
}

/** One line for a table: no line ends, no bar. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
}

/** The endings as docs/verified-releases.md shows them. `machine`: what they ran on, `date` the day as `YYYY-MM-DD`. */
export function describeEndings(pairs: readonly Pair[], machine: string, date: string): string {
  const cpu = pairs.filter(({ device }) => device === 'cpu');
  const gpu = pairs.filter(({ device }) => device !== 'cpu');
  const minors = [...new Set(cpu.map(({ minor }) => minor))];
  const rows = [...new Set(cpu.map(({ version }) => version))].map((version) => {
    const cells = minors.map((minor) => {
      const pair = cpu.find((one) => one.version === version && one.minor === minor);
      return pair === undefined ? '' : `${marks[pair.ending]}${pair.surprise ? ' (surprise)' : ''}`;
    });
    return `| ${[version, ...cells].join(' | ')} |`;
  });
  const surprises = pairs.filter(({ surprise }) => surprise);
  const tests = gpu.map((pair) => `| ${commandOf(pair)} | ${marks[pair.ending]} ${pair.ending} | ${cell(pair.said)} |`);
  const [first] = gpu;
  return [
    '# Releases that were verified',
    '',
    'CPU builds from the official index, each installed by this program into a new environment and verified in full,',
    `on ${machine}, on ${date}.`,
    'Printed by `npm run -s matrix`, which does it again.',
    '',
    `| PaddlePaddle | ${minors.join(' | ')} |`,
    `|${' --- |'.repeat(minors.length + 1)}`,
    ...rows,
    '',
    '✓ every check passed; ⚠ passed but for the known defect, saved models that interpolate with oneDNN, which is told; – refused before',
    'anything was downloaded, as there is no such file; ✗ failed.',
    `${pairs.length} pairs, ${surprises.length} surprises.`,
    ...surprises.map(({ version, minor, device, said }) => `\nSurprise: ${version} (${device}) on ${minor}: ${said}`),
    ...(first === undefined
      ? []
      : [
          '',
          `The last GPU build of that index, \`paddlepaddle-gpu\` ${first.version}, on Python ${first.minor} on a machine without a GPU:`,
          '',
          '| command | ending | what it said |',
          '| --- | --- | --- |',
          ...tests,
        ]),
  ].join('\n');
}
