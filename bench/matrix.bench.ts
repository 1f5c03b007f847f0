/**
 * Every CPU release against every Python of this machine, for real: installed by the built program into a new environment from the
 * official index, then verified in full; and the last GPU build of that index on a machine without a GPU. Prints
 * docs/verified-releases.md, and fails where a pair ends otherwise than the catalogue says. `--only 3.2` takes the releases that begin
 * so; `--json FILE` writes every pair as it ends, and what FILE has already is not done again: a run that was stopped goes on.
 * About half a minute and 220 MB of download a pair; each is removed again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, tmpdir, type } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { combinations, releases } from '../src/catalog/releases.js';
import { satisfies } from '../src/packaging/version.js';
import { describeEndings } from './matrix/document.js';
import { keepEndings } from './matrix/kept.js';
import { findPythons } from './matrix/pythons.js';
import { type Asked, type Ending, type Pair, trial } from './matrix/trial.js';

/** The releases of which the official index has a CPU build that works with what is installed beside it today. */
const range = '>=2.6.2,<3.4';

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { only: { type: 'string', default: '' }, json: { type: 'string' } },
});

const pythons = findPythons();
const chosen = releases.filter(
  ({ version }) => satisfies(version, range, { prereleases: false }) && version.startsWith(values.only),
);
const published = new Set(
  combinations()
    .filter(({ device, platform }) => device === 'cpu' && platform === 'linux-x64')
    .map(({ version, python }) => `${version} ${python}`),
);
const cpu = chosen.flatMap(({ version }) =>
  [...pythons.keys()].map((minor): Asked => {
    const there = published.has(`${version} ${minor}`);
    const expected: Ending[] = there ? ['passes', 'passes with its known defect'] : ['refused'];
    return { version, minor, device: 'cpu', gpu: 'required', command: 'setup', expected };
  }),
);
const build = { version: '2.6.2', minor: '3.11', device: 'cu118' } as const;
const gpu: readonly Asked[] =
  pythons.has(build.minor) && build.version.startsWith(values.only)
    ? [
        { ...build, gpu: 'required', command: 'setup', expected: ['refused'] },
        { ...build, gpu: 'optional', command: 'setup', expected: ['passes'] },
        { ...build, gpu: 'optional', command: 'verify', expected: ['fails'] },
      ]
    : [];

const kept = keepEndings(values.json ?? null);
const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-matrix-'));
const pairs: Pair[] = [];
try {
  for (const asked of [...cpu, ...gpu]) {
    pairs.push(await kept(asked, () => trial(asked, pythons.get(asked.minor) ?? '', place)));
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
const machine = `${type()} on ${arch()} with glibc ${header.glibcVersionRuntime ?? '(unknown)'}`;
console.log(describeEndings(pairs, machine, new Date().toISOString().slice(0, 10)));
if (pairs.length === 0 || pairs.some(({ surprise }) => surprise)) process.exitCode = 1;
