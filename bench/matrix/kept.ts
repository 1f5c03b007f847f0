import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Asked, type Pair, program } from './trial.js';

/** Pairs that have ended, in a file that a run which was stopped goes on from. */
interface Kept {
  /** SHA-256 of the program that tried them. */
  readonly program: string;
  readonly pairs: readonly Pair[];
}

function nameOf({ version, minor, device, gpu, command }: Asked): string {
  return [command, version, minor, device, gpu].join(' ');
}

/**
 * Runs a trial unless the file has its ending, and writes every ending into the file at once; null: no file. Throws where the file is
 * another program's, since its endings say nothing of this one.
 */
export function keepEndings(file: string | null): (asked: Asked, attempt: () => Promise<Pair>) => Promise<Pair> {
  const digest = createHash('sha256').update(readFileSync(program)).digest('hex');
  const kept = file !== null && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : null;
  if (kept !== null && kept.program !== digest) {
    throw new Error(`${file} holds what another build of the program did: name another file`);
  }
  const pairs = [...(kept?.pairs ?? [])];
  return async (asked, attempt) => {
    const earlier = pairs.find((pair) => nameOf(pair) === nameOf(asked));
    if (earlier !== undefined) return earlier;
    const pair = await attempt();
    pairs.push(pair);
    if (file !== null) {
      writeFileSync(`${file}.new`, `${JSON.stringify({ program: digest, pairs } satisfies Kept, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    }
    return pair;
  };
}
