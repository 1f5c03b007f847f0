import { type Editor, type Part, textOf } from './editor.js';
import { type Ini, type IniEntry, parseIni } from './ini.js';

/** `[global]` speaks to all of pip's commands; `[install]` beats it for the one that matters. */
const sections = ['global', 'install'] as const;

function entryOf({ entries }: Ini, section: string, key: string): IniEntry | undefined {
  return entries.findLast((entry) => entry.section === section && entry.key === key);
}

function join(lines: readonly string[], { eol }: Ini, text: string | null): string {
  const mark = text?.startsWith('\uFEFF') === true ? '\uFEFF' : '';
  return mark + lines.join(eol);
}

/** The text with an option in `[global]`, and in the place of the one in `[install]` where there is one. */
function putOption(text: string, key: string, value: string): string {
  const ini = parseIni(text);
  const lines = [...ini.lines];
  // From the end of the file on, so that line numbers hold.
  const there = sections.flatMap((section) => entryOf(ini, section, key) ?? []).sort((a, b) => b.start - a.start);
  for (const { start, end, head } of there) lines.splice(start, end - start, `${head} ${value}`);
  if (there.some(({ section }) => section === 'global')) return join(lines, ini, text);
  const current = parseIni(join(lines, ini, text));
  const section = current.sections.find(({ name }) => name === 'global');
  const line = `${key} = ${value}`;
  if (section === undefined) {
    const end = lines.findLastIndex((one) => one.trim() !== '') + 1;
    lines.splice(end, lines.length, ...(end === 0 ? [] : ['']), '[global]', line, '');
  } else {
    const after = current.entries.filter((entry) => entry.section === 'global').at(-1)?.end ?? section.line + 1;
    lines.splice(after, 0, line);
    if (after === lines.length - 1) lines.push('');
  }
  return join(lines, ini, text);
}

/** The text without our value of an option: with the lines that stood there before, or none. Another value is the user's. */
function takeOption(text: string, key: string, value: string, before: string | null): string {
  const ini = parseIni(text);
  const old = before === null ? null : parseIni(before);
  const lines = [...ini.lines];
  const ours = sections
    .flatMap((section) => entryOf(ini, section, key) ?? [])
    .filter((entry) => entry.value === value)
    .sort((a, b) => b.start - a.start);
  for (const { section, start, end } of ours) {
    const displaced = old === null ? undefined : entryOf(old, section, key);
    lines.splice(
      start,
      end - start,
      ...(displaced === undefined ? [] : (old?.lines.slice(displaced.start, displaced.end) ?? [])),
    );
  }
  return join(lines, ini, text);
}

/** The text without a `[global]` that we made and that holds nothing any more. */
function dropSection(text: string, before: string | null): string {
  const ini = parseIni(text);
  const at = ini.sections.findIndex(({ name }) => name === 'global');
  const section = ini.sections[at];
  const had = before !== null && parseIni(before).sections.some(({ name }) => name === 'global');
  if (section === undefined || had) return text;
  const end = ini.sections[at + 1]?.line ?? ini.lines.length;
  if (ini.lines.slice(section.line + 1, end).some((line) => line.trim() !== '')) return text;
  const lines = [...ini.lines];
  lines.splice(section.line, end - section.line);
  while (lines.length > 1 && lines.at(-1)?.trim() === '') lines.pop();
  return join([...lines, ''], ini, text);
}

/**
 * Options of pip's configuration file (pip.pypa.io, "Configuration"), merged key by key: every other line, comment and blank stays as it is.
 * The part is options by long name, with their values.
 */
export const pipIni: Editor = {
  put: (text: string | null, part: Part) =>
    Object.keys(part).reduce((whole, key) => putOption(whole, key, textOf(part, key)), text ?? ''),
  take(text, part, before) {
    const without = Object.keys(part).reduce((whole, key) => takeOption(whole, key, textOf(part, key), before), text);
    const rest = dropSection(without, before);
    return rest.trim() === '' && before === null ? null : rest;
  },
};
