import {
  appendFile,
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { markProcess } from '../../src/process/mark.js';
import { keepWithin } from '../../src/store/evict.js';
import { takeLock } from '../../src/store/lock-file.js';
import { guardTrees, manifestOf, recordTrees, type Unpacked, unpackedIn } from '../../src/store/unpacked.js';
import { unpackTree } from './trees.js';

const never = new AbortController().signal;
const files = { 'thing/__init__.py': 'x = 1\n', 'thing/data, more.txt': 'data', 'thing/lib.so': 'machine code' };
const sha = (letter: string): string => letter.repeat(64);
const lock = [
  { name: 'thing', version: '1.0', sha256: sha('a') },
  { name: 'other-thing', version: '2', sha256: sha('b') },
];
let root = '';
let place: Unpacked;
let folder = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'unpacked-'));
  place = unpackedIn(root);
  folder = await unpackTree(place, 'aaa', 'thing-1.0', files);
  await unpackTree(place, 'bbb', 'other_thing-2.0', { 'other.py': 'y = 2\n' });
  await recordTrees(place, lock);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const alone = () => Promise.resolve(Number.POSITIVE_INFINITY);
const guard = (others = alone) => guardTrees(place, lock, others, never);
const left = () => readdir(join(place.uv, 'archive-v0'));

describe('unpacked files', () => {
  test('that nobody touched are left alone, however often they are linked', async () => {
    await link(join(folder, 'thing/lib.so'), join(root, 'linked.so'));
    expect(await guard()).toEqual([]);
    await rm(join(root, 'linked.so'));
    expect(await guard()).toEqual([]);
    expect(await left()).toEqual(['aaa', 'bbb']);
  });

  test('of the same release for another Python are not looked at: uv does not link them', async () => {
    const entries = join(place.uv, 'wheels-v8', 'index', 'x', 'thing');
    await mkdir(entries, { recursive: true });
    await writeFile(join(entries, '1.0-cp312-cp312-any.http'), `archive aaa of "${sha('c')}"`);
    await appendFile(join(folder, 'thing/__init__.py'), 'y = 2\n');
    expect(await guard()).toEqual([]);
    await writeFile(join(entries, '1.0-cp311-cp311-any.http'), `archive aaa of "${sha('a')}"`);
    expect(await guard()).toEqual([{ name: 'thing', path: 'thing/__init__.py' }]);
  });

  const edits: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    [
      'was appended to through a link',
      'thing/__init__.py',
      async () => {
        await link(join(folder, 'thing/__init__.py'), join(root, 'in-an-environment.py'));
        await appendFile(join(root, 'in-an-environment.py'), 'x = 2\n');
      },
    ],
    [
      'was cut to the same second',
      'thing/lib.so',
      async () => {
        const { atime, mtime } = await stat(join(folder, 'thing/lib.so'));
        await truncate(join(folder, 'thing/lib.so'), 3);
        await utimes(join(folder, 'thing/lib.so'), atime, mtime);
      },
    ],
    [
      'has other bytes of the same length',
      'thing/lib.so',
      () => writeFile(join(folder, 'thing/lib.so'), 'other coding'),
    ],
    ['has another mode', 'thing/lib.so', () => chmod(join(folder, 'thing/lib.so'), 0o600)],
    ['is gone', 'thing/lib.so', () => rm(join(folder, 'thing/lib.so'))],
    ['is one too many', 'evil.pth', () => writeFile(join(folder, 'evil.pth'), 'import evil')],
  ];
  test.each(edits)('of which one %s are dropped as a whole, and the file is named', async (_what, path, edit) => {
    await edit();
    expect(await guard()).toEqual([{ name: 'thing', path }]);
    expect(await left()).toEqual(['bbb']);
    expect(await readdir(place.manifests)).toEqual(['bbb.json']);
    expect(await guard()).toEqual([]);
  });

  test('keep their first manifest: a later run does not take an edit for the truth', async () => {
    await appendFile(join(folder, 'thing/__init__.py'), 'x = 2\n');
    await recordTrees(place, lock);
    expect(await guard()).toEqual([{ name: 'thing', path: 'thing/__init__.py' }]);
  });

  test('of other packages are not looked at', async () => {
    await appendFile(join(folder, 'thing/__init__.py'), 'x = 2\n');
    expect(await guardTrees(place, [{ name: 'other-thing', version: '2.0', sha256: sha('b') }], alone, never)).toEqual(
      [],
    );
  });

  test('that were edited in the same length and given their old date back are not told apart: this is the limit', async () => {
    const path = join(folder, 'thing/__init__.py');
    const old = new Date(1e12);
    await utimes(path, old, old);
    await rm(manifestOf(place, 'aaa'));
    await recordTrees(place, lock);
    await writeFile(path, 'x = 9\n');
    await utimes(path, old, old);
    expect(await guard()).toEqual([]);
  });
});

