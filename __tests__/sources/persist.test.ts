import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { persist } from '../../src/sources/persist.js';
import type { FaultKind, SourceFault } from '../../src/values/source.js';
import { evil, gone, log, mirror, names, open, source, sources } from './house.js';

const fault = (kind: FaultKind, detail = ''): SourceFault => ({ source: 'one', url: '', kind, detail, remedy: null });

/** How often sources are asked that fail in these ways, with a second attempt allowed. */
async function attempts(...faults: readonly SourceFault[]): Promise<number> {
  let count = 0;
  const attempt = () => {
    count += 1;
    return Promise.resolve({ pages: [], faults });
  };
  expect(await persist({ log: log(), signal: AbortSignal.timeout(50_000) }, [100, 100], attempt)).toEqual({
    pages: [],
    faults,
  });
  return count;
}

test('an index that is started again is waited for, and nothing is taken elsewhere', async () => {
  const [away, official] = [await gone(), await mirror({ files: { six: evil } })];
  const back = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<a href="six-1.0-py3-none-any.whl">six</a>');
  });
  setTimeout(() => back.listen(Number(new URL(away.url).port), '127.0.0.1'), 500);
  open.push({ close: () => new Promise((resolve) => back.close(resolve)) });
  const roster = [source('inner', away.index, { kind: 'private' }), source('official', official.index)];
  expect(names(await sources(roster).page('six'))).toEqual(['six-1.0-py3-none-any.whl']);
});

test('sources that are all away, or behind a proxy that is, are asked again', async () => {
  const proxy = fault('proxy', 'http://x/: the proxy http://p/ cannot be reached: the connection was refused.');
  const gateway = fault('proxy', 'http://x/: the proxy http://p/ could not reach it (status 502).');
  expect(await attempts(fault('refused'), proxy, gateway)).toBe(2);
});

test('one that is away beside one that has answered is not waited for', async () => {
  expect(await attempts(fault('refused'), fault('missing'))).toBe(1);
});

test('a proxy that wants other credentials is not tried with the same ones again', async () => {
  expect(await attempts(fault('proxy', 'http://x/: the proxy http://p/ wants a user name and password.'))).toBe(1);
});

test('no sources at all are not waited for', async () => {
  expect(await attempts()).toBe(1);
});

test.each([429, 503])(
  'a source that asks for a pause by %d is asked again after it, and not before',
  async (status) => {
    const asked: number[] = [];
    const inner = await mirror({
      fault: () => {
        asked.push(performance.now());
        return asked.length > 1 ? null : { kind: 'status', status, headers: { 'retry-after': '2' } };
      },
    });
    const opened = sources([source('inner', inner.index, { kind: 'private' })]);
    expect(names(await opened.page('six'))).toHaveLength(1);
    const [first = 0, second = 0] = asked;
    expect(second - first).toBeGreaterThan(1900);
    expect(log().lines).toEqual(['inner asks for a pause of 2 s.']);
  },
);

test('a source that asks for a pause of an hour is not asked again', async () => {
  expect(await attempts({ ...fault('banned', 'status 429'), retryAfterMs: 3_600_000 })).toBe(1);
  expect(await attempts({ ...fault('status', 'status 503'), retryAfterMs: 3_600_000 })).toBe(1);
});

test('one that asks for a pause beside one that has answered is not waited for', async () => {
  expect(await attempts({ ...fault('banned', 'status 429'), retryAfterMs: 1000 }, fault('missing'))).toBe(1);
});
