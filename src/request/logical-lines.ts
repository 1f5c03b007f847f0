/** One line of a requirements file after comments and continuations; `number` counts from 1, where it begins. */
export interface LogicalLine {
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a requirements file as pip reads them (its "Requirements File Format"): a backslash at the end joins the next line,
 * `#` at the beginning or behind a blank starts a comment, a comment ends a continuation; any line end will do.
 */
export function logicalLines(text: string): LogicalLine[] {
  const joined: { number: number; text: string }[] = [];
  let continued = false;
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    // The blank in front keeps a comment a comment where a line is joined to it.
    const comment = /^\s*#/.test(raw);
    const line = comment ? ` ${raw}` : raw;
    const open = !comment && raw.endsWith('\\');
    const piece = open ? line.slice(0, -1) : line;
    const last = joined.at(-1);
    if (continued && last !== undefined) {
      last.text += piece;
    } else {
      joined.push({ number: index + 1, text: piece });
    }
    continued = open;
  }
  return joined
    .map((line) => ({ ...line, text: line.text.replace(/(^|\s+)#.*$/s, '').trim() }))
    .filter((line) => line.text !== '');
}

/**
 * Puts the values of environment variables in place of `${NAME}`, upper case only, as pip does.
 * Throws SyntaxError for one that is not set: pip would ask an index whose address holds the bare name.
 */
export function expandVariables(line: string, environment: Readonly<Record<string, string | undefined>>): string {
  return line.replace(/\$\{([A-Z0-9_]+)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === '') {
      throw new SyntaxError(`the environment variable \`${name}\` is not set`);
    }
    return value;
  });
}
