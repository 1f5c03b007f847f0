import path from 'node:path';
import type { Interpreter } from '../values/interpreter.js';
import type { Runner } from '../values/runner.js';
import type { Source } from '../values/source.js';

interface Wishes {
  readonly interpreter: Pick<Interpreter, 'pipSettings' | 'officialIndex'>;
  /** The best Python index that is known, null: none is. */
  readonly chosen: Source | null;
  /** It answered in this run. */
  readonly served: boolean;
  /** Whether an address is the official index or a public mirror of it. */
  readonly isPublic: (url: string) => boolean;
}

/** What later steps' pip is told, and why. */
export interface PipWish {
  /** Options by long name; empty: nothing. */
  readonly options: Readonly<Record<string, string>>;
  readonly why: string;
}

/** Seconds that pip waits for a piece of a file; its own 15 are short for a mirror that has to fetch the file first. */
const TIMEOUT = '60';

function sameIndex(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

/**
 * What the pip of later steps is told: the index that served, and patience where the user set no time-out. All other settings (certificates,
 * proxy, find-links, extra indexes, trusted hosts) stay as they are. Never `trusted-host`, which switches certificate checks off, and never
 * `extra-index-url`, of which pip takes any (pip.pypa.io, `pip install`). An index that the machine was configured for and that is no public
 * mirror stays: it may hold packages that no mirror has.
 */
export function pipWish({ interpreter, chosen, served, isPublic }: Wishes): PipWish {
  const none = (why: string): PipWish => ({ options: {}, why });
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
    options: { 'index-url': chosen.url, ...(pipSettings['timeout'] === undefined ? { timeout: TIMEOUT } : {}) },
    why: `Later steps' pip uses ${chosen.id}, ${served ? 'which served this run' : 'the best that is known'}.`,
  };
}

/** The options as variables, which beat every configuration file (pip.pypa.io, "Configuration"; `--timeout` goes by its other name there). */
export function pipVariables({ options }: PipWish): Record<string, string> {
  const named = Object.entries(options).map(([name, value]) => [
    name === 'timeout' ? 'PIP_DEFAULT_TIMEOUT' : `PIP_${name.toUpperCase().replaceAll('-', '_')}`,
    value,
  ]);
  return Object.fromEntries(named);
}

/**
 * pip's own configuration file of a level, the one that `pip config --user|--global set` writes (pip.pypa.io, "Configuration", and pip's
 * `appdirs.py`). `isFolder`: whether a folder is there; on macOS that decides between two places.
 */
export function pipFile(
  level: 'user' | 'system',
  os: Runner['os'],
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
  isFolder: (folder: string) => boolean,
): string {
  const named = (name: string): string | undefined => environment[name]?.trim() || undefined;
  if (os === 'win32') {
    const shared = named('ALLUSERSPROFILE') ?? 'C:\\ProgramData';
    return path.win32.join(level === 'system' ? shared : (named('APPDATA') ?? home), 'pip', 'pip.ini');
  }
  if (os === 'darwin') {
    if (level === 'system') return '/Library/Application Support/pip/pip.conf';
    const support = path.posix.join(home, 'Library', 'Application Support', 'pip');
    return path.posix.join(isFolder(support) ? support : path.posix.join(home, '.config', 'pip'), 'pip.conf');
  }
  if (level === 'system') return '/etc/pip.conf';
  return path.posix.join(named('XDG_CONFIG_HOME') ?? path.posix.join(home, '.config'), 'pip', 'pip.conf');
}
