import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { gone, idna, log, mirror, names, six, source, sources, wheel } from './house.js';

describe('a project page', () => {
  test('is asked for once, however many ask', async () => {
    const official = await mirror();
    const opened = sources([source('official', official.index)]);
    const pages = await Promise.all([opened.page('six'), opened.page('six'), opened.page('six')]);
    expect(new Set(pages).size).toBe(1);
    expect(official.requests.filter(({ path }) => path === '/simple/six/')).toHaveLength(1);
    expect(opened.used()).toEqual(['official']);
  });

  test('comes from the first choice alone where that is fast: no mirror is asked', async () => {
    const [official, near] = [await mirror(), await mirror()];
    const opened = sources([source('official', official.index), source('near', near.index)]);
    expect(await opened.page('six')).toMatchObject({
      answered: ['official'],
      faults: [],
      files: [{ hashOrigin: 'official', locations: [{ source: 'official' }] }],
    });
    await opened.keep();
    expect(near.requests).toEqual([]);
  });

  test('that nobody has is missing, and the official index alone settles it', async () => {
    const [official, near] = [await mirror(), await mirror()];
    const opened = sources([source('official', official.index), source('near', near.index)]);
    expect(await opened.page('nothing')).toMatchObject({
      files: [],
      answered: [],
      faults: [{ source: 'official', kind: 'missing' }],
    });
    expect(near.requests).toEqual([]);
    expect(opened.faults()).toEqual([]);
  });

  test('that could not be had is asked for again by the next who wants it', async () => {
    let broken = true;
    const only = await mirror({ fault: () => (broken ? { kind: 'status', status: 403 } : null) });
    const opened = sources([source('official', only.index)]);
    expect(await opened.page('six')).toMatchObject({ files: [], faults: [{ kind: 'banned' }] });
    broken = false;
    expect(names(await opened.page('six'))).toEqual(Object.keys(six));
  });

  test('of the only source is tried again after a passing fault', async () => {
    let left = 2;
    const only = await mirror({ fault: () => (left-- > 0 ? { kind: 'status', status: 503 } : null) });
    expect(names(await sources([source('official', only.index)]).page('six'))).toEqual(Object.keys(six));
  });

  test('is given up with the reason of the signal', async () => {
    const silent = await mirror({ fault: () => ({ kind: 'silence' }) });
    const controller = new AbortController();
    const reason = new Error('deadline');
    setTimeout(() => controller.abort(reason), 100);
    await expect(sources([source('official', silent.index)], { signal: controller.signal }).page('six')).rejects.toBe(
      reason,
    );
  });
});

describe('a dead first choice', () => {
  test.each([
    ['that refuses', () => gone()],
    ['that is silent', () => mirror({ fault: () => ({ kind: 'silence' }) })],
    ['that bans', () => mirror({ fault: () => ({ kind: 'status', status: 403, body: 'banned' }) })],
    [
      'that answers with a login page',
      () =>
        mirror({
          fault: () => ({
            kind: 'status',
            status: 200,
            body: '<form>Sign in</form>',
            headers: { 'content-type': 'text/html' },
          }),
        }),
    ],
  ])('%s is passed over for the next in a list of mirrors, and not asked first again', async (_, make) => {
    const [first, second] = [await make(), await mirror({ files: { six, idna } })];
    const opened = sources([source('first', first.index), source('second', second.index)], { exclusive: true });
    expect(await opened.page('six')).toMatchObject({ answered: ['second'] });
    await opened.page('idna');
    expect(first.requests.length).toBeLessThan(2);
    expect(opened.ranked().map(({ id }) => id)).toEqual(['second', 'first']);
  });

  test('gives way to mirrors where the official index is out of reach, and is told as a fault', async () => {
    const [official, near] = [await gone(), await mirror()];
    const opened = sources([source('official', official.index), source('near', near.index)]);
    expect(await opened.page('six')).toMatchObject({ answered: ['near'], files: [{ hashOrigin: 'index' }] });
    expect(opened.faults()).toMatchObject([{ source: 'official', kind: 'refused' }]);
  });

  test.each([true, false])(
    'beside one that is only slow leaves it the time that it needs (a list: %j)',
    async (exclusive) => {
      const [slow, dead] = [await mirror({ latencyMs: 3500 }), await gone()];
      const opened = sources([source('dead', dead.index), source('slow', slow.index)], { exclusive });
      expect(await opened.page('six')).toMatchObject({ answered: ['slow'] });
    },
  );

  test('that is the configured index is stood in for, with a warning', async () => {
    const [configured, official] = [await gone(), await mirror()];
    const opened = sources([source('configured', configured.index), source('official', official.index)]);
    expect(await opened.page('six')).toMatchObject({ answered: ['official'] });
    expect(log().notices.map(({ id }) => id)).toEqual(['configured-index-failed']);
  });
});

