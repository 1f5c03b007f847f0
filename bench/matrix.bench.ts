/**
 * Every CPU release against every Python of this machine, for real: installed by the built program into a new environment from the
 * official index, then verified in full; and the last GPU build of that index on a machine without a GPU. Prints a table, and fails
 * where a pair ends otherwise than the catalogue says. `--only 3.2` takes the releases that begin so, `--json FILE` writes every pair.
 * About half a minute and 220 MB of download a pair; each is removed again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { combinations, releases } from '../src/catalog/releases.js';
import { satisfies } from '../src/packaging/version.js';
import { findPythons } from './matrix/pythons.js';
import { type Ending, type Pair, trial } from './matrix/trial.js';

/** The releases of which the official index has a CPU build that works with what is installed beside it today. */
const range = '>=2.6.2,<3.4';

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { only: { type: 'string', default: '' }, json: { type: 'string' } },
});

const marks: Readonly<Record<Ending, string>> = {
  passes: '✓',
  'passes with its known defect': '⚠',
  refused: '–',
  fails: '✗',
};

const pythons = findPythons();
const chosen = releases.filter(
  ({ version }) => satisfies(version, range, { prereleases: false }) && version.startsWith(values.only),
);
const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-matrix-'));
const published = new Set(
  combinations()
    .filter(({ device, platform }) => device === 'cpu' && platform === 'linux-x64')
    .map(({ version, python }) => `${version} ${python}`),
);
const pairs: Pair[] = [];
try {
  for (const release of chosen) {
    for (const [minor, python] of pythons) {
      const expected: Ending[] = published.has(`${release.version} ${minor}`)
        ? ['passes', 'passes with its known defect']
        : ['refused'];
      const build = { version: release.version, minor, device: 'cpu', gpu: 'required' } as const;
      pairs.push(await trial({ ...build, expected }, python, place));
    }
  }
  const [minor, python] = [...pythons].find(([name]) => name === '3.11') ?? [];
  if (minor !== undefined && python !== undefined && '2.6.2'.startsWith(values.only)) {
    const build = { version: '2.6.2', minor, device: 'cu118' } as const;
    pairs.push(await trial({ ...build, gpu: 'required', expected: ['refused'] }, python, place));
    pairs.push(await trial({ ...build, gpu: 'optional', expected: ['passes'] }, python, place));
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(pairs, null, 2)}\n`);

const names = [...pythons.keys()];
console.log(`\n| PaddlePaddle | ${names.join(' | ')} |\n|${' --- |'.repeat(names.length + 1)}`);
for (const { version } of chosen) {
  const cells = names.map((minor) => {
    const pair = pairs.find((one) => one.version === version && one.minor === minor && one.device === 'cpu');
    return pair === undefined ? '' : `${marks[pair.ending]}${pair.surprise ? ' (surprise)' : ''}`;
  });
  console.log(`| ${version} | ${cells.join(' | ')} |`);
}
console.log(
  `\n${Object.entries(marks)
    .map(([ending, mark]) => `${mark} ${ending}`)
    .join(', ')}\n`,
);
for (const pair of pairs.filter(({ device }) => device !== 'cpu')) {
  console.log(`paddlepaddle-gpu ${pair.version} (${pair.device}), gpu: ${pair.gpu}: ${pair.ending}. ${pair.said}`);
}
const surprises = pairs.filter(({ surprise }) => surprise);
for (const { version, minor, device, said } of surprises) {
  console.log(`SURPRISE ${version} (${device}) on Python ${minor}: ${said}`);
}
console.log(`${pairs.length} pairs, ${surprises.length} surprises`);
if (surprises.length > 0 || pairs.length === 0) process.exitCode = 1;
