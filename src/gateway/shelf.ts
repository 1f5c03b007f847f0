import { createHash } from 'node:crypto';
import querystring from 'node:querystring';
import type { IndexFile } from '../values/source.js';

/** Files that the gateway serves, by their path. */
export interface Shelf {
  /** Makes a file known and gives its path: `/files/<sha256>/<filename>`, or by its addresses where no hash is known. */
  put(file: IndexFile): string;
  /** Makes a direct link known: `/direct/<id>/<filename>`. */
  putDirect(url: string): string;
  /** The file at a path, or null. */
  at(path: string): IndexFile | null;
}

/** An empty shelf. A file that is put there again replaces its earlier listing. */
export function createShelf(): Shelf {
  const files = new Map<string, IndexFile>();
  return {
    put: (file) => {
      const path = `/files/${file.sha256 ?? `-${short(file.locations.map((l) => l.url).join(' '))}`}/${file.filename}`;
      files.set(path, file);
      return path;
    },
    putDirect: (url) => {
      const file = directFile(url);
      const path = `/direct/${short(url)}/${file.filename}`;
      files.set(path, file);
      return path;
    },
    at: (path) => files.get(path) ?? null,
  };
}

/** A file that nothing is known of but its address; a `#sha256=` in it is its hash. */
export function directFile(url: string): IndexFile {
  const { pathname, hash, href } = new URL(url);
  // An escape that is no UTF-8 makes decodeURIComponent throw.
  const name = querystring.unescape(pathname.slice(pathname.lastIndexOf('/') + 1));
  const sha256 = /^#(?:.*&)?sha256=([0-9a-f]{64})(?:&|$)/i.exec(hash)?.[1]?.toLowerCase() ?? null;
  return {
    filename: name.replace(/[^A-Za-z0-9._+!-]/g, '_').replace(/^[^A-Za-z0-9]+/, ''),
    sha256,
    hashOrigin: sha256 === null ? null : 'lock',
    size: null,
    requiresPython: null,
    yanked: null,
    uploadTime: null,
    locations: [{ source: 'direct', url: href.replace(/#.*$/, ''), sha256, size: null }],
  };
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
