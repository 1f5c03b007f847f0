import { distance } from 'fastest-levenshtein';
import { parseAddress } from '../packaging/address.js';
import { isSpecifier, isVersion } from '../packaging/version.js';
import type { Credentials } from '../values/credentials.js';
import type { Problem } from '../values/failure.js';
import { redact } from '../values/mask.js';
import type { MirrorWish, PaddleWish, Tool } from '../values/request.js';
import type { InputName } from './inputs.js';

/** One input as it was given. */
export interface Given {
  readonly name: InputName;
  /** How the user wrote its name: `device` or `--device`. */
  readonly where: string;
  /** Trimmed; the default where nothing was given. */
  readonly text: string;
}

/** Takes what is wrong; the rule goes on and gives a harmless value. */
export type Report = (problem: Problem) => void;

/** A text of the user's as messages show it: one line, no secret, not longer than 80 characters. */
export function show(text: string): string {
  const masked = redact(text);
  return JSON.stringify(masked.length > 80 ? `${masked.slice(0, 77)}...` : masked);
}

/** The line to write instead, as the user writes inputs. */
export function advise({ name, where }: Given, value: string): string {
  return where.startsWith('--') ? `Write \`--${name} ${value}\`.` : `Write \`${name}: ${value}\`.`;
}

/** The known spelling nearest to the one given: one that it begins, else the one with the fewest letters changed. */
export function nearest(text: string, known: readonly string[]): string {
  const given = text.toLowerCase();
  const begun = given.length > 1 ? known.filter((one) => one.startsWith(given)) : [];
  const pool = begun.length > 0 ? begun : known;
  return pool.reduce((best, one) => (distance(given, one) < distance(given, best) ? one : best));
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** One of several words, spelt as they are. */
export function readChoice<Word extends string>(given: Given, words: readonly [Word, ...Word[]], report: Report): Word {
  const found = words.find((word) => word === given.text);
  if (found === undefined) {
    report({
      where: given.where,
      what: `It is ${show(given.text)}; allowed is ${list(words)}.`,
      remedy: advise(given, nearest(given.text, words)),
    });
  }
  return found ?? words[0];
}

/** `on` or `off`. Other ways to say yes and no are refused with the right one: guessed right once, they are guessed wrong elsewhere. */
export function readSwitch(given: Given, report: Report): boolean {
  if (given.text !== 'on' && given.text !== 'off') {
    const no = /^(?:no|n|false|0|of+|none|never|disabled?)$/i.test(given.text);
    report({
      where: given.where,
      what: `It is ${show(given.text)}; allowed is on or off.`,
      remedy: advise(given, no ? 'off' : 'on'),
    });
  }
  return given.text === 'on';
}

const minute = 60_000;
const longestTimeout = 7 * 24 * 60;

/** Minutes as milliseconds, above zero and at most seven days: a longer wait than a runner gives a job is a mistake. */
export function readMinutes(given: Given, report: Report): number {
  const minutes = /^\d{1,9}(?:\.\d{1,6})?$/.test(given.text) ? Number(given.text) : Number.NaN;
  if (!(minutes > 0 && minutes <= longestTimeout)) {
    report({
      where: given.where,
      what: `It is ${show(given.text)}; allowed is a number of minutes above 0 and up to ${longestTimeout}.`,
      remedy: advise(given, minutes > longestTimeout ? String(longestTimeout) : '30'),
    });
    return minute;
  }
  return Math.ceil(minutes * minute);
}

const unitMs: Readonly<Record<string, number>> = { m: minute, h: 60 * minute, d: 24 * 60 * minute };

/** `30m`, `12h`, `7d` or `0`, as milliseconds. */
export function readDuration(given: Given, report: Report): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(given.text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? 0);
  if (count === '' && given.text !== '0') {
    const digits = /^\d{1,5}/.exec(given.text)?.[0];
    report({
      where: given.where,
      what: `It is ${show(given.text)}; allowed is a number with m (minutes), h (hours) or d (days), or 0.`,
      remedy: advise(given, digits === undefined ? '7d' : `${digits}d`),
    });
  }
  return ms;
}

