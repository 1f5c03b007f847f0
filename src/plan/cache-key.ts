import { createHash } from 'node:crypto';
import { mirrorAt } from '../catalog/mirrors.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Draft } from '../values/plan.js';
import type { Request } from '../values/request.js';
import type { Runner } from '../values/runner.js';
import { minorOf, platformOf } from './target.js';

/** Raised when the same parts come to mean something else: every cache starts anew then. */
const schema = '2';

/** One thing that a cache key stands for, as it is printed. */
export interface KeyPart {
  readonly part: string;
  readonly value: string;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

/** What decides which of pip's settings count. */
type Asked = Pick<Request, 'mirrors'> & {
  readonly requirements: Pick<Request['requirements'], 'indexes' | 'noIndex'>;
};

const withoutSlash = (address: string): string => address.replace(/\/+$/, '');

/**
 * The machine's own pip settings that change what the sources hold, by name, credentials left out: `find-links`, private indexes, a Python
 * index that is neither the official one nor a mirror of the catalogue, `no-index`. Those that a run does not heed are left out: a list of
 * `mirrors` is exclusive, and an index of the requirements wins. Else an index that a run tells pip of would change the key of the next one.
 */
function pipSources(
  { pipSettings, officialIndex }: Interpreter,
  { mirrors, requirements }: Asked,
): Readonly<Record<string, readonly string[]>> {
  const read = (setting: string): string[] =>
    (pipSettings[setting]?.value ?? '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => word.replace(/\/\/[^/@]*@/, '//'));
  const official = officialIndex === null ? null : withoutSlash(officialIndex.url);
  const isPrivate = (index: string): boolean => mirrorAt(index) === undefined && withoutSlash(index) !== official;
  const heeded = mirrors === 'auto' && !requirements.indexes.some(({ kind }) => kind === 'index-url');
  // pip's words for yes.
  const none = mirrors === 'auto' && read('no-index').some((word) => /^(?:1|true|yes|on|y|t)$/i.test(word));
  const indexes = {
    'index-url': heeded ? read('index-url').slice(0, 1).filter(isPrivate) : [],
    'extra-index-url': read('extra-index-url'),
  };
  const found = {
    'find-links': read('find-links'),
    ...(none ? { 'no-index': ['true'] } : {}),
    ...(none || requirements.noIndex ? {} : indexes),
  };
  return Object.fromEntries(Object.entries(found).filter(([, values]) => values.length > 0));
}

/**
 * The key under which a lock and its files are kept: everything that changes which files are installed, and nothing else (no kernel
 * version, no mirror, no installer). `requirementsDigest` is the digest of the requirements' meaning. The key has no comma and stays
 * below 512 characters, GitHub's limits.
 */
export function cacheKey(
  { candidates, channel, wish }: Draft,
  runner: Runner,
  asked: Asked,
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
  const sources = pipSources(runner.interpreter, asked);
  const settings = Object.keys(sources);
  const anatomy: KeyPart[] = [
    { part: 'schema', value: schema },
    { part: 'devices', value: candidates.map(({ device }) => device).join(' ') },
    { part: 'builds', value: digest(candidates) },
    { part: 'channel', value: channel },
    { part: 'paddle', value: wish === '' ? 'newest' : wish },
    { part: 'requirements', value: requirementsDigest },
    { part: 'python', value: `${python} ${bits}-bit` },
    { part: 'platform', value: `${platform} ${system}`.trim() },
    { part: 'pip settings', value: settings.length === 0 ? 'none' : `${settings.join(' ')} ${digest(sources)}` },
  ];
  const name = `paddle-mirror-setup-v${schema}-${platform}-${python}-${candidates[0]?.device}`;
  return { key: `${name}-${digest(anatomy)}`.replace(/[^\w.-]/g, '_'), anatomy };
}
