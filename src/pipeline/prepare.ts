import { readFile } from 'node:fs/promises';
import { cacheKey, type KeyPart } from '../plan/cache-key.js';
import { draft as draftPlan } from '../plan.js';
import { requirementsDigest } from '../request/digest.js';
import { asRunner, type MachineWords } from '../runner/machine-words.js';
import { proxySecrets } from '../runner/network.js';
import { inspectRunner } from '../runner/runner.js';
import { chooseStore, keptFolder, type StoreChoice } from '../store/choose.js';
import { type WritePermission, writePermission } from '../store/write-permission.js';
import type { Draft } from '../values/plan.js';
import type { Runner } from '../values/runner.js';
import { tell } from './conclude.js';
import type { Containers } from './containers.js';
import type { Run, Story } from './context.js';

/** What is decided before any index is asked. */
export interface Prepared {
  readonly runner: Runner;
  readonly draft: Draft;
  readonly key: string;
  readonly anatomy: readonly KeyPart[];
  readonly choice: StoreChoice;
  /** What Docker and its like will be told; null: nothing was asked for, or the command only looks. */
  readonly containers: Containers | null;
  /** Whether a cache that others read may be written. */
  readonly writing: WritePermission;
}

function runnerStory(runner: Runner): Story['runner'] {
  const { accelerators, interpreter } = runner;
  return {
    os: runner.os,
    arch: runner.arch,
    libc: runner.libc === null ? null : `${runner.libc.kind} ${runner.libc.version}`,
    host: runner.host,
    gpus: accelerators.gpus.map((gpu) => gpu.name),
    driver: accelerators.nvidiaDriver,
    python: interpreter.executable,
    pythonVersion: interpreter.version,
  };
}

/**
 * Looks at the machine and drafts the plan: every refusal that needs no index is made here. Changes nothing. `machine`: the one to plan
 * for in place of this one, whose index and proxies are still what is asked.
 */
export async function prepare(run: Run, machine: MachineWords | null = null): Promise<Prepared> {
  const { request, context, story, deadline } = run;
  const { runner: here, notices } = await context.timeline.step('Look at the machine', () =>
    inspectRunner(machine === null ? request : { ...request, venv: null }, context.environment, deadline.signal),
  );
  const runner = machine === null ? here : asRunner(machine, here);
  for (const secret of proxySecrets(runner.network)) context.log.mask(secret);
  story.runner = runnerStory(runner);
  tell(run, notices);
  tell(
    run,
    request.requirements.notices.map((text) => ({ id: text, text })),
  );
  const draft = draftPlan(request, runner);
  tell(run, draft.notices);
  const { pylock } = request.requirements;
  const lockText = pylock === null ? null : await readFile(pylock, 'utf8');
  const { key, anatomy } = cacheKey(draft, runner, request, requirementsDigest(request.requirements, lockText));
  const choice = chooseStore({
    wish: request.cache,
    bucket: request.cacheUrl !== null,
    cachePath: request.cachePath,
    host: runner.host,
    kept: keptFolder(runner.os, context.environment, context.home),
  });
  const writing = await writePermission(request.cacheWrite, context.environment);
  return { runner, draft, key, anatomy, choice, writing, containers: null };
}
