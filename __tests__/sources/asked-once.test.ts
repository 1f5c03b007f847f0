import { expect, test } from '@jest/globals';
import { gone, idna, mirror, six, source, sources } from './house.js';

const slow = { bytesPerSecondPerConnection: 100_000 };
const asked = ({ requests }: { readonly requests: readonly { readonly path: string }[] }) =>
  requests.filter(({ path }) => path === '/simple/six/').length;

test('a source is asked once for a page in a run: measured, confirmed, widened and asked again at the same time', async () => {
  const [official, near, far] = [await mirror(slow), await mirror(), await mirror()];
  const opened = sources([
    source('official', official.index),
    source('near', near.index),
    source('far', far.index, { connections: 1 }),
  ]);
  await opened.page('six');
  await opened.keep();
  await Promise.all([opened.page('six'), opened.confirm('six'), opened.widen('six'), opened.confirmAll()]);
  expect([official, near, far].map(asked)).toEqual([1, 1, 1]);
});

test('with the official index dead, the word of one mirror is confirmed and widened by asking each other one once', async () => {
  const [official, one, two, three] = [await gone(), await mirror(), await mirror(), await mirror()];
  const opened = sources([
    source('official', official.index),
    ...[one, two, three].map(({ index }, at) => source(`mirror-${at}`, index)),
  ]);
  await opened.page('six');
  const pages = await Promise.all([opened.confirm('six'), opened.widen('six'), opened.confirm('six')]);
  expect(pages[0]?.files.map(({ filename }) => filename)).toEqual(Object.keys(six));
  expect([one, two, three].map(asked)).toEqual([1, 1, 1]);
});

test('a page that somebody stopped waiting for is there for the others', async () => {
  const [silent, good] = [await mirror({ latencyMs: 1500 }), await mirror({ latencyMs: 1100 })];
  const opened = sources([source('silent', silent.index), source('good', good.index)], { exclusive: true });
  const pages = await Promise.all([opened.page('six'), opened.widen('six')]);
  expect(pages.every(({ files }) => files.length === 1)).toBe(true);
});

test('a source that lost the race for a page is not asked for it again', async () => {
  const [official, one, two] = [await gone(), await mirror({ latencyMs: 150 }), await mirror({ latencyMs: 400 })];
  const opened = sources([source('official', official.index), source('one', one.index), source('two', two.index)]);
  await opened.page('six');
  const page = await opened.confirm('six');
  expect(page.answered).toEqual(['one', 'two']);
  expect([one, two].map(asked)).toEqual([1, 1]);
});

test('a source that lost the race for a page and then refuses it is told as a fault, and not asked to confirm others', async () => {
  const files = { six, idna };
  const [official, near] = [await gone(), await mirror({ files, latencyMs: 150 })];
  const banning = await mirror({ latencyMs: 500, fault: () => ({ kind: 'status', status: 403 }) });
  const opened = sources([
    source('official', official.index),
    source('near', near.index),
    source('far', banning.index),
  ]);
  await opened.page('six');
  await opened.confirm('six');
  expect(opened.faults()).toMatchObject([
    { source: 'official', kind: 'refused' },
    { source: 'far', kind: 'banned' },
  ]);
  await opened.confirm('idna');
  expect(banning.requests.map(({ path }) => path)).toEqual(['/simple/six/']);
});

test('a page that stalls and that nobody waits for keeps no connection of its source, and is no fault of it', async () => {
  const files = { six, idna };
  const stalls = await mirror({
    files,
    fault: ({ path }) => (path === '/simple/six/' ? { kind: 'stall', after: 10 } : null),
  });
  const good = await mirror({ files });
  const roster = [source('stalls', stalls.index, { connections: 1 }), source('good', good.index)];
  const opened = sources(roster, { exclusive: true });
  await opened.page('six');
  const begun = performance.now();
  const page = await opened.widen('idna');
  expect(page.answered).toEqual(['good', 'stalls']);
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(opened.faults()).toEqual([]);
});
