import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, goneAsNull, isRefused, strangeAsNull } from '../values/system-error.js';
import { type Holding, listUnpacked, listWheels, placesIn } from './inventory.js';
import { pointersIn } from './pointers.js';
import { listRetired, type Unpacked } from './unpacked.js';
import { oldestOf, type RunAtWork, type RunMark, runsAtWork } from './uses.js';

/** What was taken away, and what could not be. */
export interface Eviction {
  readonly gone: readonly Holding[];
  /** Names of what belongs to another user and stays. */
  readonly kept: readonly string[];
  /** Bytes of everything before and after. */
  readonly before: number;
  readonly after: number;
  /** Bytes of `after` that the asking run uses, and that other runs use and it does not. */
  readonly own: number;
  readonly others: number;
}

/** Nobody goes on with a download, or still needs a file in staging, after a day. */
const STALE_MS = 24 * 3600_000;
/** An archive that uv does not find any more may be one that it is about to write down. */
const FRESH_MS = 10 * 60_000;

/** What has to go so that the rest fits: least recently used first, and nothing that is in use. Pure. */
export function chooseEvictions<T extends Pick<Holding, 'bytes' | 'lastUsedMs'>>(
  holdings: readonly T[],
  limit: number,
  isUsed: (holding: T) => boolean,
): readonly T[] {
  let total = holdings.reduce((sum, { bytes }) => sum + bytes, 0);
  const chosen: T[] = [];
  for (const holding of holdings.toSorted((a, b) => a.lastUsedMs - b.lastUsedMs)) {
    if (total <= limit) break;
    if (isUsed(holding)) continue;
    chosen.push(holding);
    total -= holding.bytes;
  }
  return chosen;
}

/**
 * Brings a store below its limit (bytes; Infinity for none), and removes what killed runs left. `spare`: see `placesIn`. `asking`: the run at
 * whose end this is; null: none.
 */
export async function keepWithin(
  root: string,
  spare: string,
  limit: number,
  nowMs: number,
  asking: RunMark | null,
): Promise<Eviction> {
  const runs = await runsAtWork(root, nowMs);
  const places = await placesIn(root, spare);
  await sweep(root, nowMs);
  for (const place of places) await sweepPlace(place, Math.min(oldestOf(runs), nowMs - FRESH_MS));
  const stored = await listWheels(root);
  const holdings: Holding[] = [...stored, ...(await Promise.all(places.map((p) => listUnpacked(p, stored)))).flat()];
  const before = sizeOf(holdings);
  const used = new Set(holdings.filter((holding) => runs.some((run) => isUsedBy(holding, run))));
  const gone: Holding[] = [];
  const kept: string[] = [];
  for (const holding of chooseEvictions(holdings, limit, (one) => used.has(one))) {
    try {
      await holding.drop();
      gone.push(holding);
    } catch (error) {
      if (!isRefused(error)) throw error;
      kept.push(holding.name);
    }
  }
  const strangers = runs.filter(({ path }) => path !== asking?.path);
  const installed = runs.find(({ path }) => path === asking?.path)?.wheels ?? new Set();
  const isTheirs = (one: Holding): boolean => !one.isOf(installed) && strangers.some((run) => isUsedBy(one, run));
  const others = sizeOf([...used].filter(isTheirs));
  return { gone, kept, before, after: before - sizeOf(gone), own: sizeOf([...used]) - others, others };
}

function sizeOf(holdings: readonly Holding[]): number {
  return holdings.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Whether a run uses it: it was used since the run began, or belongs to what the run installs. */
function isUsedBy(holding: Holding, { startedMs, wheels }: RunAtWork): boolean {
  return holding.lastUsedMs >= startedMs || holding.isOf(wheels);
}

/** Unfinished downloads that nobody went on with, and what was staged by runs that were killed. */
async function sweep(root: string, nowMs: number): Promise<void> {
  for (const folder of ['partial', 'staging']) {
    for (const name of (await readdir(join(root, folder)).catch(strangeAsNull)) ?? []) {
      const path = join(root, folder, name);
      const last = await lastTouched(path);
      if (last !== null && nowMs - last > STALE_MS) await rm(path, { recursive: true, force: true }).catch(othersStay);
    }
  }
}

/** The newest date of a folder and what lies in it, ms since the epoch; null where it is gone. */
async function lastTouched(path: string): Promise<number | null> {
  const own = await lstat(path).catch(goneAsNull);
  if (own === null || !own.isDirectory()) return own?.mtimeMs ?? null;
  const names = (await readdir(path).catch(strangeAsNull)) ?? [];
  const inside = await Promise.all(names.map((name) => lstat(join(path, name)).catch(strangeAsNull)));
  return Math.max(own.mtimeMs, ...inside.map((found) => found?.mtimeMs ?? 0));
}

/** Archives that uv does not find any more (a newer one took their place), trees that were being dropped, manifests of nothing. */
async function sweepPlace(place: Unpacked, untilMs: number): Promise<void> {
  const archives = join(place.uv, 'archive-v0');
  const ids = (await readdir(archives).catch(strangeAsNull)) ?? [];
  if (ids.length === 0) return;
  const [found, retired] = [await findable(place.uv), await listRetired(place)];
  for (const id of ids.filter((name) => !found.has(name) && (retired.get(name) ?? 0) < untilMs)) {
    const { mtimeMs } = (await stat(join(archives, id)).catch(goneAsNull)) ?? { mtimeMs: untilMs };
    if (mtimeMs < untilMs && found.size > 0)
      await rm(join(archives, id), { recursive: true, force: true }).catch(othersStay);
  }
  const left = new Set(await readdir(archives));
  for (const name of (await readdir(place.manifests).catch(strangeAsNull)) ?? []) {
    const path = join(place.manifests, name);
    const { mtimeMs } = (await lstat(path).catch(goneAsNull)) ?? { mtimeMs: untilMs };
    const stray = !name.endsWith('.json') || !left.has(name.slice(0, -'.json'.length));
    if (stray && mtimeMs < untilMs) await rm(path, { recursive: true, force: true }).catch(othersStay);
  }
}

/** Archives to which an entry of uv's cache leads. uv writes symbolic links; where there are none nothing is said to be left over. */
async function findable(uv: string): Promise<ReadonlySet<string>> {
  const links = (await pointersIn(uv)).filter(({ kind }) => kind === 'link');
  return new Set(links.map(({ text }) => text.split(/[\\/]/).at(-1) ?? ''));
}

function othersStay(error: unknown): void {
  if (!isRefused(error) && errorCode(error) !== 'ENOTEMPTY') throw error;
}
