import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that may arrive between two looks for buffers that nobody needs any more. */
const EVERY = 2 ** 23;

/**
 * Gives the memory of network buffers back while a file arrives. They lie outside of V8's heap, which by itself looks for dead ones too
 * seldom for a fast network; a minor collection takes 1 or 2 ms. Asked for often, it would let the young generation grow to 100 MB, which
 * therefore stays as large as it is. Answers with what is to be told of every piece that came.
 */
export function watchYoungMemory(): (bytes: number) => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  // The function is there in contexts that are made after the flag was set.
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < EVERY) return;
    since = 0;
    collect({ type: 'minor' });
  };
}
