import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Edit, Journal } from '../../src/configure/journal.js';
import { stateFolder } from '../../src/configure/state-folder.js';
import { temporaryFolder } from '../install/machine.js';
import { journalIn, undoOf } from './journals.js';

const lines = (file: string, ...texts: string[]): Edit => ({
  path: file,
  editor: 'environment-lines',
  part: { lines: texts },
  mode: 0o640,
  wish: 'environment-file',
});

const ini = (file: string, url: string): Edit => ({
  path: file,
  editor: 'pip-ini',
  part: { 'index-url': url },
  mode: 0o644,
  wish: 'pip-config',
});

const read = (file: string): string => readFileSync(file, 'utf8');
const problemsOf = (failed: Promise<unknown>) => expect(failed).rejects;

describe('a file that is edited', () => {
  test('goes again where it was not there, with the folders that were made for it', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'a', 'b', 'new.env');
    const journal = journalIn(folder);
    await journal.edit(lines(file, 'A=1'));
    expect(read(file)).toBe('A=1\n');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(await undoOf(journal)).toEqual({ files: [{ path: file, found: 'ours' }], effects: [], left: [] });
    expect(readdirSync(folder)).toEqual(['state']);
  });

  test('comes back byte for byte with its mode, however often it was changed and by however many', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.array(fc.record({ who: fc.nat(2), text: fc.stringMatching(/^[ -~]*$/) }), { minLength: 1, maxLength: 5 }),
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        async (text, edits, order) => {
          const folder = temporaryFolder();
          const file = path.join(folder, 'mine');
          writeFileSync(file, text);
          chmodSync(file, 0o604);
          const journals = [0, 1, 2].map(() => journalIn(folder));
          for (const { who, text } of edits) await (journals[who] as Journal).edit(lines(file, text));
          for (const who of order) await undoOf(journals[who] as Journal);
          expect(read(file)).toBe(text);
          expect(statSync(file).mode & 0o777).toBe(0o604);
          expect(readdirSync(folder).sort()).toEqual(['mine', 'state']);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('keeps the parts of the others when one of two jobs leaves', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'pip.conf');
    writeFileSync(file, '# mine\n[global]\nindex-url = https://old.invalid/\n');
    const [first, second] = [journalIn(folder), journalIn(folder, { run: 'run-2' })];
    await first.edit(ini(file, 'https://first.invalid/'));
    await second.edit(ini(file, 'https://second.invalid/'));
    await undoOf(first);
    expect(read(file)).toBe('# mine\n[global]\nindex-url = https://second.invalid/\n');
    await undoOf(second);
    expect(read(file)).toBe('# mine\n[global]\nindex-url = https://old.invalid/\n');
  });

  test('is left with what somebody else wrote meanwhile: only our part goes', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'pip.conf');
    writeFileSync(file, '[global]\nindex-url = https://old.invalid/\n');
    const [first, second] = [journalIn(folder), journalIn(folder)];
    await first.edit(ini(file, 'https://first.invalid/'));
    await second.edit(ini(file, 'https://second.invalid/'));
    writeFileSync(file, `# theirs\n${read(file)}timeout = 5\n`);
    expect(await undoOf(first)).toMatchObject({ files: [{ found: 'changed' }] });
    expect(read(file)).toBe('# theirs\n[global]\nindex-url = https://second.invalid/\ntimeout = 5\n');
    await undoOf(second);
    expect(read(file)).toBe('# theirs\n[global]\nindex-url = https://old.invalid/\ntimeout = 5\n');
  });

  test('keeps a mode that somebody else gave it meanwhile', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    writeFileSync(file, 'A=0\n', { mode: 0o644 });
    const journal = journalIn(folder);
    await journal.edit(lines(file, 'A=1'));
    chmodSync(file, 0o600);
    await undoOf(journal);
    expect([read(file), statSync(file).mode & 0o777]).toEqual(['A=0\n', 0o600]);
  });

  test('that was deleted meanwhile is not made again', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    const [first, second] = [journalIn(folder), journalIn(folder)];
    await first.edit(lines(file, 'A=1'));
    await second.edit(lines(file, 'B=1'));
    rmSync(file);
    expect(await undoOf(first)).toMatchObject({ files: [{ path: file, found: 'deleted' }], left: [] });
    expect(existsSync(file)).toBe(false);
    expect(await undoOf(second)).toEqual({ files: [], effects: [], left: [] });
  });

  test('that somebody broke meanwhile is left, told and tried again later', async () => {
    const folder = temporaryFolder();
    const [file, other] = [path.join(folder, 'pip.conf'), path.join(folder, 'x')];
    const journal = journalIn(folder);
    await journal.edit(ini(file, 'https://ours.invalid/'));
    await journal.edit(lines(other, 'A=1'));
    writeFileSync(file, `oops\n${read(file)}`);
    expect(await undoOf(journal)).toMatchObject({
      files: [{ path: other }],
      left: [{ what: file, why: 'line 1 stands before any section' }],
    });
    writeFileSync(file, read(file).replace('oops', '#'));
    expect(await undoOf(journal)).toMatchObject({ files: [{ path: file, found: 'changed' }], left: [] });
    expect(read(file)).toBe('#\n');
  });

  test('of another owner stays that owner’s', async () => {
    if (process.getuid?.() !== 0) {
      process.stdout.write('not checked: only root can give a file to another user\n');
      return;
    }
    const folder = temporaryFolder();
    const file = path.join(folder, 'theirs');
    writeFileSync(file, 'A=0\n');
    chownSync(file, 12_345, 23_456);
    const journal = journalIn(folder);
    await journal.edit(lines(file, 'A=1'));
    expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 23_456 });
    await undoOf(journal);
    expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 23_456 });
  });

  test('is never seen half written by a reader', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'x');
    writeFileSync(file, 'A=0\n');
    const before = lstatSync(file).ino;
    const journal = journalIn(folder);
    await journal.edit(lines(file, 'A=1'));
    expect(lstatSync(file).ino).not.toBe(before);
  });
});

