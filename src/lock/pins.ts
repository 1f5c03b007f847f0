import querystring from 'node:querystring';
import { fileURLToPath } from 'node:url';
import { parseFilename } from '../packaging/filename.js';
import { normalise } from '../packaging/name.js';

/** What the resolver settled on for one package. */
export type ResolvedPin =
  /** A version from an index. */
  | { readonly kind: 'index'; readonly name: string; readonly version: string }
  /** A wheel or sdist behind a public address. */
  | { readonly kind: 'link'; readonly name: string; readonly url: string }
  /** A wheel or sdist of this machine; absolute path. */
  | { readonly kind: 'local'; readonly path: string }
  /** A folder, a repository, an editable, or an archive whose name tells no version: nothing that a lock can hash. */
  | { readonly kind: 'unhashed'; readonly line: string };

/** Last part of an address or path, decoded as far as it can be: a user's may hold a lone `%`, on which decodeURIComponent throws. */
export function filenameOf(address: string): string {
  const last =
    address
      .replace(/[?#].*$/s, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  return querystring.unescape(last);
}

function targetPin(line: string, address: string, published: ReadonlyMap<string, string>): ResolvedPin {
  const url = published.get(address) ?? address;
  const plain = line.replace(address, url);
  const file = parseFilename(filenameOf(url));
  if (file === null || /^(?:git|hg|svn|bzr)\+/.test(url)) return { kind: 'unhashed', line: plain };
  if (/^https?:/.test(url)) return { kind: 'link', name: file.name, url };
  return { kind: 'local', path: url.startsWith('file:') ? fileURLToPath(url) : url };
}

/**
 * Reads what `uv pip compile --no-annotate --no-header --strip-extras` printed: one package a line as `name==version`,
 * `name @ address`, a bare address or path, or `-e folder`, a marker behind a semicolon.
 * `published`: addresses that the gateway invented for direct links → the public ones.
 * Throws Error for a line of another form: a change in uv that has to be seen.
 */
export function parsePins(output: string, published: ReadonlyMap<string, string>): ResolvedPin[] {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((full): ResolvedPin => {
      const line = full.replace(/\s+;\s.*$/, '');
      if (line.startsWith('-e ')) return { kind: 'unhashed', line };
      const [, name, version] = /^([\w.-]+)(?:\[[^\]]*\])?===?([^\s@;]+)$/.exec(line) ?? [];
      if (name !== undefined && version !== undefined) return { kind: 'index', name: normalise(name), version };
      const address = /^[\w.-]+(?:\[[^\]]*\])? @ (\S.*)$/.exec(line)?.[1] ?? line;
      if (address === line && !/^(?:\w+\+?\w*:|[./\\])/.test(line)) throw new Error(`Unknown line from uv: ${line}`);
      return targetPin(line, address, published);
    });
}
