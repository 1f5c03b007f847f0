import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredFile } from '../values/gateway.js';
import type { FileLocation, IndexFile, SourceFault } from '../values/source.js';
import { DiskFull, type PartialFile } from '../values/store.js';
import { errorCode } from '../values/system-error.js';
import type { Transfer } from '../values/transfers.js';
import { type Download, openDownload } from './download.js';
import { noteSeen, recallSeen } from './first-seen.js';
import type { Surroundings } from './surroundings.js';

/** Starts to bring a file into the store: it is there already, another process is bringing it, or it is downloaded. `key` names its partial file. */
export function startFileTransfer(file: IndexFile, key: string, around: Surroundings): Transfer {
  const { store, signal } = around;
  let faults: () => readonly SourceFault[] = () => [];
  /** The partial file is closed or about to be: who comes now reads from the store. */
  let ended = false;

  const begin = async (): Promise<StoredFile | { readonly partial: PartialFile; readonly download: Download }> => {
    const first = await askedBefore(file, around);
    const place = await findOrClaim(file, key, around);
    if ('sha256' in place) {
      return place;
    }
    const locations = first === null ? file.locations : [first, ...file.locations];
    const download = await openDownload({ ...file, locations }, place, around).catch(async (error: unknown) => {
      await place.release();
      throw error;
    });
    faults = download.faults;
    around.add(download);
    return { partial: place, download };
  };
  const begun = begin();

  const finish = async (): Promise<StoredFile> => {
    const state = await begun;
    if ('sha256' in state) {
      return state;
    }
    const { partial, download } = state;
    // Bytes that arrived are kept for the next run; on a full disk they would be in everybody's way.
    let keep = true;
    let { sha256 } = file;
    // Until the file is in the store: the disk may take its time over gigabytes.
    const sign = (): void => {
      partial.touch().catch((error: unknown) => around.log.debug(`${file.filename}: ${String(error)}`));
    };
    const alive = setInterval(sign, around.timings.tickMs);
    try {
      sha256 = await download.run();
      const stored = await store.admit(partial.path, { sha256, filename: file.filename }, 'hashed');
      keep = false;
      if (file.sha256 === null) {
        await noteSeen(key, sha256, download.identity(), around);
      }
      around.arrived(stored, file, download.faults());
      return stored;
    } catch (error) {
      keep = !(error instanceof DiskFull);
      const gone = errorCode(error) === 'ENOENT';
      const brought = gone && sha256 !== null ? await store.find(sha256, file.filename) : null;
      if (brought !== null) {
        // This process slept: another one took the place over, as that of a dead one, and has brought the file.
        return brought;
      }
      throw error;
    } finally {
      clearInterval(alive);
      ended = true;
      around.remove(download);
      await download.close();
      await (keep ? partial.release() : partial.discard());
    }
  };
  const done = finish();
  // Readers and those who wait for the size learn of a failure by themselves.
  done.catch(() => undefined);

  return {
    done,
    faults: () => faults(),
    size: async () => {
      const state = await begun;
      return 'sha256' in state ? state.size : state.download.size(signal);
    },
    read: async function* (from, reading) {
      const state = await begun;
      yield* 'sha256' in state || ended ? store.read(await done, from, reading) : state.download.read(from, reading);
    },
  };
}

/** The place that is asked before the others, looked for only where the store lacks the file. */
async function askedBefore(file: IndexFile, { before, store, signal }: Surroundings): Promise<FileLocation | null> {
  const missing = file.sha256 !== null && (await store.find(file.sha256, file.filename)) === null;
  if (before === null || !missing) {
    return null;
  }
  // A signal of its own: hundreds of files may wait at a time.
  const closed = AbortSignal.any([signal]);
  closed.throwIfAborted();
  const stopped = new Promise<never>((_resolve, reject) => {
    closed.addEventListener('abort', () => reject(closed.reason), { once: true });
  });
  return Promise.race([before(file), stopped]);
}

/** To look for a file is cheap, to try for its place is not: dozens of jobs that wait would take the processor from the one that downloads. */
const CLAIM_EVERY = 10;

/** The file in the store, or the place to download it to. Another process's download is waited for; past the limit a place of our own is taken. */
async function findOrClaim(file: IndexFile, key: string, around: Surroundings): Promise<StoredFile | PartialFile> {
  const { store, signal, timings } = around;
  const { sha256 } = file;
  const find = sha256 === null ? recallSeen(file, key, around) : () => store.find(sha256, file.filename);
  let until = performance.now() + timings.foreignMs;
  let written: number | null = null;
  for (let [said, looks] = [false, 0]; ; [said, looks] = [true, looks + 1]) {
    const stored = await find();
    if (stored !== null) {
      return stored;
    }
    const place = looks % CLAIM_EVERY === 0 ? await store.partial(key) : null;
    if (place !== null) {
      // Since the look its holder may have brought the file and given the place up.
      const brought = await find();
      if (brought !== null) {
        await place.discard();
      }
      return brought ?? place;
    }
    if (looks % CLAIM_EVERY === 0) {
      const last = await store.partialWritten(key);
      if (last !== written) {
        [written, until] = [last, performance.now() + timings.foreignMs];
      }
    }
    if (performance.now() >= until) {
      const own = await store.partial(`${key}-${process.pid}-${Math.random().toString(36).slice(2)}`);
      if (own !== null) {
        return own;
      }
    }
    if (!said) {
      around.log.info(`${file.filename}: another process is downloading it; waiting for that one`);
    }
    await sleep(200, undefined, { signal });
  }
}
