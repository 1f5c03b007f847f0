/** Wakes all who wait: something about a transfer has changed. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring; rejects with the signal's reason when it is aborted. */
  wait(signal: AbortSignal): Promise<void>;
}

/** A bell that any number of readers may wait for. */
export function createBell(): Bell {
  let waiting = new Set<() => void>();
  return {
    ring: () => {
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) {
        wake();
      }
    },
    wait: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const leave = (): void => {
          waiting.delete(wake);
          reject(signal.reason);
        };
        const wake = (): void => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', leave, { once: true });
      }),
  };
}
