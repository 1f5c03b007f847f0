import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Bytes read from the disk at a time. */
const PIECE = 2 ** 20;

/** SHA-256 of a file's bytes. `progress` hears of each piece (bytes); the signal ends it between two pieces. */
export async function hashFile(
  path: string,
  encoding: 'hex' | 'base64url',
  progress: (bytes: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (let position = 0; ; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) {
        return hash.digest(encoding);
      }
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
      progress(bytesRead);
    }
  } finally {
    await handle.close();
  }
}
