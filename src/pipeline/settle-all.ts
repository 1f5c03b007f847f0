/**
 * Waits until all have ended, also where one fails: nothing goes on behind the back of what follows. Gives their results, or throws what the
 * first of the list failed with.
 */
export async function settleAll<T extends readonly Promise<unknown>[]>(
  ...tasks: T
): Promise<{ -readonly [At in keyof T]: Awaited<T[At]> }> {
  for (const ended of await Promise.allSettled(tasks)) {
    if (ended.status === 'rejected') throw ended.reason;
  }
  return Promise.all(tasks);
}
