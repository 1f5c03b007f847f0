import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type JournalOwner, openJournal, openJournals, undoJournal } from '../../src/configure/journal.js';
import { stateFolder } from '../../src/configure/state-folder.js';
import { temporaryFolder } from '../install/machine.js';

const job: JournalOwner = { scope: 'job', runner: 'runner-1', run: 'run-1' };

describe('the journal', () => {
  test('a file that was not there goes again', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'new.env');
    const journal = openJournal(path.join(folder, 'state'), job);
    await journal.writeFile(file, 'A=1\n', 0o600);
    expect(readFileSync(file, 'utf8')).toBe('A=1\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await undoJournal(journal.file)).toEqual({ undone: [file], left: [] });
    expect(existsSync(file)).toBe(false);
    expect(existsSync(journal.file)).toBe(false);
  });

  test('a file that was there comes back byte for byte with its mode, however often it was changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
        async (bytes, texts) => {
          const folder = temporaryFolder();
          const file = path.join(folder, 'mine');
          writeFileSync(file, bytes);
          chmodSync(file, 0o640);
          const journal = openJournal(path.join(folder, 'state'), job);
          for (const text of texts) await journal.writeFile(file, text, 0o600);
          expect(readFileSync(file, 'utf8')).toBe(texts.at(-1));
          await undoJournal(journal.file);
          expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
          expect(statSync(file).mode & 0o777).toBe(0o640);
          expect(readdirSync(folder).sort()).toEqual(['mine', 'state']);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('what somebody else changed since is left and told', async () => {
    const folder = temporaryFolder();
    const [changed, deleted] = [path.join(folder, 'changed'), path.join(folder, 'deleted')];
    writeFileSync(deleted, 'old');
    const journal = openJournal(folder, job);
    await journal.writeFile(changed, 'ours', 0o600);
    await journal.writeFile(deleted, 'ours', 0o600);
    await writeFile(changed, 'theirs');
    await rm(deleted);
    expect(await undoJournal(journal.file)).toEqual({
      undone: [],
      left: [
        { path: deleted, why: 'it was deleted since' },
        { path: changed, why: 'it was changed since' },
      ],
    });
    expect(readFileSync(changed, 'utf8')).toBe('theirs');
  });

  test('a path that is a link by now is left, and keeps nothing else from being put back', async () => {
    const folder = temporaryFolder();
    const [linked, other, target] = ['linked', 'other', 'target'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    const journal = openJournal(folder, job);
    await journal.writeFile(other, 'ours', 0o600);
    await journal.writeFile(linked, 'ours', 0o600);
    writeFileSync(target, 'theirs');
    await rm(linked);
    symlinkSync(target, linked);
    expect(await undoJournal(journal.file)).toMatchObject({
      undone: [other],
      left: [{ path: linked, why: expect.stringContaining('is no regular file') }],
    });
    expect(readFileSync(target, 'utf8')).toBe('theirs');
    expect(existsSync(journal.file)).toBe(false);
  });

  test('a change that the system refuses to undo is told, and its journal stays for another try', async () => {
    const folder = temporaryFolder();
    const gone = path.join(folder, 'gone');
    mkdirSync(gone);
    const file = path.join(gone, 'x');
    const journal = openJournal(folder, job);
    await journal.writeFile(file, 'ours', 0o600);
    await rm(gone, { recursive: true });
    writeFileSync(gone, 'a file now');
    expect((await undoJournal(journal.file)).left).toMatchObject([
      { path: file, why: expect.stringContaining('ENOTDIR') },
    ]);
    expect(existsSync(journal.file)).toBe(true);
    await rm(gone);
    expect(await undoJournal(journal.file)).toEqual({ undone: [file], left: [] });
    expect(existsSync(journal.file)).toBe(false);
  });

  test('the record is written before the change: a half-written line after it hides nothing', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    const journal = openJournal(folder, job);
    await journal.writeFile(file, 'one', 0o600);
    await appendFile(journal.file, '\n{"path":"/etc/passwd","bef');
    await journal.writeFile(file, 'two', 0o600);
    expect((await undoJournal(journal.file)).undone).toEqual([file, file]);
    expect(existsSync(file)).toBe(false);
  });

  test('a recorded change that was never made is nothing to undo', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    const journal = openJournal(folder, job);
    await journal.writeFile(file, 'one', 0o600);
    await rm(file);
    expect(await undoJournal(journal.file)).toEqual({ undone: [file], left: [] });
  });

  test('a link or a folder is never replaced', async () => {
    const folder = temporaryFolder();
    const [link, target] = [path.join(folder, 'link'), path.join(folder, 'target')];
    writeFileSync(target, 'old');
    symlinkSync(target, link);
    mkdirSync(path.join(folder, 'folder'));
    const journal = openJournal(folder, job);
    await expect(journal.writeFile(link, 'new', 0o600)).rejects.toThrow('is no regular file');
    await expect(journal.writeFile(path.join(folder, 'folder'), 'new', 0o600)).rejects.toThrow('is no regular file');
    expect(readFileSync(target, 'utf8')).toBe('old');
  });

  test('its file is for its owner alone', async () => {
    const folder = temporaryFolder();
    const journal = openJournal(folder, job);
    await journal.writeFile(path.join(folder, 'x'), 'one', 0o644);
    expect(statSync(journal.file).mode & 0o777).toBe(0o600);
  });

  test('a process that is killed between record and change leaves a journal that undoes to the old state', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    writeFileSync(file, 'old');
    const journal = openJournal(folder, job);
    await journal.writeFile(file, 'new', 0o600);
    const text = await readFile(journal.file, 'utf8');
    // The state in which a kill right after the record leaves the machine.
    writeFileSync(file, 'old');
    expect(text).toContain(Buffer.from('old').toString('base64'));
    expect(await undoJournal(journal.file)).toEqual({ undone: [file], left: [] });
    expect(readFileSync(file, 'utf8')).toBe('old');
  });
});

