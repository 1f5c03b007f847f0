import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from '@jest/globals';
import type { Job, Step } from '../support/runner.js';

/** `npm run restore-proof` kills at every write; the tests at some of them, spread over all. */
export const isFull = process.env['RESTORE_PROOF'] === 'full';

type Part = 'main' | 'post';

/** A job that is killed again and again, and what has to be as before each time. */
interface Killed {
  /** Folders whose changes are counted. */
  readonly folders: readonly string[];
  /** A file outside of what is compared, for the number of changes. */
  readonly counter: string;
  /** How many kills in main and in post are enough outside of the whole proof. */
  readonly samples: Readonly<Record<Part, number>>;
  start(run: string, extra: Readonly<Record<string, string>>): Promise<Job>;
  /** The action's main with changes that its post undoes; without a kill it succeeds. */
  change(job: Job): Promise<Step>;
  /** The action's main in a later job, which can go no further than to find what was left. */
  find(job: Job): Promise<Step>;
  /** Throws where the main did not change the machine: else nothing would be proved. */
  expectChanged(): Promise<void>;
  /** Throws where the machine is not as before. */
  expectSame(where: string): Promise<void>;
}

const hook = pathToFileURL(join(import.meta.dirname, 'kill-at-write.mjs')).href;

/**
 * Kills a job's main at its writes, to be undone by its post or, where the worker died as well, by the next job on the runner; then its post
 * at its own writes, to be undone by the next job. Gives what was done, for the table: a title and the number of jobs.
 */
export async function killAtWrites(proof: Killed): Promise<(readonly [string, number])[]> {
  const { folders, counter, samples, start, change, find, expectChanged, expectSame } = proof;
  const hooked = (part: Part, more: Readonly<Record<string, string>>) => ({
    NODE_OPTIONS: `--import ${hook}`,
    KILL_IN: part,
    KILL_WATCH: folders.join(delimiter),
    ...more,
  });
  const count = async (part: Part): Promise<number> => {
    const job = await start(`counts-${part}`, hooked(part, { KILL_COUNT: counter }));
    const main = await change(job);
    expect([main.log, main.exitCode]).toEqual([main.log, 0]);
    await expectChanged();
    await job.end();
    await expectSame(`each write of ${part} counted`);
    return Number(readFileSync(counter, 'utf8'));
  };
  const kill = async (part: Part, at: number, undoneBy: 'post' | 'next job'): Promise<void> => {
    const where = `${part} killed at write ${at}, undone by the ${undoneBy}`;
    const job = await start(where, hooked(part, { KILL_AT: String(at) }));
    const main = await change(job);
    expect([where, main.signal]).toEqual([where, part === 'main' ? 'SIGKILL' : null]);
    const end = async (): Promise<void> => {
      const [post] = await job.end();
      expect([where, post?.signal]).toEqual([where, part === 'post' ? 'SIGKILL' : null]);
    };
    if (part === 'post' || undoneBy === 'post') await end();
    if (undoneBy === 'next job') {
      const next = await start(`after ${where}`, {});
      await find(next);
      await expectSame(where);
      await next.end();
    }
    if (part === 'main' && undoneBy === 'next job') await end();
    await expectSame(where);
  };
  const points = (writes: number, sample: number): number[] => {
    const step = isFull ? 1 : Math.ceil(writes / sample);
    return Array.from({ length: Math.ceil(writes / step) }, (_, at) => 1 + at * step);
  };
  const writes = await count('main');
  expect(writes).toBeGreaterThan(10);
  const inMain = points(writes, samples.main);
  for (const [index, at] of inMain.entries()) {
    if (isFull || index % 2 === 0) await kill('main', at, 'next job');
    if (isFull || index % 2 === 1) await kill('main', at, 'post');
  }
  const undoing = await count('post');
  expect(undoing).toBeGreaterThan(10);
  const inPost = points(undoing, samples.post);
  for (const at of inPost) await kill('post', at, 'next job');
  return [
    [`killed at ${inMain.length} of ${writes} writes`, inMain.length * (isFull ? 2 : 1)],
    [`its post killed at ${inPost.length} of ${undoing} writes`, inPost.length],
  ];
}
