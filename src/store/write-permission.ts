import { readFile } from 'node:fs/promises';

/** Whether this run may write to a cache that other jobs read, and why. */
export interface WritePermission {
  readonly allowed: boolean;
  /** Half a sentence: `cache-write is never`, `the event is push`. */
  readonly why: string;
}

/** Events that only people with write access to the repository, or its own schedule, can cause (GitHub's list of events that trigger workflows). */
const trusted: readonly string[] = [
  'push',
  'schedule',
  'workflow_dispatch',
  'repository_dispatch',
  'merge_group',
  'release',
  'create',
  'deployment',
];

function field(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Readonly<Record<string, unknown>>)[name] : undefined,
    value,
  );
}

/**
 * Decides it for a pull request by its event: the head of a fork is another repository, and that of a fork which is gone is none.
 * `repository` is `owner/name`.
 */
function ofPullRequest(event: unknown, repository: string | undefined): WritePermission {
  const head = field(event, 'pull_request', 'head', 'repo', 'full_name');
  if (typeof head !== 'string') return { allowed: false, why: 'the pull request does not tell where it comes from' };
  return head === repository
    ? { allowed: true, why: 'the pull request comes from this repository' }
    : { allowed: false, why: `the pull request comes from the fork ${head}` };
}

async function readEvent(file: string | undefined): Promise<unknown> {
  try {
    return file === undefined ? null : JSON.parse(await readFile(file, 'utf8'));
  } catch {
    // An event that can't be read is one that vouches for nothing.
    return null;
  }
}

/**
 * `auto` lets the event decide: what a stranger can cause (a pull request from a fork, `pull_request_target`, a comment, and whatever is
 * not known) reads a shared cache and never writes it, since later jobs with more rights would take from it. Outside of a job
 * there is no event, and whoever may write the store may write it.
 */
export async function writePermission(
  wish: 'auto' | 'always' | 'never',
  environment: NodeJS.ProcessEnv,
): Promise<WritePermission> {
  if (wish !== 'auto') return { allowed: wish === 'always', why: `cache-write is ${wish}` };
  const name = environment['GITHUB_EVENT_NAME'] ?? '';
  if (name === '') return { allowed: true, why: 'this is no job of a repository' };
  if (name === 'pull_request') {
    return ofPullRequest(await readEvent(environment['GITHUB_EVENT_PATH']), environment['GITHUB_REPOSITORY']);
  }
  return { allowed: trusted.includes(name), why: `the event is ${name}` };
}
