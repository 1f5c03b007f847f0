import { expect } from '@jest/globals';
import { decide, draft } from '../../src/plan.js';
import { Failure, type Problem } from '../../src/values/failure.js';
import type { Request } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import type { Listing } from '../../src/values/source.js';
import { listing } from './machines.js';

/** What the decision is refused with once the sources have answered. */
export function failure(
  asked: Request,
  runner: Runner,
  list: Listing = listing,
): { exitCode: number; problems: readonly Problem[] } {
  const drafted = draft(asked, runner);
  try {
    decide(drafted, asked, runner, list);
  } catch (error) {
    if (error instanceof Failure) {
      return error;
    }
    throw error;
  }
  throw new Error('a plan was found');
}

/** All that is wrong with a request for a machine, before any source is asked. */
export function problems(asked: Request, runner: Runner): readonly Problem[] {
  try {
    draft(asked, runner);
  } catch (error) {
    if (error instanceof Failure && error.exitCode === 2) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

/** The one thing that is wrong. */
export function only(asked: Request, runner: Runner): Problem {
  const [first, ...others] = problems(asked, runner);
  expect(others).toEqual([]);
  return first ?? { where: '', what: '', remedy: '' };
}
