import type { TimelineStep } from '../values/report.js';

/** Measures the named steps of a run. Steps may lie inside one another or side by side; times are ms since the timeline's start. */
export interface Timeline {
  /** Runs a step and records it, also when it fails; what it throws is thrown on. */
  step<T>(name: string, run: () => Promise<T>): Promise<T>;
  steps(): readonly TimelineStep[];
  /** What is under way: the step that failed, else the open one that was begun last, else what follows the last one; null before the first. */
  current(): string | null;
  /** ms since the start. */
  elapsed(): number;
}

/** Starts a timeline; `onStep` hears of each step as it begins. */
export function startTimeline(onStep: (name: string) => void): Timeline {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  const steps: TimelineStep[] = [];
  const open: string[] = [];
  let failed: string | null = null;
  let last: string | null = null;
  return {
    elapsed,
    current: () => failed ?? open.at(-1) ?? (last === null ? null : `what follows ${last}`),
    steps: () => steps,
    async step(name, run) {
      onStep(name);
      open.push(name);
      failed = null;
      const startMs = elapsed();
      let outcome: TimelineStep['outcome'] = 'failed';
      try {
        const result = await run();
        outcome = 'done';
        failed = null;
        return result;
      } finally {
        open.splice(open.lastIndexOf(name), 1);
        last = name;
        // The innermost one: what it lies in fails with it.
        if (outcome === 'failed') failed ??= name;
        steps.push({ name, startMs, ms: elapsed() - startMs, outcome });
      }
    },
  };
}
