import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { RequirementSet } from '../values/request.js';
import type { Requirement } from '../values/requirement.js';

function clauses(specifier: string): string[] {
  return [...new Set(specifier.split(','))].sort();
}

/** A local file counts by its name and hash, wherever it lies; everything else without a hash by its address. */
function meaning(line: Requirement): string {
  const local = line.kind === 'path' && line.hashes.length > 0 && line.url !== null;
  return JSON.stringify([
    line.kind,
    line.normalised,
    line.extras,
    clauses(line.specifier),
    line.marker,
    local ? basename(line.url) : line.url,
    [...line.hashes].sort(),
  ]);
}

function meanings(lines: readonly Requirement[]): string[] {
  return [...new Set(lines.map(meaning))].sort();
}

/**
 * SHA-256 (lower-case hex) of what a set of requirements means: comments, blanks, line ends, the order of requirements, nesting of files
 * and spelling of names make no difference; a version, hash, marker, extra, constraint, index or format does. The order of indexes and
 * of format options counts, because it decides which one wins; credentials don't. `lockText` is the content of `set.pylock`, null without one.
 */
export function requirementsDigest(set: RequirementSet, lockText: string | null): string {
  const parts = [
    meanings(set.requirements),
    meanings(set.constraints),
    set.indexes.map(({ kind, url }) => [kind, url]),
    set.noIndex,
    set.preReleases,
    set.formats,
    lockText?.replace(/\r\n/g, '\n') ?? null,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