describe('unpacked files that were edited while another run is at work', () => {
  /** uv's cache as far as it leads to the trees. */
  async function pointTo(id: string, name: string): Promise<string> {
    const wheels = join(place.uv, 'wheels-v8', 'index', 'abc', name);
    await mkdir(wheels, { recursive: true });
    await symlink(`../../../../archive-v0/${id}`, join(wheels, '1.0-py3-none-any'));
    await writeFile(join(wheels, '1.0-py3-none-any.http'), `\x93\xa3${id}\xa6Sha256`);
    await writeFile(join(wheels, '1.0-py3-none-any.msgpack'), `metadata of ${id}`);
    return wheels;
  }
  const began = Date.now() - 1000;
  const busy = () => Promise.resolve(began);

  test('stay for that run, are found by no new one, and go when it has ended', async () => {
    const [thing, other] = [await pointTo('aaa', 'thing'), await pointTo('bbb', 'other-thing')];
    await appendFile(join(folder, 'thing/__init__.py'), 'x = 2\n');
    expect(await guard(busy)).toEqual([{ name: 'thing', path: 'thing/__init__.py' }]);
    expect(await left()).toEqual(['aaa', 'bbb']);
    expect(await readdir(thing)).toEqual(['1.0-py3-none-any.msgpack']);
    expect(await readdir(other)).toHaveLength(3);
    expect(await guard(busy)).toEqual([]);
    expect(await left()).toEqual(['aaa', 'bbb']);
    expect(await guard()).toEqual([]);
    expect(await left()).toEqual(['bbb']);
    expect(await readdir(place.manifests)).toEqual(['bbb.json']);
  });

  test('stay also where a run that began later evicts', async () => {
    await pointTo('aaa', 'thing');
    await pointTo('bbb', 'other-thing');
    await appendFile(join(folder, 'thing/__init__.py'), 'x = 2\n');
    await guard(busy);
    const long = new Date(1e12);
    await utimes(folder, long, long);
    const store = join(root, 'store');
    await mkdir(join(store, 'running'), { recursive: true });
    const lease = { ...(await markProcess(process.pid)), startedMs: began, untilMs: Date.now() + 60_000 };
    await writeFile(join(store, 'running', 'x.json'), JSON.stringify(lease));
    await keepWithin(store, root, Number.POSITIVE_INFINITY, Date.now(), null);
    expect(await left()).toEqual(['aaa', 'bbb']);
  });
});

describe('unpacked files whose manifest is missing or damaged', () => {
  test.each(['', '{"layout":1,"na', '[]', 'null'])('(%j) are hashed against their RECORD', async (text) => {
    await writeFile(manifestOf(place, 'aaa'), text);
    expect(await guard()).toEqual([]);
    await appendFile(join(folder, 'thing/lib.so'), '!');
    expect(await guard()).toEqual([{ name: 'thing', path: 'thing/lib.so' }]);
    expect(await left()).toEqual(['bbb']);
  });

  test('are hashed once: whoever finds them next believes the manifest that is there then', async () => {
    await rm(place.manifests, { recursive: true });
    await mkdir(place.manifests);
    const held = await takeLock(join(place.manifests, 'judging.lock'));
    const waiting = guard();
    // The other run's judgement: that the RECORD says otherwise shows whether the bytes were hashed again.
    const record = join(folder, 'thing-1.0.dist-info', 'RECORD');
    await writeFile(record, (await readFile(record, 'utf8')).replaceAll('sha256=', 'sha256=A'));
    await recordTrees(place, lock);
    await held?.release();
    expect(await waiting).toEqual([]);
  });

  test('are dropped where one is not in the RECORD, or the RECORD is gone', async () => {
    await rm(place.manifests, { recursive: true });
    await writeFile(join(folder, 'sitecustomize.py'), 'evil');
    await rm(join(place.uv, 'archive-v0', 'bbb', 'other_thing-2.0.dist-info', 'RECORD'));
    const paths = (await guard()).map(({ path }) => path).sort();
    expect(paths).toEqual(['other_thing-2.0.dist-info/RECORD', 'sitecustomize.py']);
  });
});
