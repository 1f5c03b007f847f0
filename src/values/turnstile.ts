/** Lets at most so many works for one key run at a time; the others wait in the order in which they came. */
export type Turnstile = <T>(key: string, most: number, work: () => Promise<T>) => Promise<T>;

/** Makes a turnstile, for what is limited: connections to a campus mirror, which bans clients with many, or threads. */
export function createTurnstile(): Turnstile {
  const running = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  return async (key, most, work) => {
    const inside = running.get(key) ?? 0;
    if (inside < most) running.set(key, inside + 1);
    // Whoever leaves hands over the place, so that the count stays as it is.
    else await new Promise<void>((resolve) => waiting.set(key, [...(waiting.get(key) ?? []), resolve]));
    try {
      return await work();
    } finally {
      const [next, ...rest] = waiting.get(key) ?? [];
      waiting.set(key, rest);
      if (next === undefined) running.set(key, (running.get(key) ?? 1) - 1);
      else next();
    }
  };
}
