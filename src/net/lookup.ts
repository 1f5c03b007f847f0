import { lookup as ask, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** How long (ms) an address is used again: longer than a slow disk holds things up, shorter than a name's address stays wrong. */
const KEPT_MS = 300_000;

/**
 * Makes a lookup that remembers what it found. Node asks for addresses on the four threads that also flush files: while these wait for
 * a slow disk no name would be found, and a source that has just answered would seem silent (Node.js documentation, "dns.lookup()").
 */
export function rememberingLookup(): LookupFunction {
  const known = new Map<
    string,
    { readonly found: Parameters<Parameters<LookupFunction>[2]>; readonly untilMs: number }
  >();
  return (hostname: string, options: LookupOptions, callback) => {
    const key = `${hostname} ${options.family} ${options.hints} ${options.all}`;
    const kept = known.get(key);
    if (kept !== undefined && kept.untilMs > Date.now()) {
      process.nextTick(() => callback(...kept.found));
      return;
    }
    ask(hostname, options, (error, address, family) => {
      if (error === null) known.set(key, { found: [null, address, family], untilMs: Date.now() + KEPT_MS });
      callback(error, address, family);
    });
  };
}
