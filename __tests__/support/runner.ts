import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { readFileCommands, readSpoken, type Spoken } from './workflow-commands.js';

/** A step that ran: an action's main, its post, or a command. */
export interface Step extends Spoken {
  /** Exit code, null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `GITHUB_OUTPUT`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** `GITHUB_ENV`: what later steps get. */
  readonly environment: Readonly<Record<string, string>>;
  /** `GITHUB_PATH`, in the order written. */
  readonly paths: readonly string[];
  /** `GITHUB_STATE`: what the action's post gets. */
  readonly state: Readonly<Record<string, string>>;
  /** `GITHUB_STEP_SUMMARY`, secrets hidden. */
  readonly summary: string;
}

/** One job on a runner of our own: steps share a workspace, the environment that they export, and a PATH. */
export interface Job {
  readonly workspace: string;
  /** `RUNNER_TEMP`, emptied at the job's end. */
  readonly temp: string;
  /**
   * Runs an action's main, with the defaults of its action.yml for inputs that are not given; its post waits for `end`.
   * @param cancelAfter the job is cancelled once a line of the output matches.
   */
  uses(action: string, inputs?: Readonly<Record<string, string>>, cancelAfter?: RegExp): Promise<Step>;
  /** Runs a program as a later step does, with the environment that the steps before it exported. */
  run(program: string, ...args: readonly string[]): Promise<Step>;
  /** Runs the posts of all actions used, last first, then removes the job's folders. Returns the posts' steps. */
  end(): Promise<readonly Step[]>;
}

interface ActionFile {
  readonly inputs?: Readonly<Record<string, { readonly default?: unknown } | null>>;
  readonly runs: { readonly main: string; readonly post?: string; readonly 'post-if'?: string };
}

/** How the runner cancels: SIGINT, 7.5 s later SIGTERM, 2.5 s later the whole tree is killed (its `ProcessInvoker`). */
const CANCEL = [
  ['SIGINT', 7500],
  ['SIGTERM', 2500],
] as const;
/** A child that holds the output open after the step's end is given 5 s. */
const OPEN_PIPE_MS = 5000;
const OS_NAMES: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function cancel(child: ChildProcess): Promise<void> {
  for (const [signal, patienceMs] of CANCEL) {
    child.kill(signal);
    await Promise.race([
      new Promise((resolve) => child.once('exit', resolve)),
      sleep(patienceMs, null, { ref: false }),
    ]);
    if (child.exitCode !== null || child.signalCode !== null) return;
  }
  killTree(child);
}

/** Runs a program to its end and returns its lines in the order in which they came. */
async function execute(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly cancelAfter?: RegExp | undefined },
): Promise<{ output: string; exitCode: number | null; signal: NodeJS.Signals | null }> {
  const { cwd, env, cancelAfter } = options;
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  const lines: string[] = [];
  let cancelled: Promise<void> | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (cancelAfter?.test(line)) cancelled ??= cancel(child);
    });
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
  const stillOpen = await Promise.race([closed.then(() => false), sleep(OPEN_PIPE_MS, true, { ref: false })]);
  if (stillOpen) killTree(child);
  await closed;
  await cancelled;
  return { output: lines.join('\n'), exitCode: child.exitCode, signal: child.signalCode };
}

async function readActionFile(folder: string): Promise<ActionFile> {
  const name = ['action.yml', 'action.yaml'].find((candidate) => existsSync(join(folder, candidate)));
  if (name === undefined) throw new Error(`Can't find 'action.yml' or 'action.yaml' under '${folder}'`);
  return parse(await readFile(join(folder, name), 'utf8')) as ActionFile;
}

/** Inputs as the runner hands them over: upper case, blanks as `_`, hyphens kept. */
function inputEnvironment(file: ActionFile, given: Readonly<Record<string, string>>): Record<string, string> {
  const defaults = Object.entries(file.inputs ?? {}).map(
    ([name, spec]) => [name, String(spec?.default ?? '')] as const,
  );
  const values = [...defaults, ...Object.entries(given)];
  return Object.fromEntries(values.map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]));
}

