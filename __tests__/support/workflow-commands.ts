/** An annotation of a step, as `::error file=a.txt,line=3::message` asks for it. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  /** `title`, `file`, `line`, ... as given. */
  readonly properties: Readonly<Record<string, string>>;
}

/** What a step said to the runner in its output. */
export interface Spoken {
  readonly annotations: readonly Annotation[];
  /** Secrets to hide from then on, each line of a value one of its own. */
  readonly masks: readonly string[];
  /** Names of the log groups, in order. */
  readonly groups: readonly string[];
  /** The log as the runner shows it: secrets hidden from the line after their `::add-mask::` on, masking commands left out. */
  readonly log: string;
}

const COMMAND = /^::([a-z-]+)(?: ([^:]*))?::(.*)$/;

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','));
}

function readProperties(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), unescapeProperty(pair.slice(at + 1))];
    }),
  );
}

/**
 * Reads the workflow commands in a step's output
 * (GitHub's documentation, "Workflow commands for GitHub Actions"; escapes as in the runner's `ActionCommand`).
 */
export function readSpoken(output: string): Spoken {
  const annotations: Annotation[] = [];
  const masks: string[] = [];
  const groups: string[] = [];
  const shown: string[] = [];
  for (const line of output.split(/\r?\n/)) {
    const [, command, properties = '', data = ''] = COMMAND.exec(line) ?? [];
    if (command === 'add-mask') {
      masks.push(
        ...unescapeData(data)
          .split(/\r?\n/)
          .filter((secret) => secret !== ''),
      );
      continue;
    }
    if (command === 'error' || command === 'warning' || command === 'notice') {
      annotations.push({ level: command, message: unescapeData(data), properties: readProperties(properties) });
    }
    if (command === 'group') groups.push(unescapeData(data));
    shown.push(masks.reduce((text, secret) => text.replaceAll(secret, '***'), line));
  }
  return { annotations, masks, groups, log: shown.join('\n') };
}

/**
 * Reads a file command's file (`GITHUB_OUTPUT`, `GITHUB_ENV`, `GITHUB_STATE`): lines of `name=value`, and
 * `name<<MARK` ... `MARK` for values of several lines. Throws as the runner fails the step: on a line that is neither,
 * and on a mark that never comes.
 */
export function readFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (heredoc > 0 && (equals < 0 || heredoc < equals)) {
      const mark = line.slice(heredoc + 2);
      const end = lines.indexOf(mark);
      if (end < 0) throw new Error(`Matching delimiter not found '${mark}'`);
      values[line.slice(0, heredoc)] = lines.slice(0, end).join('\n');
      lines.splice(0, end + 1);
    } else if (equals > 0) values[line.slice(0, equals)] = line.slice(equals + 1);
    else throw new Error(`Invalid format '${line}'`);
  }
  return values;
}
