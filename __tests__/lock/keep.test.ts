import { describe, expect, test } from '@jest/globals';
import { isPinned, keepLock, keptLock } from '../../src/lock/keep.js';
import { type MarkerEnvironment, markerEnvironment } from '../../src/packaging/marker-environment.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import type { Lock } from '../../src/values/lock.js';
import { lockOf } from '../install/machine.js';
import { describePython, findPythons } from '../packaging/pythons.js';
import { type KeptLog, keptLog } from '../support/log.js';

const marker: MarkerEnvironment = markerEnvironment(describePython(findPythons()[0]));
const lock = lockOf(
  [
    {
      name: 'alpha',
      version: '1.0',
      filename: 'alpha-1.0-py3-none-any.whl',
      kind: 'wheel',
      size: 3,
      sha256: 'ab'.repeat(32),
      hashOrigin: 'official',
      urls: [{ source: 'official', url: 'https://mirror.example/alpha-1.0-py3-none-any.whl' }],
      requiresPython: null,
    },
  ],
  { key: 'key-1' },
);
const day = 86_400_000;

/** A shelf in memory. */
function shelf(texts: Map<string, string>): Parameters<typeof keepLock>[0] {
  return {
    readLock: (key) => Promise.resolve(texts.has(key) ? { value: texts.get(key) ?? '' } : null),
    writeLock: (key, text) => Promise.resolve(String(texts.set(key, text) && `locks/${key}/pylock.toml`)),
  };
}

function read(
  texts: Map<string, string>,
  days: number,
  pinned: boolean,
  log: KeptLog,
  key = 'key-1',
): Promise<Lock | null> {
  const now = new Date(Date.parse(lock.created) + days * day);
  return keptLock({
    shelf: shelf(texts),
    key,
    pinned,
    maxAgeMs: 7 * day,
    now,
    tags: ['py3-none-any'],
    environment: marker,
    log,
  });
}

describe('a kept lock', () => {
  test('comes back as it was written, under its key', async () => {
    const texts = new Map<string, string>();
    expect(await keepLock(shelf(texts), lock)).toBe('locks/key-1/pylock.toml');
    expect(await read(texts, 1, false, keptLog())).toEqual(lock);
    expect(await read(texts, 1, false, keptLog(), 'key-2')).toBeNull();
  });

  test('of unpinned requirements is resolved again after lock-max-age, of pinned ones never', async () => {
    const texts = new Map<string, string>();
    await keepLock(shelf(texts), lock);
    expect(await read(texts, 8, false, keptLog())).toBeNull();
    expect(await read(texts, 800, true, keptLog())).toEqual(lock);
  });

  test('that was made in the future has no age that could be trusted', async () => {
    const texts = new Map<string, string>();
    await keepLock(shelf(texts), lock);
    expect(await read(texts, -1, false, keptLog())).toBeNull();
  });

  test.each([
    ['half written', (text: string) => text.slice(0, text.length / 2)],
    ['for another key', (text: string) => text.replace('key-1', 'key-9')],
    ['no TOML', () => '<html>'],
  ])('that is %s is resolved again, and that is said', async (_title, damage) => {
    const texts = new Map<string, string>();
    await keepLock(shelf(texts), lock);
    texts.set('key-1', damage(texts.get('key-1') ?? ''));
    const log = keptLog();
    expect(await read(texts, 1, true, log)).toBeNull();
    expect(log.notices).toEqual([expect.objectContaining({ id: 'kept-lock-unusable' })]);
  });
});

describe('a request is pinned', () => {
  test.each([
    [['paddlepaddle==3.2.2', 'numpy===1.0'], true],
    [['paddlepaddle==3.2.2', 'numpy'], false],
    [['paddlepaddle==3.2.*'], false],
    [['numpy>=1,<2'], false],
    [['./here-1.0-py3-none-any.whl'], true],
    [['x @ https://host.example/x-1.0-py3-none-any.whl'], false],
    [[`x @ https://host.example/x-1.0-py3-none-any.whl --hash=sha256:${'0'.repeat(64)}`], true],
    [['x @ git+https://host.example/x.git'], false],
    [[], true],
  ])('%j: %s', (lines, pinned) => {
    expect(isPinned(lines.map((line) => parseRequirement(line, 'r')))).toBe(pinned);
  });
});