/** A version, a version with a star, clauses, `latest` or `nightly`; '' is null: the requirements decide. */
export function readPaddleVersion(given: Given, report: Report): PaddleWish | null {
  const { text } = given;
  if (text === '') {
    return null;
  }
  if (text === 'latest') {
    return { kind: 'newest' };
  }
  if (text === 'nightly') {
    return { kind: 'nightly' };
  }
  const bare = text.replace(/^v(?=\d)/i, '');
  const specifier = isVersion(bare) || /^\d+(?:\.\d+)*\.\*$/.test(bare) ? `==${bare}` : text.replace(/\s+/g, '');
  // A text without an operator is no specifier, so a word can't slip through.
  if (!isSpecifier(specifier)) {
    const word = nearest(text, ['latest', 'nightly']);
    const release = /\d+\.\d+/.exec(text)?.[0] ?? /^\d+(?=\.[x*]+$)/i.exec(bare)?.[0];
    report({
      where: given.where,
      what: `It is ${show(text)}; allowed is a version (3.2.2), a series (3.2.*), clauses (>=3.1,<3.3), latest or nightly.`,
      remedy: advise(given, release === undefined || distance(text.toLowerCase(), word) < 3 ? word : `'${release}.*'`),
    });
    return null;
  }
  return { kind: 'specifier', specifier, origin: given.where };
}

/** Values separated by commas or line ends, each once. */
export function readList({ text }: Given): string[] {
  return [...new Set(text.split(/[,\n\r]/).map((one) => one.trim()))].filter((one) => one !== '');
}

/** An http(s) address of an index, credentials taken out; null after a report. */
export function readAddress(
  given: Given,
  text: string,
  report: Report,
): { readonly url: string; readonly credentials: Credentials | null } | null {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
    report({
      where: given.where,
      what: `${show(text)} can't be used: ${error.message}.`,
      remedy: 'Write the whole address of an index, such as `https://mirror.example/simple/`.',
    });
    return null;
  }
}

/** `auto`, or names of the catalogue and addresses in order of wish. */
export function readMirrors(given: Given, names: readonly string[], report: Report): 'auto' | readonly MirrorWish[] {
  const words = readList(given);
  if (words.length === 1 && words[0] === 'auto') {
    return 'auto';
  }
  const known = [...new Set(['official', ...names])];
  return words.flatMap((word): MirrorWish[] => {
    if (known.includes(word)) {
      return [{ kind: 'name', name: word }];
    }
    if (/[:/]/.test(word)) {
      const address = readAddress(given, word, report);
      return address === null ? [] : [{ kind: 'url', ...address }];
    }
    const alone = word === 'auto';
    report({
      where: given.where,
      what: alone
        ? '`auto` stands alone: a list is exclusive.'
        : `There is no mirror ${show(word)}; there are ${known.join(', ')}, and addresses.`,
      remedy: alone ? 'Take `auto` out, or write nothing else.' : advise(given, nearest(word, ['auto', ...known])),
    });
    return [];
  });
}

const tools = ['pip', 'docker', 'buildkit', 'containerd', 'podman', 'conda'] as const satisfies readonly Tool[];

/** Tools to configure; `off` alone is none, and '' is pip, with docker where `mirrored` says that there is something to tell it. */
export function readConfigure(given: Given, mirrored: boolean, report: Report): readonly Tool[] {
  const words = readList(given);
  if (words.length === 0) return mirrored ? ['pip', 'docker'] : ['pip'];
  const named = tools.filter((tool) => words.includes(tool));
  const wrong = words.filter((word) => !tools.some((tool) => tool === word) && (word !== 'off' || words.length > 1));
  for (const word of wrong) {
    report({
      where: given.where,
      what: `It names ${show(word)}; allowed is ${list(tools)}, or off alone.`,
      remedy: advise(given, nearest(word, tools)),
    });
  }
  const containers = named.filter((tool) => tool !== 'pip' && tool !== 'conda');
  if (containers.length > 0 && !mirrored) {
    report({
      where: given.where,
      what: `It names ${list(containers)}, but no \`docker-mirrors\` are given, so there is nothing to tell.`,
      remedy: 'Name mirrors in `docker-mirrors`, or leave these out.',
    });
  }
  if (containers.length === 0 && mirrored) {
    report({
      where: given.where,
      what: '`docker-mirrors` are given, but no tool is to be told of them.',
      remedy: advise(given, [...named, 'docker'].join(',')),
    });
  }
  return named;
}