describe('links', () => {
  test('are followed within home: the file behind is edited, the link stays', async () => {
    const folder = temporaryFolder();
    const [link, real] = [path.join(folder, 'pip.conf'), path.join(folder, 'dotfiles', 'pip.conf')];
    mkdirSync(path.dirname(real));
    writeFileSync(real, '');
    symlinkSync('dotfiles/pip.conf', link);
    const journal = journalIn(folder);
    await journal.edit(ini(link, 'https://ours.invalid/'));
    expect(readlinkSync(link)).toBe('dotfiles/pip.conf');
    expect(read(real)).toContain('ours.invalid');
    await undoOf(journal);
    expect([readlinkSync(link), read(real)]).toEqual(['dotfiles/pip.conf', '']);
  });

  test.each(['the file', 'its folder'])('that lead out are refused (%s), and nothing is changed', async (what) => {
    const [folder, outside] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(path.join(outside, 'x'), 'old');
    symlinkSync(what === 'the file' ? path.join(outside, 'x') : outside, path.join(folder, 'link'));
    const file = what === 'the file' ? path.join(folder, 'link') : path.join(folder, 'link', 'x');
    const journal = journalIn(folder);
    await problemsOf(journal.edit(lines(file, 'A=1'))).toMatchObject({
      exitCode: 2,
      problems: [{ where: 'environment-file', what: expect.stringContaining('leads out of') }],
    });
    expect(read(path.join(outside, 'x'))).toBe('old');
  });

  test('laid over the file afterwards are not followed by undo', async () => {
    const folder = temporaryFolder();
    const [file, victim] = [path.join(folder, 'x'), path.join(folder, 'victim')];
    const journal = journalIn(folder);
    await journal.edit(lines(file, 'A=1'));
    writeFileSync(victim, 'A=1\n');
    rmSync(file);
    symlinkSync(victim, file);
    expect(await undoOf(journal)).toMatchObject({ left: [{ what: file, why: 'it is no regular file' }] });
    expect(read(victim)).toBe('A=1\n');
  });
});

describe('a wish that cannot be', () => {
  const cases: Readonly<Record<string, (folder: string) => Edit>> = {
    'a folder stands there': (folder) => {
      mkdirSync(path.join(folder, 'x'));
      return lines(path.join(folder, 'x'), 'A=1');
    },
    'a file stands where a folder should': (folder) => {
      writeFileSync(path.join(folder, 'x'), '');
      return lines(path.join(folder, 'x', 'y'), 'A=1');
    },
    'the file is broken': (folder) => {
      writeFileSync(path.join(folder, 'x'), '[global\nindex-url');
      return ini(path.join(folder, 'x'), 'https://ours.invalid/');
    },
    'the file is not UTF-8': (folder) => {
      writeFileSync(path.join(folder, 'x'), Buffer.from([0x5b, 0xff, 0x5d]));
      return ini(path.join(folder, 'x'), 'https://ours.invalid/');
    },
  };
  test.each(Object.entries(cases))('%s: told ahead and again, nothing changed', async (_, make) => {
    const folder = temporaryFolder();
    const edit = make(folder);
    const before = readdirSync(folder, { recursive: true });
    const journal = journalIn(folder);
    const failure = { exitCode: 2, problems: [{ where: edit.wish, what: expect.stringContaining(edit.path) }] };
    await problemsOf(journal.check(edit)).toMatchObject(failure);
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
    await problemsOf(journal.edit(edit)).toMatchObject(failure);
    const after = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(after.filter((name) => !name.startsWith('state'))).toEqual(before);
    expect(await undoOf(journal)).toEqual({ files: [], effects: [], left: [] });
  });
});

test('a file system that takes no files is told, and nothing stays on record', async () => {
  const journal = journalIn(temporaryFolder());
  await problemsOf(journal.edit(lines('/proc/nothing/x', 'A=1'))).toMatchObject({ exitCode: 2 });
  expect(await undoOf(journal)).toEqual({ files: [], effects: [], left: [] });
});

test('the journal is for its owner alone', async () => {
  const folder = temporaryFolder();
  const journal = journalIn(folder);
  await journal.edit(lines(path.join(folder, 'x'), 'A=1'));
  expect(statSync(path.join(folder, 'state', 'journal')).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(path.join(folder, 'state', 'journal')))
    expect(statSync(path.join(folder, 'state', 'journal', name)).mode & 0o777).toBe(0o600);
});

test('the state folder follows each platform and no relative XDG path', () => {
  expect(stateFolder('linux', { XDG_STATE_HOME: '/s' }, '/home/u')).toBe('/s/paddle-mirror-setup');
  expect(stateFolder('linux', { XDG_STATE_HOME: 's' }, '/home/u')).toBe('/home/u/.local/state/paddle-mirror-setup');
  expect(stateFolder('darwin', {}, '/Users/u')).toBe('/Users/u/Library/Application Support/paddle-mirror-setup');
  expect(stateFolder('win32', { LOCALAPPDATA: 'C:\\L' }, 'C:\\Users\\u')).toBe('C:\\L\\paddle-mirror-setup\\state');
});
