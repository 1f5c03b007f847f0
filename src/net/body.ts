import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { HttpFault } from '../values/http.js';
import { maskUrl } from '../values/mask.js';
import type { Exchange } from './exchange.js';
import type { Asked } from './faults.js';

/** The bytes as meant: content codings taken off (RFC 9110 section 8.4.1). */
function decoded(answer: Exchange, malformed: (text: string) => HttpFault): Readable {
  const coding = answer.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return answer.body;
  const makers = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress };
  const make = new Map(Object.entries(makers)).get(coding);
  if (make === undefined) throw malformed(`it is coded as ${coding}, which was not asked for`);
  // The callback has nothing to do: an error ends the decoder, and its reader sees it.
  return pipeline(answer.body, make(), () => undefined);
}

/**
 * Reads a whole body as UTF-8. `limit` (bytes) holds after decoding, so that a small answer cannot become a huge text.
 * Throws HttpFault.
 */
export async function readText(answer: Exchange, asked: Asked, limit: number): Promise<string> {
  const malformed = (text: string, cause?: unknown) =>
    new HttpFault('malformed', `${maskUrl(asked.url)}: the answer cannot be read: ${text}.`, null, { cause });
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of decoded(answer, malformed) as AsyncIterable<Uint8Array>) {
      size += piece.length;
      if (size > limit) throw malformed(`it is larger than ${limit} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    answer.body.destroy();
    const code = (error as { code?: unknown }).code;
    throw typeof code === 'string' && /^(Z_|ERR_BROTLI|ERR__)/.test(code)
      ? malformed(`its compression is broken (${code})`, error)
      : error;
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}
