import type { Sourced } from './devices.js';
import data from './mirrors.json' with { type: 'json' };

/** A source of the Python index: the official index or a public mirror of it. */
export interface Mirror extends Sourced {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Simple index (PEP 503) with a slash at its end; null for the official index, whose address is found at run time. */
  readonly url: string | null;
  /** Host names that are this mirror, themselves or as the end of a longer one. */
  readonly hosts: readonly string[];
  /** Mirrors of one group serve each other's files and count as one source. */
  readonly group: string;
  /** Connections to it at a time: 4 for a campus, 16 for a content network. */
  readonly connections: number;
  /** ISO 3166 code, or null for the world. */
  readonly country: string | null;
  readonly note: string;
}

/** The official index first; within a group the one to prefer first. */
export const mirrors = data as readonly Mirror[];

/** The mirror of that id, or undefined. */
export function findMirror(id: string): Mirror | undefined {
  return mirrors.find((mirror) => mirror.id === id);
}

/** The mirror that an address belongs to by its host, or undefined (also for an address that is none). */
export function mirrorAt(url: string): Mirror | undefined {
  if (!URL.canParse(url)) {
    return undefined;
  }
  const { hostname } = new URL(url);
  return mirrors.find(({ hosts }) => hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`)));
}
