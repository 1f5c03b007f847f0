/**
 * pip, uv and this program side by side: the same real wheels from one mirror on loopback, without and with latency;
 * cold (nothing there), warm (a new environment, the cache kept) and again (nothing to do). Medians, contestants in turn.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startMirror } from '../__tests__/support/mirror.js';
import type { Report } from '../src/values/report.js';
import { contestants } from './contestants.js';
import { goal } from './goal.js';
import { median, type Taken, timed } from './stopwatch.js';
import { getWheels } from './wheels.js';

const version = '3.2.2';
const rounds = 3;
/** `npm run bench -- install 60` measures with that latency alone, in ms. */
const latencies = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [0, 60];
const cases = ['cold', 'warm', 'again'] as const;
type Case = (typeof cases)[number];

/** Measurements by `case contestant`, and of ours the steps by `case step`. */
interface Book {
  readonly times: Map<string, number[]>;
  readonly steps: Map<string, number[]>;
  peakMiB: number | null;
}

function note(book: Map<string, number[]>, key: string, ms: number): void {
  book.set(key, [...(book.get(key) ?? []), ms]);
}

/** The interpreter itself: a shim on PATH would cost each contestant its own time. */
const python = execFileSync(process.env['PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();
const wheels = getWheels(python, [`paddlepaddle==${version}`, 'setuptools']);
const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-bench-'));

async function round(latencyMs: number, book: Book | null): Promise<void> {
  const mirror = await startMirror({ files: wheels.files, metadata: wheels.metadata, latencyMs });
  const paddle = await startMirror({ files: {}, paddle: true, latencyMs });
  try {
    for (const { name } of contestants) {
      rmSync(path.join(place, name), { recursive: true, force: true });
      mkdirSync(path.join(place, name));
    }
    for (const kind of cases) {
      for (const contestant of contestants) {
        const folder = path.join(place, contestant.name);
        if (kind === 'warm') rmSync(path.join(folder, 'venv'), { recursive: true, force: true });
        const cache = path.join(folder, 'cache');
        const arena = { python, uv: wheels.uv, index: mirror.index, paddleIndex: paddle.index, folder, cache, version };
        const before = mirror.bytes;
        // What the one before wrote is on its way to the disk for seconds after it: nobody is to pay for another's.
        execFileSync('sync');
        const taken = await timed(contestant.install(arena, kind !== 'again'));
        console.log(`    ${book === null ? 'warm-up' : 'round'}: ${kind} ${contestant.name} ${seconds(taken.ms)}`);
        if (book !== null) enter(book, kind, contestant.name, taken, folder);
        if (contestant.name === 'ours' && kind !== 'cold' && mirror.bytes > before) {
          console.log(`ours downloaded ${mirror.bytes - before} bytes in the case ${kind}`);
          process.exitCode = 1;
        }
      }
    }
  } finally {
    await mirror.close();
    await paddle.close();
  }
}

function enter(book: Book, kind: Case, name: string, taken: Taken, folder: string): void {
  note(book.times, `${kind} ${name}`, taken.ms);
  if (name !== 'ours') return;
  const report = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8')) as Report;
  const named = report.steps.reduce((sum, step) => sum + step.ms, 0);
  for (const step of report.steps) note(book.steps, `${kind} ${step.name}`, step.ms);
  note(book.steps, `${kind} (start of the program)`, taken.ms - report.totalMs);
  note(book.steps, `${kind} (between the steps)`, report.totalMs - named);
  if (taken.peakMiB !== null) book.peakMiB = Math.max(book.peakMiB ?? 0, taken.peakMiB);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

function show(latencyMs: number, { times, steps, peakMiB }: Book): void {
  const of = (key: string) => median(times.get(key) ?? []);
  const step = (key: string) => median(steps.get(key) ?? []);
  console.log(`\nlatency ${latencyMs} ms, medians of ${rounds}`);
  for (const kind of cases) {
    const [pip, uv, ours] = (['pip', 'uv', 'ours'] as const).map((name) => of(`${kind} ${name}`));
    if (pip === undefined || uv === undefined || ours === undefined) throw new Error(`${kind} was not measured`);
    const ratios = `ours/uv ${(ours / uv).toFixed(2)}, ours/pip ${(ours / pip).toFixed(2)}`;
    console.log(`  ${kind.padEnd(6)} pip ${seconds(pip)}  uv ${seconds(uv)}  ours ${seconds(ours)}  (${ratios})`);
    const parts = [...steps.keys()].filter((key) => key.startsWith(`${kind} `));
    console.log(
      `         ours: ${parts.map((key) => `${key.slice(kind.length + 1)} ${seconds(step(key))}`).join(', ')}`,
    );
  }
  const installing = step('warm Install') / of('warm uv');
  goal('cold, against uv', of('cold ours') / of('cold uv'), 1.3, '');
  // uv is there already for uv, while ours brings it: 17.6 MB downloaded and unpacked beside the wheels.
  const without = (of('cold ours') - step('cold Bring uv')) / of('cold uv');
  console.log(`         cold, beside bringing uv: ours/uv ${without.toFixed(2)}`);
  goal("warm, the installer's own step against uv", installing, latencyMs === 0 ? 1 : 0.35, '');
  goal("warm, the installer's own step against pip", step('warm Install') / of('warm pip'), 0.02, '');
  goal('warm, the whole command', of('warm ours') / 1000, 1, ' s');
  goal('nothing to do, the whole command', of('again ours') / 1000, 0.7, ' s');
  if (peakMiB !== null) goal("this program's own peak memory", (peakMiB * 2 ** 20) / 1e6, 150, ' MB');
}

try {
  console.log(`${Object.keys(wheels.files).length} projects of real wheels; Python ${python}; Node ${process.version}`);
  for (const latencyMs of latencies) {
    const book: Book = { times: new Map(), steps: new Map(), peakMiB: null };
    await round(latencyMs, null);
    for (let count = 0; count < rounds; count += 1) await round(latencyMs, book);
    show(latencyMs, book);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
