/** One option of an INI file, with the lines it takes: `[start, end)`. */
export interface IniEntry {
  readonly section: string;
  /** As pip reads it: lower case, hyphens, no dashes in front. */
  readonly key: string;
  /** Key and delimiter as written, blanks included. */
  readonly head: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** An INI file by its lines, without their ends. */
export interface Ini {
  readonly lines: readonly string[];
  /** What ends a line: that of the first one. */
  readonly eol: string;
  readonly sections: readonly { readonly name: string; readonly line: number }[];
  readonly entries: readonly IniEntry[];
}

/**
 * Reads a file as Python's `configparser.RawConfigParser` does, which pip uses (docs.python.org/3/library/configparser): `=` or `:`, whole lines
 * of comments, deeper indented lines go on with a value, sections and options once each. Throws SyntaxError with the line where that one would.
 */
export function parseIni(text: string): Ini {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const sections: { name: string; line: number }[] = [];
  const entries: (IniEntry & { readonly indent: number; readonly written: string })[] = [];
  const fail = (at: number, what: string): never => {
    throw new SyntaxError(`line ${at + 1} ${what}`);
  };
  let open = false;
  for (const [at, line] of lines.entries()) {
    const bare = line.trim();
    if (bare === '' || bare.startsWith('#') || bare.startsWith(';')) continue;
    const indent = line.length - line.trimStart().length;
    const last = entries.at(-1);
    if (open && last !== undefined && indent > last.indent) {
      entries[entries.length - 1] = { ...last, value: `${last.value}\n${bare}`, end: at + 1 };
      continue;
    }
    const header = /^\[(.+)\]/.exec(bare)?.[1];
    if (header !== undefined) {
      if (sections.some(({ name }) => name === header)) fail(at, `has the section [${header}] a second time`);
      sections.push({ name: header, line: at });
      open = false;
      continue;
    }
    const section = sections.at(-1)?.name;
    if (section === undefined) return fail(at, 'stands before any section');
    const head = /^\s*([^=:]*?)\s*[=:]\s*/.exec(line);
    const written = head?.[1]?.toLowerCase() ?? '';
    if (head === null || written === '') return fail(at, 'is neither a section, an option nor a comment');
    if (entries.some((entry) => entry.section === section && entry.written === written))
      fail(at, `has the option ${written} a second time`);
    const key = written.replaceAll('_', '-').replace(/^--/, '');
    const value = line.slice(head[0].length).trim();
    entries.push({ section, key, head: head[0].trimEnd(), value, start: at, end: at + 1, indent, written });
    open = true;
  }
  return { lines, eol: /\r\n|\r|\n/.exec(text)?.[0] ?? '\n', sections, entries };
}