describe('journals that are left', () => {
  test('a killed job of this runner is found by its next job, and nobody else’s', async () => {
    const state = temporaryFolder();
    const owners: JournalOwner[] = [
      job,
      { ...job, run: 'run-2' },
      { ...job, runner: 'runner-2' },
      { ...job, scope: 'keep' },
    ];
    const journals = [];
    for (const owner of owners) {
      const journal = openJournal(state, owner);
      await journal.writeFile(path.join(state, `file-${journals.length}`), 'x', 0o600);
      journals.push(journal.file);
    }
    const [first, second, , kept] = journals;
    expect(await openJournals(state, 'runner-1', 'run-2')).toEqual([first]);
    expect(await openJournals(state, 'runner-1', 'run-1')).toEqual([second]);
    expect(new Set(await openJournals(state, 'runner-1', null))).toEqual(new Set([first, second, kept]));
    expect(await openJournals(path.join(state, 'nothing'), 'runner-1', null)).toEqual([]);
  });

  test('one that belongs to another user, or is a link, is not obeyed', async () => {
    const state = temporaryFolder();
    const journal = openJournal(state, job);
    await journal.writeFile(path.join(state, 'x'), 'x', 0o600);
    symlinkSync(journal.file, path.join(path.dirname(journal.file), '9-link.jsonl'));
    expect(await openJournals(state, 'runner-1', null)).toEqual([journal.file]);
    if (process.getuid?.() !== 0) {
      process.stdout.write('not checked: only root can give a file to another user\n');
      return;
    }
    chownSync(journal.file, 12_345, 12_345);
    expect(await openJournals(state, 'runner-1', null)).toEqual([]);
  });

  test('two runs that changed one file are undone from the newest on', async () => {
    const state = temporaryFolder();
    const file = path.join(state, 'shared');
    writeFileSync(file, 'first of all');
    for (const text of ['one', 'two']) {
      await openJournal(state, { ...job, scope: 'keep' }).writeFile(file, text, 0o600);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const journal of await openJournals(state, 'runner-1', null)) await undoJournal(journal);
    expect(readFileSync(file, 'utf8')).toBe('first of all');
  });
});

test('the state folder follows each platform and no relative XDG path', () => {
  expect(stateFolder('linux', { XDG_STATE_HOME: '/s' }, '/home/u')).toBe('/s/paddle-mirror-setup');
  expect(stateFolder('linux', { XDG_STATE_HOME: 's' }, '/home/u')).toBe('/home/u/.local/state/paddle-mirror-setup');
  expect(stateFolder('darwin', {}, '/Users/u')).toBe('/Users/u/Library/Application Support/paddle-mirror-setup');
  expect(stateFolder('win32', { LOCALAPPDATA: 'C:\\L' }, 'C:\\Users\\u')).toBe('C:\\L\\paddle-mirror-setup\\state');
});
