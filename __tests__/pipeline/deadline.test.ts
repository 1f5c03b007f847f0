import { expect, test } from '@jest/globals';
import { startDeadline } from '../../src/pipeline/deadline.js';

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

test('a deadline that is over names the input, the minutes and the step that was under way', async () => {
  const { signal, failure, remainingMs } = startDeadline(30, new AbortController().signal);
  await aborted(signal);
  expect(failure('Install')?.problems).toEqual([
    {
      where: 'timeout-minutes',
      what: expect.stringMatching(/^The 0\.0005 minutes were over while it did: Install\.$/),
      remedy: expect.stringContaining('a second run goes on'),
    },
  ]);
  expect(remainingMs()).toBe(0);
});

test('a run that the user stopped is told apart from one whose time was over', () => {
  const stop = new AbortController();
  const { signal, failure } = startDeadline(60_000, stop.signal);
  stop.abort(new Error('SIGINT'));
  expect(signal.aborted).toBe(true);
  expect(failure('Resolve')?.problems[0]?.where).toBe('stopped');
});

test('before either nothing has failed', () => {
  const { signal, failure, remainingMs } = startDeadline(60_000, new AbortController().signal);
  expect(signal.aborted).toBe(false);
  expect(failure('Resolve')).toBeNull();
  expect(remainingMs()).toBeGreaterThan(0);
});
