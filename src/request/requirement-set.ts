import { resolve } from 'node:path';
import { isAddress, parseAddress, pathOfFileAddress } from '../packaging/address.js';
import type { IndexOption, RequirementSet } from '../values/request.js';
import type { Requirement } from '../values/requirement.js';
import type { FileOption } from './option-lines.js';

/** A requirement set that is being read. */
export interface Draft {
  readonly requirements: Requirement[];
  readonly constraints: Requirement[];
  indexes: readonly IndexOption[];
  noIndex: boolean;
  preReleases: boolean;
  readonly formats: string[];
  readonly notices: string[];
  /** Where `--require-hashes` stands, or null. */
  requireHashes: string | null;
}

/** Nothing read yet. */
export function emptyDraft(): Draft {
  return {
    requirements: [],
    constraints: [],
    indexes: [],
    noIndex: false,
    preReleases: false,
    formats: [],
    notices: [],
    requireHashes: null,
  };
}

/** The set as it was read, frozen. */
export function finishDraft(draft: Draft, pylock: string | null): RequirementSet {
  const { requirements, constraints, indexes, noIndex, preReleases, formats, notices } = draft;
  return Object.freeze({
    requirements: Object.freeze(requirements),
    constraints: Object.freeze(constraints),
    indexes: Object.freeze(indexes),
    noIndex,
    preReleases,
    formats: Object.freeze(formats),
    pylock,
    notices: Object.freeze(notices),
  });
}

/** Absolute folder of a find-links value, or the address of a page. Throws SyntaxError. */
function findLinks(value: string, folder: string): Pick<IndexOption, 'url' | 'credentials'> {
  if (/^file:/i.test(value)) {
    return { url: pathOfFileAddress(value), credentials: null };
  }
  return isAddress(value) ? parseAddress(value) : { url: resolve(folder, value), credentials: null };
}

/**
 * Takes up an option that is about the whole set. `folder` is where a relative find-links begins: the folder of the file, as with pip.
 * Options that are not obeyed leave a notice with the reason. Throws SyntaxError for a wrong address.
 */
export function applyOption(draft: Draft, { name, value }: FileOption, origin: string, folder: string): void {
  switch (name) {
    case '--index-url':
      // A later one replaces an earlier one, as with pip.
      draft.indexes = [
        ...draft.indexes.filter(({ kind }) => kind !== 'index-url'),
        { kind: 'index-url', ...parseAddress(value), origin },
      ];
      break;
    case '--extra-index-url':
      draft.indexes = [...draft.indexes, { kind: 'extra-index-url', ...parseAddress(value), origin }];
      break;
    case '--find-links':
      draft.indexes = [...draft.indexes, { kind: 'find-links', ...findLinks(value, folder), origin }];
      break;
    case '--no-index':
      draft.noIndex = true;
      break;
    case '--pre':
      draft.preReleases = true;
      break;
    case '--no-binary':
    case '--only-binary':
      draft.formats.push(`${name} ${value.replace(/\s*,\s*/g, ',')}`);
      break;
    case '--require-hashes':
      draft.requireHashes ??= origin;
      break;
    case '--trusted-host':
      draft.notices.push(
        `${origin}: --trusted-host ${value} is not obeyed: certificates are always checked. Name the host's CA by PIP_CERT or SSL_CERT_FILE instead.`,
      );
      break;
    case '--use-feature':
      draft.notices.push(
        `${origin}: --use-feature ${value} is not obeyed: it switches a part of pip that takes no part here.`,
      );
      break;
    case '--prefer-binary':
      draft.notices.push(
        `${origin}: --prefer-binary is not obeyed: the newest version that fits is taken, as a wheel where it has one.`,
      );
      break;
    default:
      throw new TypeError(`${name} names a file and is no option of the set`);
  }
}
