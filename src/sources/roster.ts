import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Mirror } from '../catalog/mirrors.js';
import type { PaddleIndex } from '../catalog/paddle-index.js';
import { parseAddress, pathOfFileAddress } from '../packaging/address.js';
import { type Credentials, secretForms } from '../values/credentials.js';
import { Failure, type Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Log } from '../values/log.js';
import { maskUrl } from '../values/mask.js';
import type { Request } from '../values/request.js';
import type { Source } from '../values/source.js';
import { officialGroup } from './merge.js';

/** Connections to a host that the catalogue does not know. */
const defaultConnections = 16;

/** What the sources are chosen from. */
export interface RosterInput {
  readonly request: Pick<Request, 'mirrors' | 'paddleIndexes'> & {
    readonly requirements: Pick<Request['requirements'], 'indexes' | 'noIndex'>;
  };
  readonly interpreter: Pick<Interpreter, 'pipSettings' | 'officialIndex'>;
  /** The catalogue's. */
  readonly mirrors: readonly Mirror[];
  readonly paddleIndex: PaddleIndex;
  readonly log: Log;
}

interface Named {
  readonly url: string;
  readonly credentials: Credentials | null;
  readonly origin: string;
}

const withSlash = (url: string) => (url.endsWith('/') ? url : `${url}/`);
const canonical = (url: string) => withSlash(URL.canParse(url) ? new URL(url).href : url);
const sameIndex = (a: string, b: string) => canonical(a) === canonical(b);
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
const isTrue = (text: string | undefined) => text !== undefined && /^(?:1|true|yes|on|y|t)$/i.test(text.trim());

/**
 * The folder that a find-links word of pip's means: a `file:` address, or a path (this user's `~` and relative ones as pip reads them);
 * null for the address of a page. Throws SyntaxError for a `file:` address of no file here.
 */
function findLinksPlace(word: string): string | null {
  if (/^file:/i.test(word)) return pathOfFileAddress(word);
  if (/^[a-z][a-z0-9+.-]+:/i.test(word)) return null;
  return /^~(?:[\\/]|$)/.test(word) ? join(homedir(), word.slice(1)) : resolve(word);
}

/**
 * Which sources take part, in the order in which they are asked where nothing was measured: for the Python index the one that the machine
 * is configured for, the official one and the catalogue's mirrors, or exactly the user's `mirrors`; then PaddlePaddle's index or copies of
 * it, private indexes and find-links. `--no-index` leaves find-links alone. Credentials are taken out of addresses and masked.
 * Throws Failure(2) with every address that is none, and where `official` is named and nobody knows its address.
 */
