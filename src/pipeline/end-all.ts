/**
 * Ends one thing after the other, each whatever became of those before: a socket or timer that stays open keeps the process alive.
 * Throws what went wrong once all have ended, an AggregateError where it was more than one.
 */
export async function endAll(...ends: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('; '));
  if (errors.length === 1) throw errors[0];
}
