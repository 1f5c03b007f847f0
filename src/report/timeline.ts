import type { TimelineStep } from '../values/report.js';

/** Measures the named steps of a run. Steps may lie inside one another or side by side; times are ms since the timeline's start. */
export interface Timeline {
  /** Runs a step and records it, also when it fails; what it throws is thrown on. */
  step<T>(name: string, run: () => Promise<T>): Promise<T>;
  steps(): readonly TimelineStep[];
  /** The step that was begun last and has not been done since, also where it failed; null where none was. */
  current(): string | null;
  /** ms since the start. */
  elapsed(): number;
}

/** Starts a timeline; `onStep` hears of each step as it begins. */
export function startTimeline(onStep: (name: string) => void): Timeline {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  const steps: TimelineStep[] = [];
  let current: string | null = null;
  return {
    elapsed,
    current: () => current,
    steps: () => steps,
    async step(name, run) {
      onStep(name);
      current = name;
      const startMs = elapsed();
      let outcome: TimelineStep['outcome'] = 'failed';
      try {
        const result = await run();
        outcome = 'done';
        current = null;
        return result;
      } finally {
        steps.push({ name, startMs, ms: elapsed() - startMs, outcome });
      }
    },
  };
}
