import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Ran, run } from '../../src/process/run.js';
import type { Report } from '../../src/values/report.js';

/** How a pair can end; `refused`: before a byte of it was downloaded. */
export type Ending = 'passes' | 'passes with its known defect' | 'refused' | 'fails';

/** What is tried on a pair. */
export interface Asked {
  readonly version: string;
  /** Minor version of the Python: `3.11`. */
  readonly minor: string;
  readonly device: string;
  readonly gpu: 'required' | 'optional';
  /** `verify`: the environment that `setup` made is verified once more, with `gpu: required`, and that ending counts. */
  readonly command: 'setup' | 'verify';
  /** The endings that are no surprise. */
  readonly expected: readonly Ending[];
}

/** A release on a Python, and how that ended. */
export interface Pair extends Asked {
  readonly ending: Ending;
  readonly surprise: boolean;
  /** Reason of a refusal, finding, warning or notice; '' for a plain pass. */
  readonly said: string;
  /** Of the verification. */
  readonly seconds: number | null;
}

/** The program under trial. */
export const program = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'index.js');
const limitMs = 900_000;
/** What of the cache belongs to one pair alone: a wheel of PaddlePaddle is for one Python. */
const large = ['wheels', 'uv', 'partial'];

function endingOf(code: number | null, report: Report | null): Ending {
  if (code === 2) return 'refused';
  if (code !== 0 || report?.verification?.verified !== true) return 'fails';
  return report.verification.warnings.length > 0 ? 'passes with its known defect' : 'passes';
}

function described(report: Report | null, stderr: string): string {
  const told = [
    ...(report?.problems ?? []).map(({ what }) => what),
    ...(report?.notices ?? []).map(({ text }) => text),
  ];
  return (told.length > 0 || report !== null ? told.join(' ') : stderr.slice(-400)).replace(/\s+/g, ' ').trim();
}

function start(args: readonly string[], place: string): Promise<Ran> {
  return run({
    file: process.execPath,
    args: [program, ...args],
    environment: { ...process.env, XDG_STATE_HOME: place },
    limitMs,
    signal: new AbortController().signal,
  });
}

/** Installs and verifies one pair in a folder of its own, says how it went, and removes it. */
export async function trial(asked: Asked, python: string, place: string): Promise<Pair> {
  const { version, minor, device, gpu, command } = asked;
  const [venv, cache, reportFile] = ['venv', 'cache', 'report.json'].map((name) => path.join(place, name)) as [
    string,
    string,
    string,
  ];
  // Nothing but the official index: what a mirror lacks is no matter here.
  const sources = ['--mirrors', 'official', '--paddle-index', 'http://127.0.0.1:9/'];
  const wish = ['--paddle-version', version, '--device', device, '--gpu', gpu, '--python', python];
  const told = ['--cache-path', cache, '--report', reportFile];
  const made = await start(['setup', ...wish, ...sources, ...told, '--venv', venv, '--configure', 'off'], place);
  const again = command === 'verify' && made.code === 0;
  const ran = again ? await start(['verify', '--venv', venv, '--report', reportFile], place) : made;
  const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as Report) : null;
  for (const folder of [venv, reportFile, ...large.map((name) => path.join(cache, name))]) {
    rmSync(folder, { recursive: true, force: true });
  }
  const ending = endingOf(ran.code, report);
  const pair: Pair = {
    ...asked,
    ending,
    surprise: !asked.expected.includes(ending),
    said: described(report, ran.stderr),
    seconds: report?.verification?.seconds ?? null,
  };
  const took = pair.seconds === null ? '' : `, verified in ${pair.seconds.toFixed(1)} s`;
  console.error(`${command} ${version} (${device}) on ${minor}: ${ending}${took}. ${pair.said}`);
  return pair;
}