/**
 * Starts a job on a runner of our own, in new folders below the system's temporary one. Nothing of this process's
 * environment is handed on but PATH, HOME and what Windows needs; `environment` adds to it, and gives a `RUNNER_TOOL_CACHE`
 * that outlives the job where a test needs one.
 *
 * @param node the Node that runs actions; the one that runs the tests, the action's own Node 24, unless given.
 */
export async function startJob(
  environment: Readonly<Record<string, string>> = {},
  node = process.execPath,
): Promise<Job> {
  const folder = await mkdtemp(join(tmpdir(), 'runner-'));
  const [workspace, temp, toolCache] = [join(folder, 'work'), join(folder, 'temp'), join(folder, 'tools')] as const;
  for (const path of [workspace, temp, toolCache]) await mkdir(path);
  const kept = ['PATH', 'HOME', 'SystemRoot', 'USERPROFILE', 'PATHEXT', 'TEMP', 'TMP', 'LOCALAPPDATA', 'APPDATA'];
  const base = Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const exported: Record<string, string> = {};
  const paths: string[] = [];
  const posts: (() => Promise<Step>)[] = [];
  let failed = false;
  let count = 0;

  async function step(program: string, args: readonly string[], extra: Record<string, string>, cancelAfter?: RegExp) {
    count += 1;
    const files = Object.fromEntries(
      ['OUTPUT', 'ENV', 'PATH', 'STATE', 'STEP_SUMMARY'].map((name) => [
        `GITHUB_${name}`,
        join(temp, `${name}_${count}`),
      ]),
    );
    for (const path of Object.values(files)) await writeFile(path, '');
    const path = [...paths].reverse().concat(exported['PATH'] ?? environment['PATH'] ?? base['PATH'] ?? '');
    const ended = await execute(program, args, {
      cwd: workspace,
      cancelAfter,
      env: {
        ...base,
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_WORKSPACE: workspace,
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'owner/consumer',
        GITHUB_EVENT_NAME: 'push',
        GITHUB_REF: 'refs/heads/main',
        GITHUB_RUN_ID: '1',
        GITHUB_JOB: 'test',
        RUNNER_OS: OS_NAMES[process.platform] ?? process.platform,
        RUNNER_ARCH: arch().toUpperCase(),
        RUNNER_NAME: 'loopback',
        RUNNER_ENVIRONMENT: 'self-hosted',
        RUNNER_TEMP: temp,
        RUNNER_TOOL_CACHE: toolCache,
        ...environment,
        ...exported,
        ...extra,
        ...files,
        PATH: path.filter((part) => part !== '').join(delimiter),
      },
    });
    const [outputs = '', env = '', added = '', state = '', summary = ''] = await Promise.all(
      Object.values(files).map((file) => readFile(file, 'utf8')),
    );
    const spoken = readSpoken(ended.output);
    const result: Step = {
      ...spoken,
      exitCode: ended.exitCode,
      signal: ended.signal,
      outputs: readFileCommands(outputs),
      environment: readFileCommands(env),
      paths: added.split(/\r?\n/).filter((line) => line !== ''),
      state: readFileCommands(state),
      summary: spoken.masks.reduce((text, secret) => text.replaceAll(secret, '***'), summary),
    };
    if ('NODE_OPTIONS' in result.environment)
      throw new Error("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
    Object.assign(exported, result.environment);
    paths.push(...result.paths);
    failed ||= result.exitCode !== 0;
    return result;
  }

  return {
    workspace,
    temp,
    async uses(action, inputs = {}, cancelAfter) {
      const file = await readActionFile(action);
      const variables = inputEnvironment(file, inputs);
      const main = await step(node, [join(action, file.runs.main)], variables, cancelAfter);
      const { post, 'post-if': condition = 'always()' } = file.runs;
      if (post !== undefined && !(condition === 'success()' && failed)) {
        const state = Object.fromEntries(Object.entries(main.state).map(([name, value]) => [`STATE_${name}`, value]));
        posts.unshift(() => step(node, [join(action, post)], { ...variables, ...state }));
      }
      return main;
    },
    run: (program, ...args) => step(program, args, {}),
    async end() {
      const steps: Step[] = [];
      for (const post of posts) steps.push(await post());
      await rm(folder, { recursive: true, force: true });
      return steps;
    },
  };
}
