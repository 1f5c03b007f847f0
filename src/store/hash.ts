import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { inDiskTurn } from '../process/disk-turns.js';

/** Bytes read from the disk at a time. */
const PIECE = 2 ** 20;
/** A tree has thousands of small files: a buffer for each of them would keep the garbage collector busier than the hashing does. */
let spare: Buffer | null = null;

/** SHA-256 of a file's bytes. `progress` hears of each piece (bytes); the signal ends it between two pieces. */
export async function hashFile(
  path: string,
  encoding: 'hex' | 'base64url',
  progress: (bytes: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  const buffer = spare ?? Buffer.allocUnsafe(PIECE);
  spare = null;
  try {
    for (let position = 0; ; ) {
      signal?.throwIfAborted();
      const at = position;
      const { bytesRead } = await inDiskTurn('bytes', () => handle.read(buffer, 0, buffer.length, at));
      if (bytesRead === 0) {
        return hash.digest(encoding);
      }
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
      progress(bytesRead);
    }
  } finally {
    spare = buffer;
    await handle.close();
  }
}