export function roster({ request, interpreter, mirrors, paddleIndex, log }: RosterInput): Source[] {
  const { pipSettings, officialIndex } = interpreter;
  const problems: Problem[] = [];
  const sources: Source[] = [];

  const add = (source: Omit<Source, 'id'>, id: string) => {
    const same = sources.some((known) => known.kind === source.kind && sameIndex(known.url, source.url));
    if (same) return;
    for (const secret of source.credentials === null ? [] : secretForms(source.credentials)) log.mask(secret);
    const taken = (wanted: string) => sources.some((known) => known.id === wanted);
    let free = id;
    for (let n = 2; taken(free); n += 1) free = `${id}-${n}`;
    sources.push({ ...source, id: free });
  };

  const read = (text: string, origin: string): Named | null => {
    try {
      return { ...parseAddress(text), origin };
    } catch (error) {
      const why = error instanceof SyntaxError ? error.message : String(error);
      problems.push({
        where: origin,
        what: `\`${maskUrl(text)}\` cannot be an index: ${why}.`,
        remedy: 'Write an http or https address.',
      });
      return null;
    }
  };

  /** The catalogue entry that an address is: the very address, or another Python index on that mirror's host. */
  const inCatalogue = (url: string): Mirror | undefined => {
    const { hostname, pathname } = new URL(url);
    const known = mirrors.find((mirror) => mirror.url !== null && sameIndex(mirror.url, url));
    const onHost = ({ hosts }: Mirror) => hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`));
    return known ?? (/\/(?:pypi|simple)\b/i.test(pathname) ? mirrors.find(onHost) : undefined);
  };

  const isPublic = (url: string) =>
    inCatalogue(url) !== undefined || (officialIndex !== null && sameIndex(officialIndex.url, url));

  const addPython = (named: Named, unknownId: string) => {
    const base = {
      kind: 'python',
      url: withSlash(named.url),
      credentials: named.credentials,
      origin: named.origin,
    } as const;
    const known = inCatalogue(named.url);
    if (officialIndex !== null && sameIndex(officialIndex.url, named.url)) {
      add({ ...base, connections: defaultConnections, group: officialGroup }, 'official');
    } else if (known !== undefined) {
      add({ ...base, connections: known.connections, group: known.group }, known.id);
    } else {
      add({ ...base, connections: defaultConnections, group: new URL(named.url).host }, unknownId);
    }
  };

  const addNamed = (name: string) => {
    const mirror = mirrors.find(({ id }) => id === name);
    if (name === 'official') {
      if (officialIndex !== null)
        addPython({ url: officialIndex.url, credentials: null, origin: officialIndex.origin }, 'official');
      else
        problems.push({
          where: 'mirrors',
          what: 'The address of the official index is not known on this machine: no pip tells it.',
          remedy: 'Write its address instead of `official`, or install pip into the interpreter.',
        });
    } else if (mirror === undefined || mirror.url === null) {
      problems.push({
        where: 'mirrors',
        what: `There is no mirror \`${name}\`.`,
        remedy: `Choose from ${mirrors.map(({ id }) => id).join(', ')}, or write an address.`,
      });
    } else addPython({ url: mirror.url, credentials: null, origin: 'mirrors' }, mirror.id);
  };

  const options = request.requirements.indexes;
  const fromPip = (setting: string) => {
    const { value = '', origin = '' } = pipSettings[setting] ?? {};
    return words(value).map((word) => ({ word, origin: `${setting} of pip (${origin})` }));
  };
  const noIndex =
    request.requirements.noIndex || (request.mirrors === 'auto' && isTrue(pipSettings['no-index']?.value));

  if (!noIndex) {
    const extras = [
      ...options.filter(({ kind }) => kind === 'extra-index-url'),
      ...fromPip('extra-index-url')
        .map(({ word, origin }) => read(word, origin))
        .filter((named) => named !== null),
    ];
    if (request.mirrors === 'auto') {
      // As pip: the last line of a requirements file wins, and files win over the configuration.
      const asked =
        options.findLast(({ kind }) => kind === 'index-url') ??
        fromPip('index-url').map(({ word, origin }) => read(word, origin))[0] ??
        null;
      if (asked !== null) addPython(asked, 'configured');
      if (officialIndex !== null) addNamed('official');
      for (const extra of extras) if (isPublic(extra.url)) addPython(extra, new URL(extra.url).host);
      for (const mirror of mirrors)
        if (mirror.url !== null) addPython({ url: mirror.url, credentials: null, origin: 'catalogue' }, mirror.id);
    } else {
      for (const { origin, url } of options.filter(({ kind }) => kind === 'index-url')) {
        const text = `${origin}: --index-url ${maskUrl(url)} is not asked, since \`mirrors\` is an exclusive list; name it there too.`;
        log.warn({ id: `exclusive-${origin}`, text });
      }
      for (const wish of request.mirrors) {
        if (wish.kind === 'name') addNamed(wish.name);
        else addPython({ ...wish, origin: 'mirrors' }, new URL(wish.url).host);
      }
    }
    const copies = request.paddleIndexes.map((index) => ({ ...index, origin: 'paddle-index' }));
    for (const { url, credentials, origin } of copies.length > 0
      ? copies
      : [{ url: paddleIndex.base, credentials: null, origin: 'catalogue' }]) {
      const { host } = new URL(url);
      add(
        { kind: 'paddle', url: withSlash(url), credentials, connections: paddleIndex.connections, group: host, origin },
        copies.length > 0 ? host : 'paddle',
      );
    }
    const paddleBases = sources.filter(({ kind }) => kind === 'paddle').map(({ url }) => url.toLowerCase());
    for (const extra of extras) {
      const { host } = new URL(extra.url);
      if (paddleBases.some((base) => withSlash(extra.url).toLowerCase().startsWith(base))) {
        // It answers 200 with an empty page for every project, and is asked for PaddlePaddle's own in any case.
        log.info(
          `${extra.origin}: PaddlePaddle's index is asked for the folder that the device needs; this line changes nothing.`,
        );
      } else if (!isPublic(extra.url)) {
        add(
          {
            kind: 'private',
            url: withSlash(extra.url),
            credentials: extra.credentials,
            connections: defaultConnections,
            group: host,
            origin: extra.origin,
          },
          host,
        );
      }
    }
  }

  const readPlace = (word: string, origin: string): Named | null => {
    try {
      const place = findLinksPlace(word);
      return place === null ? read(word, origin) : { url: place, credentials: null, origin };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const remedy = 'Write the path of a folder, or an http or https address.';
      problems.push({ where: origin, what: `find-links can't be read: ${error.message}.`, remedy });
      return null;
    }
  };
  const places = [
    ...options.filter(({ kind }) => kind === 'find-links'),
    ...fromPip('find-links').map(({ word, origin }) => readPlace(word, origin)),
  ];
  for (const place of places) {
    if (place === null) continue;
    const { url, credentials, origin } = place;
    const group = isAbsolute(url) ? url : new URL(url).host;
    add(
      { kind: 'find-links', url, credentials, connections: defaultConnections, group, origin },
      isAbsolute(url) ? 'find-links' : group,
    );
  }
  if (problems.length > 0) throw new Failure(2, problems);
  return sources;
}
