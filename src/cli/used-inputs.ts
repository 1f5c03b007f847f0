import type { InputName } from '../request/inputs.js';
import type { Command } from './arguments.js';

const always = ['timeout-minutes', 'report'] as const satisfies readonly InputName[];
const cache = [...always, 'cache-path', 'cache-limit'] as const satisfies readonly InputName[];

/** What the commands use that only tidy up. */
const used: Partial<Record<Command, readonly InputName[]>> = {
  restore: always,
  'cache ls': cache,
  'cache verify': cache,
  'cache prune': cache,
};

/**
 * The inputs that a command uses, by name. Who tidies up repeats the flags of the run that went before, and what those name may be gone:
 * that is no reason to refuse.
 */
export function usedInputs(command: Command, raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names: readonly string[] | undefined = used[command];
  if (names === undefined) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([name]) => names.includes(name)));
}
