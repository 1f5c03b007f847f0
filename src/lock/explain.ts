import type { Problem } from '../values/failure.js';
import type { Requirement } from '../values/requirement.js';

/** A line of the request, as far as an explanation names it. */
export type Line = Pick<Requirement, 'normalised' | 'origin' | 'text'>;

/** uv 0.8 wraps its text and draws arrows, uv 0.13 puts `cause:` in front: one line a sentence for both. */
function plain(stderr: string): string {
  return stderr
    .replace(/[×╰─▶│├]+/g, ' ')
    .replace(/\bcause:/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** uv's reasons without its conclusions, in the words of a person who asked for something. */
function reasons(text: string): string[] {
  const proof = text.replace(/\bhint:.*$/s, '');
  const found = [...proof.matchAll(/(?:Because|And because) (.+?),? we can conclude that/g)].map(
    (match) => match[1] ?? '',
  );
  const worded = found.map((reason) =>
    reason
      .replace(/ was not found in the package registry/g, ' is on no index that was asked')
      .replace(/ \(e\.g\., `([^`]+)`\)/g, ' such as $1')
      .replace(/\byou require /g, 'the request asks for ')
      .replace(/`/g, ''),
  );
  return [...new Set(worded)];
}

/** The hints name what there is instead; only those about wheels say something to our user. */
function hints(text: string): string[] {
  return [...text.matchAll(/hint: (.+?)(?=hint: |$)/g)]
    .map((match) => (match[1] ?? '').replace(/`/g, '').trim())
    .filter((hint) => /wheels/i.test(hint))
    .map((hint) => hint.replace(/^You require .*?, but we only found wheels/, 'Wheels were found only'));
}

function remedyFor(text: string): string {
  const missing = /([\w.-]+) was not found in the package registry/.exec(text)?.[1];
  if (missing !== undefined) {
    return `Check the spelling of ${missing}; where it is on a private index, name that with --extra-index-url in the requirements file.`;
  }
  if (/pre-releases weren't enabled/.test(text)) {
    return 'Put --pre into the requirements file to take a pre-release, or ask for a version that there is.';
  }
  if (/requires? Python|Python version/.test(text) || /has no wheels with a matching Python/.test(text)) {
    return 'Ask for another version of that package, or choose another interpreter with python.';
  }
  if (/matching platform tag|no usable wheels|no wheels/.test(text)) {
    return 'Ask for a version that has a wheel for this machine, or allow its source distribution.';
  }
  if (/there (?:is|are) no versions? of|is available and you require/.test(text) && !/depends? on/.test(text)) {
    return 'Ask for a version that there is.';
  }
  return 'Loosen one of the versions named here so that all of them can hold together.';
}

/** The lines of the request whose package the text names. */
export function linesNamed<L extends Line>(text: string, lines: readonly L[]): L[] {
  const words = new Set(text.toLowerCase().match(/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/g) ?? []);
  const names = new Set([...words].map((word) => word.replace(/[._-]+/g, '-')));
  return lines.filter((line) => line.normalised !== null && names.has(line.normalised));
}

/**
 * uv's "no solution" in our words, with the user's own lines; null where the text is about something else.
 * The forms are those of uv 0.8.4 and 0.13.9, recorded.
 */
export function explainNoSolution(stderr: string, lines: readonly Line[]): Problem | null {
  const text = plain(stderr);
  if (!text.includes('No solution found')) return null;
  // A proof quotes requirements with their versions: `numpy<2` has to be read as the name numpy.
  const named = linesNamed(text.replace(/[<>=!~[{]/g, ' '), lines);
  const because = reasons(text);
  const asked = named.map((line) => `\`${line.text}\``).join(', ');
  const why = because.length > 0 ? because.join('; ') : text;
  const wheels = hints(text).map((hint) => ` ${hint.replace(/\.?$/, '.')}`);
  return {
    where: [...new Set(named.map((line) => line.origin))].join(', ') || 'requirements',
    what: `No set of versions fulfils ${asked === '' ? 'the request' : asked}: ${why}.${wheels.join('')}`,
    remedy: remedyFor(text),
  };
}
