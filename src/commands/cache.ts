import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome, Run } from '../pipeline/context.js';
import { prune, tellStore } from '../pipeline/keep-within.js';
import { operatingSystem } from '../runner/platform.js';
import { keptFolder, spareFolder } from '../store/choose.js';
import { hashFile } from '../store/hash.js';
import { type HeldTree, type HeldWheel, listUnpacked, listWheels, placesIn } from '../store/inventory.js';
import { userName } from '../store/sharing.js';
import { judgeTree, retireTree } from '../store/unpacked.js';
import { runsAtWork } from '../store/uses.js';
import { Failure, type Problem } from '../values/failure.js';
import type { Request } from '../values/request.js';
import { errorCode, goneAsNull, isRefused } from '../values/system-error.js';

const noCache = {
  what: 'is no cache folder: there are no wheels in it.',
  remedy: 'Name the folder that `setup` was given, or run it first.',
};

/** What a system error says of a folder that is to be a cache. */
const notOpened: Readonly<Record<string, Pick<Problem, 'what' | 'remedy'>>> = {
  ENOENT: noCache,
  ENOTDIR: noCache,
  EACCES: { what: 'is closed to this user.', remedy: 'Run this as its owner, or as root.' },
};

/** The cache folder of the request, and this user's other place for unpacked files. Throws Failure(2) where there is no cache, or it can't be opened. */
async function openCache({ request, context }: Run): Promise<{ readonly root: string; readonly spare: string }> {
  const os = operatingSystem(process.platform);
  const kept = keptFolder(os, context.environment, context.home);
  const root = request.cachePath ?? kept;
  // Nothing is listed or removed in a folder that this program did not make.
  await stat(path.join(root, 'wheels')).catch((error: unknown) => {
    const problem = notOpened[errorCode(error) ?? ''];
    if (problem === undefined) throw error;
    throw new Failure(2, [{ where: 'cache-path', what: `${root} ${problem.what}`, remedy: problem.remedy }], {
      cause: error,
    });
  });
  return { root, spare: spareFolder(os, context.environment, context.home, userName(), root) };
}

async function holdings(run: Run): Promise<{ root: string; wheels: readonly HeldWheel[]; trees: readonly HeldTree[] }> {
  const { root, spare } = await openCache(run);
  const wheels = await listWheels(root);
  const trees = await Promise.all((await placesIn(root, spare)).map((place) => listUnpacked(place, wheels)));
  return { root, wheels, trees: trees.flat() };
}

/** Shows what the cache folder holds: sizes, last use, by key. Changes nothing. */
export function listCache(request: Request, context: Context): Promise<Outcome> {
  return conclude('cache ls', request, context, async (run) => {
    const { root, wheels, trees } = await holdings(run);
    tellStore(run, root, { held: [...wheels, ...trees], gone: [] });
    return looked;
  });
}

/** Brings the cache folder below its limit and removes what killed runs left. Refused where this user may not write there. */
export function pruneCache(request: Request, context: Context): Promise<Outcome> {
  return conclude('cache prune', request, context, async (run) => {
    const { root, spare } = await openCache(run);
    await access(path.join(root, 'wheels'), constants.W_OK).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      const what = `${root} can't be written by this user (${errorCode(error)}): nothing can be removed.`;
      const remedy = 'Run this as its owner or as root; where it is mounted read-only, mount it for writing first.';
      throw new Failure(2, [{ where: 'cache-path', what, remedy }], { cause: error });
    });
    await context.timeline.step('Prune the cache', () => prune(run, root, spare, null));
    return looked;
  });
}

/** Hashes every wheel and every unpacked file. What is wrong is removed and named, and the command fails. */
export function verifyCache(request: Request, context: Context): Promise<Outcome> {
  return conclude('cache verify', request, context, async (run) => {
    const { root, wheels, trees } = await holdings(run);
    const held = [...wheels, ...trees];
    const total = held.reduce((sum, { bytes }) => sum + bytes, 0);
    const { signal } = run.deadline;
    let bytes = 0;
    const progress = (more: number): void => {
      bytes += more;
      context.log.progress({ item: 'hashing', bytes: Math.min(bytes, total), total, sources: [] });
    };
    const problems: Problem[] = [];
    const wrong = async (one: HeldWheel | HeldTree, what: string, remedy: string): Promise<void> => {
      // A run may be linking from a tree at this moment.
      const linked = one.kind === 'unpacked' && (await runsAtWork(root, Date.now())).length > 0;
      try {
        await (linked ? retireTree(one.place, one.id) : one.drop());
        problems.push({ where: one.path, what, remedy });
      } catch (error) {
        if (!isRefused(error)) throw error;
        const stays = 'It stays: this user may not remove it. Run this again as its owner, or as root.';
        problems.push({ where: one.path, what, remedy: stays });
      }
    };
    const unread = (at: string) => (error: unknown) => {
      if (errorCode(error) !== 'EACCES') return goneAsNull(error);
      problems.push({
        where: at,
        what: 'This user may not read it.',
        remedy: 'Run this again as its owner, or as root.',
      });
      return null;
    };
    await context.timeline.step('Hash everything', async () => {
      for (const wheel of wheels) {
        const actual = await hashFile(wheel.path, 'hex', progress, signal).catch(unread(wheel.path));
        if (actual === null || actual === wheel.sha256) continue;
        await wrong(
          wheel,
          `Its sha256 is ${actual}, not ${wheel.sha256}.`,
          'It was removed; the next run downloads it again.',
        );
      }
      for (const tree of trees) {
        const { id, path: folder, place } = tree;
        const at = await judgeTree(place, { id, folder }, progress, signal).catch(unread(folder));
        if (at === null) continue;
        await wrong(
          tree,
          `${at} of ${tree.name} is not what its wheel holds.`,
          'All of it was removed; the next run unpacks the wheel again.',
        );
      }
    });
    tellStore(run, root, { held, gone: [] });
    if (problems.length > 0) throw new Failure(1, problems);
    context.log.info(`${wheels.length} wheels and ${trees.length} unpacked ones are right.`);
    return looked;
  });
}