describe('a slow first choice', () => {
  const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);
  const big = { 'six-1.16.0-py2.py3-none-any.whl': Buffer.concat([Buffer.from('PK'), Buffer.alloc(1_500_000, 1)]) };
  async function race() {
    const files = { six: big, idna };
    const [official, near, far] = [
      await mirror({ files, bytesPerSecondPerConnection: 300_000 }),
      await mirror({ files }),
      await gone(),
    ];
    return {
      official,
      near,
      roster: [source('official', official.index), source('far', far.index), source('near', near.index)],
    };
  }

  test('is measured on its own page, then mirrors are probed and the faster one is used, with the official hash', async () => {
    const { roster } = await race();
    const opened = sources(roster);
    expect(await opened.page('six')).toMatchObject({ answered: ['official'] });
    const kept = await opened.keep();
    expect(kept).toMatchObject({ schema: 1, wide: true, order: [{ id: 'near' }, { id: 'official' }, { id: 'far' }] });
    expect(await opened.page('six')).toMatchObject({
      answered: ['near', 'official'],
      files: [{ hashOrigin: 'official', locations: [{ source: 'near' }, { source: 'official' }] }],
    });
    expect(opened.ranked()[0]?.id).toBe('near');
  });

  test('stays before mirrors that were never asked, where those that were are dead and its own file could not be tried', async () => {
    const official = await mirror({
      files: { six: big },
      fault: ({ path }) => (path.endsWith('.whl') ? { kind: 'status', status: 503 } : null),
    });
    const dead = await Promise.all(Array.from({ length: 8 }, gone));
    const mirrors = dead.map(({ index }, at) => source(`mirror-${at}`, index));
    const opened = sources([source('official', official.index), ...mirrors]);
    await opened.page('six');
    const kept = await opened.keep();
    expect(ids(kept?.order ?? [])).toEqual(['official', 'mirror-6', 'mirror-7', ...ids(mirrors.slice(0, 6))]);
    expect(ids(opened.ranked())).toEqual(ids(kept?.order ?? []));
  });

  test('that could not bring a file stays before mirrors that were never asked', async () => {
    const official = await mirror();
    const mirrors = (await Promise.all(Array.from({ length: 8 }, gone))).map(({ index }, at) =>
      source(`mirror-${at}`, index),
    );
    const opened = sources([source('official', official.index), ...mirrors]);
    await opened.page('six');
    await opened.keep();
    await opened.widen('six', undefined, new Set(['official']));
    expect(ids(opened.ranked()).slice(0, 2)).toEqual(['official', 'mirror-3']);
  });

  test('is known from a kept ranking, so that nothing is probed', async () => {
    const { roster, near } = await race();
    const first = sources(roster);
    await first.page('six');
    const kept: unknown = JSON.parse(JSON.stringify(await first.keep()));
    const before = near.requests.length;
    const second = sources(roster, { kept });
    expect((await second.page('idna')).answered[0]).toBe('near');
    expect(near.requests.slice(before).map(({ path }) => path)).toEqual(['/simple/idna/']);
    expect(await second.keep()).toEqual(kept);
  });

  test('is not measured beside a rival that answers long after another one: the next page waits for that', async () => {
    const { official, near } = await race();
    const tardy = await mirror({ files: { six: big }, latencyMs: 2800 });
    const roster = [source('official', official.index), source('tardy', tardy.index), source('near', near.index)];
    const opened = sources(roster);
    await opened.page('six');
    expect(ids((await opened.keep())?.order ?? [])).toEqual(['near', 'official', 'tardy']);
  });

  test('has several sources asked for each page, of which a silent one is waited for no longer than the others took', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`p${at}`, { [`p${at}-1.0.tar.gz`]: wheel }]),
    );
    const [near, far] = [await mirror({ files }), await mirror({ files })];
    const silent = await mirror({ fault: () => ({ kind: 'silence' }) });
    const roster = [source('near', near.index), source('silent', silent.index), source('far', far.index)];
    const order = roster.map(({ id, url }) => ({ id, url }));
    const opened = sources(roster, { kept: { schema: 1, measured: new Date().toISOString(), wide: true, order } });
    const begun = performance.now();
    const [last, ...projects] = Object.keys(files);
    const pages = await Promise.all(projects.map((project) => opened.page(project)));
    expect(pages.map(({ answered }) => answered)).toEqual(projects.map(() => ['near', 'far']));
    expect(performance.now() - begun).toBeLessThan(6000);
    await sleep(1500);
    await opened.page(last ?? '');
    expect(silent.requests.length).toBeLessThanOrEqual(4);
    expect(opened.faults()).toEqual([]);
  });
});
