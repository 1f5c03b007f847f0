import { createHash } from 'node:crypto';
import type { Draft } from '../values/plan.js';
import type { Runner } from '../values/runner.js';
import { minorOf, platformOf } from './target.js';

/** Raised when the same parts come to mean something else: every cache starts anew then. */
const schema = '1';

/** One thing that a cache key stands for, as it is printed. */
export interface KeyPart {
  readonly part: string;
  readonly value: string;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

/** Private indexes of the machine's own pip settings, credentials left out; the others are in the requirements' digest. */
function privateIndexes({ interpreter }: Runner): string[] {
  const addresses = (interpreter.pipSettings['extra-index-url']?.value ?? '')
    .split(/\s+/)
    .filter((text) => text !== '');
  return addresses.map((address) => address.replace(/\/\/[^/@]*@/, '//'));
}

/**
 * The key under which a lock and its files are kept: everything that changes which files are installed, and nothing else (no kernel
 * version, no mirror, no installer). `requirementsDigest` is the digest of the requirements' meaning. The key has no comma and stays
 * below 512 characters, GitHub's limits.
 */
export function cacheKey(
  { candidates, channel, wish }: Draft,
  runner: Runner,
  requirementsDigest: string,
): { readonly key: string; readonly anatomy: readonly KeyPart[] } {
  const { implementation, version, freeThreaded, glibc, musl, macos, bits } = runner.interpreter;
  const python = `${implementation === 'cpython' ? 'py' : implementation}${minorOf(version).replace('.', '')}${freeThreaded ? 't' : ''}`;
  const system = [
    glibc && `glibc ${minorOf(glibc)}`,
    musl && `musl ${minorOf(musl)}`,
    macos && `macOS ${macos.version.split('.')[0]}`,
  ]
    .filter((name) => name)
    .join(' ');
  const platform = platformOf(runner);
  const indexes = privateIndexes(runner);
  const anatomy: KeyPart[] = [
    { part: 'schema', value: schema },
    { part: 'devices', value: candidates.map(({ device }) => device).join(' ') },
    { part: 'builds', value: digest(candidates) },
    { part: 'channel', value: channel },
    { part: 'paddle', value: wish === '' ? 'newest' : wish },
    { part: 'requirements', value: requirementsDigest },
    { part: 'python', value: `${python} ${bits}-bit` },
    { part: 'platform', value: `${platform} ${system}`.trim() },
    { part: 'private indexes', value: indexes.length === 0 ? 'none' : digest(indexes) },
  ];
  const name = `paddle-mirror-setup-v${schema}-${platform}-${python}-${candidates[0]?.device}`;
  return { key: `${name}-${digest(anatomy)}`.replace(/[^\w.-]/g, '_'), anatomy };
}
