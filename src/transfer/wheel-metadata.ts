import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseFilename } from '../packaging/filename.js';
import { normalise } from '../packaging/name.js';
import { Failure } from '../values/failure.js';
import type { StoredFile } from '../values/gateway.js';
import type { IndexFile } from '../values/source.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import { asRefusal } from './refusal.js';
import { type ReadRange, readZipEntry } from './zip.js';

/** A wheel of at most this many bytes is brought whole: that costs no more than its end. */
const WHOLE = 2 ** 18;
/** For so long (ms) METADATA that was read by ranges serves other runs that begin at about the same time: no hash vouches for it. */
const SEEN_MS = 600_000;
/** How long (ms), and how often, another run that is reading it is waited for. */
const [WAIT_MS, POLL_MS] = [10_000, 50];

/** What brings bytes; `text`: the whole of a small file, with the hash that its place states. */
type Bringer = Pick<Transfers, 'get' | 'slice'> & {
  text(file: IndexFile, signal: AbortSignal): Promise<Uint8Array>;
};

/**
 * METADATA of a wheel (PEP 658): kept with the store, else read from the wheel in the store, else from the file that an index has of it,
 * else by ranges of the wheel's end without bringing the rest; where no source does ranges, from the whole wheel. Only text out of a
 * wheel whose hash was checked is kept. Throws Failure.
 */
export async function wheelMetadata(
  file: IndexFile,
  transfers: Bringer,
  store: Store,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (file.sha256 !== null) {
    const kept = await store.readMetadata(file.sha256);
    const stored = kept === null ? await store.find(file.sha256, file.filename) : null;
    if (kept !== null) {
      return kept;
    }
    if (stored !== null && (await store.check(stored))) {
      return keep(file, stored, store);
    }
  }
  const own = metadataFile(file);
  const text = own === null ? null : await orNull(transfers.text(own, signal));
  if (text !== null && isMetadata(text)) {
    return text;
  }
  const read = file.size !== null && file.size <= WHOLE ? null : await orNull(readOnce(file, transfers, store, signal));
  return read ?? keep(file, await transfers.get(file).done, store);
}

/** Null where no source could give it in this way. */
async function orNull(asked: Promise<Uint8Array>): Promise<Uint8Array | null> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Failure) && asRefusal(error) === null) {
      throw error;
    }
    return null;
  }
}

/** The METADATA that indexes have beside a wheel, at its address with `.metadata` behind (PEP 658); null where none says so. */
function metadataFile(file: IndexFile): IndexFile | null {
  const locations = file.locations.flatMap(({ source, url, metadata }) => {
    if (metadata === undefined) {
      return [];
    }
    const address = new URL(url);
    address.pathname += '.metadata';
    return [{ source, url: address.href, sha256: metadata.sha256, size: null }];
  });
  const unknown = { sha256: null, hashOrigin: null, size: null };
  return locations.length === 0 ? null : { ...file, ...unknown, filename: `${file.filename}.metadata`, locations };
}

/** Core metadata begins with its fields, the version among them; a page that stands in its place does not. */
function isMetadata(text: Uint8Array): boolean {
  return /^Metadata-Version:/im.test(Buffer.from(text.subarray(0, 4096)).toString());
}

/** Jobs that begin together ask for the same: one of them reads it, the others take what it noted. */
async function readOnce(
  file: IndexFile,
  transfers: Pick<Transfers, 'slice'>,
  store: Store,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const claim = () => (file.sha256 === null ? null : store.partial(`metadata-${file.sha256}`));
  let place = await claim();
  for (
    const until = performance.now() + WAIT_MS;
    place === null && file.sha256 !== null && performance.now() < until;
  ) {
    await sleep(POLL_MS, undefined, { signal });
    place = await claim();
  }
  if (place === null) {
    return fromRanges(file, transfers, signal);
  }
  try {
    const seen = place.notes.map((note) => readSeen(note, file.sha256)).find((text) => text !== null);
    if (seen !== undefined) {
      return seen;
    }
    const metadata = await fromRanges(file, transfers, signal);
    place.note({ at: Date.now(), sha256: file.sha256, metadata: Buffer.from(metadata).toString('base64') });
    return metadata;
  } catch (error) {
    throw await store.explain(error, WHOLE);
  } finally {
    await place.release();
  }
}

/** The text of a note about this wheel: in a shared store another user may move notes from one place to another. */
function readSeen(note: unknown, wheel: string | null): Uint8Array | null {
  const { at, sha256, metadata } = (note ?? {}) as Partial<Record<string, unknown>>;
  const fresh = typeof at === 'number' && Math.abs(Date.now() - at) < SEEN_MS && sha256 === wheel;
  return fresh && typeof metadata === 'string' ? Buffer.from(metadata, 'base64') : null;
}

async function fromRanges(
  file: IndexFile,
  transfers: Pick<Transfers, 'slice'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const size = file.size ?? (await transfers.slice(file, 0, 1, signal)).total;
  const read: ReadRange = async (from, to) => (await transfers.slice({ ...file, size }, from, to, signal)).bytes;
  return readZipEntry(size, read, isMetadataOf(file.filename));
}

async function keep(file: IndexFile, stored: StoredFile, store: Store): Promise<Uint8Array> {
  const handle = await open(stored.path, 'r');
  try {
    const read: ReadRange = async (from, to) => {
      const buffer = Buffer.alloc(to - from);
      await handle.read(buffer, 0, buffer.length, from);
      return buffer;
    };
    const metadata = await readZipEntry(stored.size, read, isMetadataOf(file.filename));
    await store.writeMetadata(stored.sha256, metadata);
    return metadata;
  } catch (error) {
    const refusal = asRefusal(error);
    if (refusal === null) {
      throw error;
    }
    const problem = {
      where: file.filename,
      what: `This is no wheel: ${refusal.detail}.`,
      remedy: 'Ask for another version, or tell those who publish it.',
    };
    throw new Failure(1, [problem], { cause: error });
  } finally {
    await handle.close();
  }
}

/** `{name}-{version}.dist-info/METADATA` at the top (PEP 427), the name in any spelling. */
function isMetadataOf(filename: string): (path: string) => boolean {
  const wheel = parseFilename(filename);
  return (path) => {
    const folder = /^([^/]+)\.dist-info\/METADATA$/.exec(path)?.[1];
    const name = folder?.slice(0, folder.lastIndexOf('-'));
    return name !== undefined && (wheel === null || normalise(name) === normalise(wheel.name));
  };
}
