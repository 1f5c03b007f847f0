import { readdir } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { restoreFromGithub } from '../../../src/store/github/restore.js';
import { saveToGithub } from '../../../src/store/github/save.js';
import { keptLog } from '../../support/log.js';
import { key, openHouse, save } from './house.js';

const { client, serve, freshStore, fullStore } = openHouse();
const { signal } = new AbortController();
const common = { client, key, signal };
const short = { lookUp: 400, restore: 400, save: 400 };

describe.each([2, 1] as const)(
  'a cache service of version %i that is out of order costs its limit and fails nothing',
  (version) => {
    const looks = [
      ['never answers', 'silent', 'it did not answer within 0.4 s.'],
      ['answers 503', { status: 503 }, 'it did not answer within 0.4 s.'],
      ['answers 403', { status: 403 }, `it gave no entry for ${key}.`],
    ] as const;
    test.each(looks)('when it is looked up and %s', async (_name, fault, said) => {
      await serve(() => fault, version);
      const restored = await restoreFromGithub({ ...common, store: await freshStore(), log: keptLog(), limits: short });
      expect(restored).toBe(said);
    });

    test('when it is looked up and answers with a sign-in page', async () => {
      await serve(() => 'html', version);
      const restored = await restoreFromGithub({ ...common, store: await freshStore(), log: keptLog(), limits: short });
      expect(restored).toMatch(/it did not answer within 0\.4 s|it gave no entry/);
    });

    const downloads = [
      ['never comes', 'silent', 'did not arrive within'],
      ['is a sign-in page', 'html', 'could not be restored'],
      ['breaks off', 'broken-off', 'could not be restored'],
      ['is shorter than it was', 'shorter', 'could not be restored'],
      ['is gone', { status: 404 }, 'could not be restored'],
    ] as const;
    test.each(downloads)('when the archive %s', async (_name, fault, said) => {
      await serve((call) => (call === 'get' ? fault : null), version);
      const log = keptLog();
      await saveToGithub({ client, signal, store: await fullStore(), save, log });
      const store = await freshStore();
      const limits = { ...short, lookUp: 10_000, restore: fault === 'silent' ? 400 : 30_000 };
      expect(await restoreFromGithub({ ...common, store, log, limits })).toContain(said);
      expect(await readdir(store.folders.wheels)).toEqual([]);
      expect(await readdir(store.folders.staging)).toEqual([]);
    });

    test.each([
      ['silent', 'it did not take the files within 0.4 s.'],
      [{ status: 403 }, 'the service refused'],
    ] as const)('when the upload meets %j', async (fault, said) => {
      const { keys } = await serve((call) => (call === 'put' ? fault : null), version);
      const log = keptLog();
      const limits = { ...short, save: fault === 'silent' ? 400 : 30_000 };
      expect(await saveToGithub({ client, signal, store: await fullStore(), save, log, limits })).toBeNull();
      expect(keys()).toEqual([]);
      expect(log.lines.at(-1)).toContain(said);
    });
  },
);

test('a job without a cache service is told so', async () => {
  Object.assign(process.env, { ACTIONS_RESULTS_URL: '', ACTIONS_CACHE_URL: '' });
  const log = keptLog();
  expect(await restoreFromGithub({ ...common, store: await freshStore(), log })).toContain('not available to this job');
  expect(await saveToGithub({ client, signal, store: await fullStore(), save, log })).toBeNull();
  expect(log.lines.join()).toContain('not available to this job');
});

test('a run that is stopped does not wait for the cache', async () => {
  await serve(() => 'silent');
  const stopped = { ...common, signal: AbortSignal.abort() };
  const restored = await restoreFromGithub({ ...stopped, store: await freshStore(), log: keptLog() });
  expect(restored).toContain('it did not answer before the run was stopped.');
});
