import { resolve } from 'node:path';
import { Failure } from '../values/failure.js';
import { redact } from '../values/mask.js';
import type { Requirement } from '../values/requirement.js';
import { isAddress, parseAddress } from './address.js';
import { parseFilename } from './filename.js';
import { formatMarker, parseMarker } from './marker.js';
import { isName, normalise } from './name.js';
import { isSpecifier } from './version.js';

interface Target extends Pick<Requirement, 'kind' | 'name' | 'extras' | 'specifier' | 'url'> {
  /** A name stands in front of the address: `name @ https://...`. */
  readonly named: boolean;
}

const archive = /\.(?:whl|zip|tgz|tar\.(?:gz|bz2|xz))$/i;
const repository = /^(?:git|hg|svn|bzr)\+/i;
const pathStart = /^(?:\.{0,2}[/\\]|\.{1,2}(?:\[|$)|~[/\\]|[a-z]:[/\\]|file:)/i;
const example =
  'Write one requirement a line, such as `name`, `name==1.2`, `name[extra]>=1,<2 ; python_version < "3.12"` or `name @ https://...`.';

function parseExtras(text: string): string[] {
  const extras = text.split(',').map((extra) => extra.trim());
  const wrong = extras.find((extra) => !isName(extra));
  if (text.trim() !== '' && wrong !== undefined) {
    throw new SyntaxError(`\`${wrong}\` is no name of an extra`);
  }
  return text.trim() === '' ? [] : [...new Set(extras.map(normalise))].sort();
}

function nameOfFile(address: string): string | null {
  const last = /[^/\\]*$/.exec(address.replace(/[?#].*$/s, ''))?.[0] ?? '';
  const told = parseFilename(last.replace(/%2B/gi, '+'));
  if (told === null && last.endsWith('.whl')) {
    throw new SyntaxError(`\`${last}\` is no name of a wheel`);
  }
  return told?.name ?? null;
}

function parseRepository(text: string): Target {
  const address = text.replace(repository, '');
  if (!URL.canParse(address)) {
    throw new SyntaxError('no address stands behind the name of the version control system');
  }
  if (new URL(address).password !== '' || (/^https?:/i.test(address) && new URL(address).username !== '')) {
    throw new SyntaxError('credentials in the address of a repository would end up in the lock');
  }
  const [, name = null, extras = ''] = /[#&]egg=([^&[]+)(?:\[([^\]]*)\])?/.exec(text) ?? [];
  return { kind: 'vcs', name, extras: parseExtras(extras), specifier: '', url: text, named: false };
}

function parseLink(text: string): Target {
  if (repository.test(text)) {
    return parseRepository(text);
  }
  const { url, credentials } = parseAddress(text);
  if (credentials !== null) {
    throw new SyntaxError('credentials in a direct link would end up in the lock');
  }
  const kept =
    url
      .split('#', 2)[1]
      ?.split('&')
      .filter((part) => !part.startsWith('sha256=')) ?? [];
  const bare = `${url.replace(/#.*$/s, '')}${kept.length === 0 ? '' : `#${kept.join('&')}`}`;
  return { kind: 'url', name: nameOfFile(url), extras: [], specifier: '', url: bare, named: false };
}

function parsePath(text: string): Target {
  const [, path = text, extras = ''] = /^(.*?)(?:\[([^\]]*)\])?$/s.exec(text) ?? [];
  return { kind: 'path', name: nameOfFile(path), extras: parseExtras(extras), specifier: '', url: path, named: false };
}

function parseNamed(text: string): Target {
  const [, name = '', extraText = '', rest = ''] =
    /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)$/is.exec(text) ?? [];
  if (name === '') {
    throw new SyntaxError('it begins with no name');
  }
  const extras = parseExtras(extraText);
  if (rest.startsWith('@')) {
    const address = rest.slice(1).trim();
    const target = /^file:/i.test(address) ? parsePath(address) : parseLink(address);
    return { ...target, name, extras, named: true };
  }
  const specifier = (/^\((.*)\)$/s.exec(rest)?.[1] ?? rest).replace(/\s*(,|[<>=!~]+)\s*/g, '$1').trim();
  if (!isSpecifier(specifier)) {
    throw new SyntaxError(`\`${specifier}\` is no version clause`);
  }
  return { kind: 'named', name, extras, specifier, url: null, named: true };
}

function parseTarget(text: string): Target {
  if (pathStart.test(text)) {
    return parsePath(text);
  }
  if (isAddress(text)) {
    return parseLink(text);
  }
  const named = /^[\w.-]+\s*(?:\[[^\]]*\])?\s*@/.test(text);
  return !named && (archive.test(text) || /^[^\s;<>=!~]*[/\\]/.test(text)) ? parsePath(text) : parseNamed(text);
}

/** Hashes of the options behind a requirement; only SHA-256 is checked anywhere in the field, so another one alone is refused. */
function parseOptions(options: readonly string[]): string[] {
  const hashes = options
    .join(' ')
    .split(/\s+(?=--)/)
    .filter((option) => option !== '')
    .map((option) => {
      const [, value = null] = /^--hash[=\s]\s*(\S+)$/.exec(option) ?? [];
      if (value === null) {
        throw new SyntaxError(`the option \`${option}\` can't stand behind a requirement here`);
      }
      return value.toLowerCase();
    });
  const wrong = hashes.find((hash) => !/^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(hash));
  if (wrong !== undefined) {
    throw new SyntaxError(`\`${wrong}\` is no hash`);
  }
  const usable = hashes.filter((hash) => hash.startsWith('sha256:'));
  if (hashes.length > 0 && usable.length === 0) {
    throw new SyntaxError('none of its hashes is a sha256');
  }
  return usable;
}

function parse(text: string, origin: string, folder: string | null): Requirement {
  const editable = /^(?:-e|--editable)(?:\s+|=)(.+)$/s.exec(text)?.[1] ?? null;
  const [line = '', ...options] = (editable ?? text).split(/\s+(?=--?[a-z])/i);
  // Behind a link or path a marker needs a blank in front of its semicolon: a semicolon may be part of either.
  const linkLike = pathStart.test(line) || /:\/\//.test(line.split(';', 1)[0] ?? '');
  const cut = (linkLike ? /\s;|;\s/ : /;/).exec(line);
  const marker = cut === null ? null : formatMarker(parseMarker(line.slice(cut.index).replace(/^\s*;/, '')));
  const target = parseTarget((cut === null ? line : line.slice(0, cut.index)).trim());
  if (editable !== null && target.kind !== 'path' && target.kind !== 'vcs') {
    throw new SyntaxError('only a folder or a repository can be editable');
  }
  const relative = target.kind === 'path' && target.url !== null && !/^(?:file:|[a-z]:[/\\])/i.test(target.url);
  const url = relative && folder !== null && target.url !== null ? resolve(folder, target.url) : target.url;
  const fragment = target.kind === 'url' ? /#(?:.*&)?sha256=([0-9a-f]{64})/i.exec(line)?.[1]?.toLowerCase() : undefined;
  const extras = target.extras.length === 0 ? '' : `[${target.extras.join(',')}]`;
  const head = target.named ? `${target.name}${extras}${url === null ? target.specifier : ' @ '}` : '';
  const tail = `${url ?? ''}${target.kind === 'path' && !target.named ? extras : ''}`;
  return {
    name: target.name,
    extras: target.extras,
    specifier: target.specifier,
    url,
    normalised: target.name === null ? null : normalise(target.name),
    marker,
    editable: editable !== null,
    kind: editable === null ? target.kind : 'editable',
    hashes: [...new Set([...parseOptions(options), ...(fragment === undefined ? [] : [`sha256:${fragment}`])])].sort(),
    origin,
    text: `${editable === null ? '' : '-e '}${head}${tail}${marker === null ? '' : ` ; ${marker}`}`,
  };
}

/**
 * Reads one requirement: PEP 508, and what pip takes beside it (paths, bare links, repositories, `-e`, `--hash`).
 * `folder` is the absolute folder where relative paths begin; without it they stay as written.
 * Throws Failure (exit code 2) with one problem. Credentials in links are refused: they would be written to the lock.
 *
 * pip-requirements-js was weighed and left: it brings a parser generator (ohm-js) into the bundle, reads whole files without naming
 * the line that is wrong, and evaluates no markers, which is the larger half.
 */
export function parseRequirement(text: string, origin: string, folder: string | null = null): Requirement {
  try {
    return parse(text.trim(), origin, folder);
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
    const what = `\`${redact(text.trim())}\` is no requirement: ${redact(error.message)}.`;
    const remedy = /credentials/.test(error.message)
      ? 'Name a private index by `--extra-index-url` instead, or let git ask its credential helper.'
      : example;
    throw new Failure(2, [{ where: origin, what, remedy }], { cause: error });
  }
}
