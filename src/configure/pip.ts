import type { Interpreter } from '../values/interpreter.js';
import type { Source } from '../values/source.js';

interface Wishes {
  readonly interpreter: Pick<Interpreter, 'pipSettings' | 'officialIndex'>;
  /** The Python index that served this run, null: none did. */
  readonly chosen: Source | null;
  /** Whether an address is the official index or a public mirror of it. */
  readonly isPublic: (url: string) => boolean;
}

/** What later steps' pip is told, and why. */
export interface PipEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  readonly why: string;
}

function sameIndex(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

/**
 * Tells the pip of later steps of the chosen index by `PIP_INDEX_URL`, which beats every configuration file and leaves all other
 * settings (certificates, proxy, time-out, find-links, extra indexes) as they are. Never `trusted-host`. An index that the machine was
 * configured for and that is no public mirror stays: it may hold packages that no mirror has.
 */
export function pipEnvironment({ interpreter, chosen, isPublic }: Wishes): PipEnvironment {
  const none = (why: string): PipEnvironment => ({ variables: {}, why });
  const { pipSettings, officialIndex } = interpreter;
  if (chosen === null) return none("No Python index was used, so later steps' pip keeps its own.");
  if (chosen.credentials !== null) return none(`${chosen.id} needs credentials, which are not handed to later steps.`);
  // pip refuses plain http but to this machine itself, and the way around it would be to trust the host.
  const { protocol, hostname } = new URL(chosen.url);
  if (protocol === 'http:' && !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) {
    return none(`${chosen.id} speaks plain http, which pip takes from trusted hosts alone.`);
  }
  // pip reads booleans as Python's configparser does, and these are its words for no.
  const noIndex = pipSettings['no-index'];
  if (noIndex !== undefined && !/^(?:0|no|false|off|n|f)?$/i.test(noIndex.value))
    return none(`Later steps' pip is told to use no index (${noIndex.origin}).`);
  const configured = pipSettings['index-url'];
  if (configured !== undefined && !sameIndex(configured.value, chosen.url) && !isPublic(configured.value)) {
    return none(`Later steps' pip keeps the index of ${configured.origin}: it may hold packages that a mirror lacks.`);
  }
  const current = configured?.value ?? officialIndex?.url;
  if (current !== undefined && sameIndex(current, chosen.url))
    return none(`Later steps' pip already uses ${chosen.id}.`);
  return {
    variables: { PIP_INDEX_URL: chosen.url },
    why: `Later steps' pip uses ${chosen.id}, which served this run.`,
  };
}
