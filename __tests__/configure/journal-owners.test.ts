import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Edit } from '../../src/configure/journal.js';
import { withLock } from '../../src/configure/journal-lock.js';
import { owners, undo, wasKilled } from '../../src/configure/journal-undo.js';
import { markProcess } from '../../src/process/mark.js';
import { temporaryFolder } from '../install/machine.js';
import { journalIn, owner, undoOf } from './journals.js';

const line = (file: string, text: string): Edit => ({
  path: file,
  editor: 'environment-lines',
  part: { lines: [text] },
  mode: 0o600,
  wish: 'environment-file',
});

/** The mark of a process that has ended. */
async function ended() {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  const mark = await markProcess(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return mark;
}

describe('what a killed job left', () => {
  test('is found by the next job of the same runner, and nobody else’s is', () => {
    const now = owner({ run: 'run-2' });
    const left = (more: Parameters<typeof owner>[0], running: boolean | null = null) =>
      wasKilled({ owner: owner(more), running }, now);
    expect(left({ run: 'run-1' })).toBe(true);
    expect(left({ run: 'run-2' })).toBe(false);
    expect(left({ run: 'run-1', runner: 'runner-2' })).toBe(false);
    expect(left({ run: 'run-1', runner: 'runner-2' }, true)).toBe(false);
    expect(left({ run: 'run-1', runner: 'runner-2' }, false)).toBe(true);
    expect(left({ run: 'run-1', scope: 'keep' }, false)).toBe(false);
    expect(left({ run: '' })).toBe(false);
    expect(left({ run: '' }, false)).toBe(true);
  });

  test('is not what a living job of another runner with the same name needs', () => {
    const [worker, other] = [10, 20].map((pid) => ({ host: 'h boot ns', pid, started: '1' }));
    const left = (parent: typeof worker, running: boolean) =>
      wasKilled(
        { owner: owner({ run: 'run-1', parent: parent ?? null }), running },
        owner({ run: 'run-2', parent: worker ?? null }),
      );
    expect(left(other, true)).toBe(false);
    expect(left(other, false)).toBe(true);
    // One process that runs job after job.
    expect(left(worker, true)).toBe(true);
  });

  test('is told from what a living one needs by the process that runs the job', async () => {
    const folder = temporaryFolder();
    const dead = journalIn(folder, { parent: await ended() });
    const living = journalIn(folder, { parent: await markProcess(process.pid) });
    const rebooted = journalIn(folder, {
      parent: { ...(await markProcess(1)), host: `${(await markProcess(1)).host.split(' ')[0]} other-boot x` },
    });
    const elsewhere = journalIn(folder, { parent: { host: 'another host x', pid: 1, started: '1' } });
    for (const [at, journal] of [dead, living, rebooted, elsewhere].entries())
      await journal.edit(line(path.join(folder, `file-${at}`), 'A=1'));
    const found = new Map((await owners(dead.folder)).map((one) => [one.owner.id, one.running]));
    expect([dead, living, rebooted, elsewhere].map((journal) => found.get(journal.owner.id))).toEqual([
      false,
      true,
      process.platform === 'linux' ? false : null,
      null,
    ]);
  });

  test('is undone however many files it was', async () => {
    const folder = temporaryFolder();
    const journal = journalIn(folder);
    for (const name of ['a/b/c', 'a/d', 'a/b/e']) await journal.edit(line(path.join(folder, name), 'A=1'));
    await undoOf(journal);
    expect(readdirSync(folder)).toEqual(['state']);
  });

  test('is not obeyed where another user or a link wrote it', async () => {
    const folder = temporaryFolder();
    const journal = journalIn(folder);
    const file = path.join(folder, 'x');
    await journal.edit(line(file, 'A=1'));
    const records = path.join(journal.folder, 'journal');
    const [record = ''] = readdirSync(records).filter((name) => name.startsWith('file-'));
    symlinkSync(record, path.join(records, 'file-link.json'));
    expect(await owners(journal.folder)).toHaveLength(1);
    if (process.getuid?.() !== 0) {
      process.stdout.write('not checked: only root can give a file to another user\n');
      return;
    }
    chownSync(path.join(records, record), 12_345, 12_345);
    expect(await owners(journal.folder)).toEqual([]);
    await undoOf(journal);
    expect(existsSync(file)).toBe(true);
  });
});

describe('what is kept', () => {
  test('is one part a runner: a later wish takes the place of an earlier one, and undo brings back the first state', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    writeFileSync(file, 'mine\n');
    const keep = { id: 'keep-shell', scope: 'keep', runner: 'shell' } as const;
    for (const text of ['A=1', 'A=2']) await journalIn(folder, keep).edit(line(file, text));
    expect(readFileSync(file, 'utf8')).toBe('mine\nA=2\n');
    const job = journalIn(folder);
    await job.edit(line(file, 'B=1'));
    await undoOf(job);
    expect(readFileSync(file, 'utf8')).toBe('mine\nA=2\n');
    await undoOf(journalIn(folder, keep));
    expect(readFileSync(file, 'utf8')).toBe('mine\n');
  });
});

describe('effects', () => {
  test('are done once, after the files are back, and kept for another try where they fail', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    const journal = journalIn(folder);
    const other = journalIn(folder);
    for (const one of [journal, journal, other]) await one.afterwards('reload', { socket: '/s' });
    await journal.edit(line(file, 'A=1'));
    const ids = new Set([journal.owner.id]);
    const broken = await undo(journal.folder, ids, { reload: () => Promise.reject(new Error('it does not answer')) });
    expect(broken).toMatchObject({ files: [{ path: file }], left: [{ what: 'reload', why: 'it does not answer' }] });
    const calls: unknown[] = [];
    const reload = (data: unknown) => {
      calls.push([data, existsSync(file)]);
      return Promise.resolve('Told the daemon.');
    };
    const both = new Set([...ids, other.owner.id]);
    expect(await undo(journal.folder, both, { reload })).toEqual({
      files: [],
      effects: ['Told the daemon.'],
      left: [],
    });
    expect(calls).toEqual([[{ socket: '/s' }, false]]);
    expect(await undo(journal.folder, both, { reload })).toEqual({ files: [], effects: [], left: [] });
  });

  test('of another version stay on record', async () => {
    const journal = journalIn(temporaryFolder());
    await journal.afterwards('toString', {});
    expect((await undoOf(journal)).left).toMatchObject([{ what: 'toString' }]);
    expect(await owners(journal.folder)).toHaveLength(1);
  });
});

describe('two at a time', () => {
  test('do not disturb each other', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    const journals = Array.from({ length: 8 }, () => journalIn(folder));
    await Promise.all(journals.map((journal, at) => journal.edit(line(file, `A=${at}`))));
    expect(readFileSync(file, 'utf8').trim().split('\n').sort()).toEqual(journals.map((_, at) => `A=${at}`));
    await Promise.all(journals.map(undoOf));
    expect(readdirSync(folder)).toEqual(['state']);
  });

  test('never work at once, also when they find a dead holder together', async () => {
    const folder = path.join(temporaryFolder(), 'lock');
    await withLock(folder, () => Promise.resolve());
    for (const name of readdirSync(folder)) writeFileSync(path.join(folder, name), JSON.stringify(await ended()));
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => withLock(folder, work)));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('the lock is given back where the work fails', async () => {
    const folder = path.join(temporaryFolder(), 'lock');
    await expect(withLock(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(folder, () => Promise.resolve('yes'))).toBe('yes');
  });
});
