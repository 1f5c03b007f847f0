import type { Journal } from '../configure/journal.js';
import type { Timeline } from '../report/timeline.js';
import type { GithubSave } from '../store/github/entry.js';
import type { Problem } from '../values/failure.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Log } from '../values/log.js';
import type { Report } from '../values/report.js';
import type { Request } from '../values/request.js';
import type { Deadline } from './deadline.js';

/** What an entry hands to the pipeline: the process around it, as values. */
export interface Context {
  readonly environment: NodeJS.ProcessEnv;
  /** The user's home folder. */
  readonly home: string;
  readonly log: Log;
  /** Every change to the machine outside of the store and the environment goes through it. */
  readonly journal: Journal;
  readonly timeline: Timeline;
  /** Aborted by the user (SIGINT, SIGTERM); the deadline is added from the request. */
  readonly signal: AbortSignal;
  /** Version of this program. */
  readonly version: string;
  /** When the run began. */
  readonly started: Date;
}

/** The report while it is being written: every stage tells what it did. */
export type Story = { -readonly [Part in keyof Report]: Report[Part] };

/** One run of a command: what was asked, the process around it, the deadline, and the report as it grows. Every stage takes it first. */
export interface Run {
  readonly request: Request;
  readonly context: Context;
  readonly deadline: Deadline;
  readonly story: Story;
  /** What post has to do so far; kept up to date, so that it holds also where a later stage fails. */
  state: PostState;
}

/** What a run leaves to its entry. */
export interface Outcome {
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly report: Report;
  /** What later steps are to see. */
  readonly later: LaterEnvironment;
  readonly state: PostState;
}

/** What main leaves to post; post reads this and no input. */
export interface PostState {
  /** Whose changes to undo, and the folder that remembers them; null where they are kept. */
  readonly undo: { readonly folder: string; readonly id: string } | null;
  /** What to save to GitHub's cache, or null. */
  readonly save: { readonly folder: string; readonly entry: GithubSave } | null;
  /** Why nothing is saved there, where that was decided. */
  readonly notSaved: string | null;
}

/** What post has to undo of a journal: what is kept waits for `restore`. */
export function toUndo({ folder, owner }: Journal): PostState['undo'] {
  return owner.scope === 'job' ? { folder, id: owner.id } : null;
}

/** An empty report of a command. */
export function beginStory(command: Report['command'], context: Pick<Context, 'version' | 'started'>): Story {
  return {
    program: { name: 'paddle-mirror-setup', version: context.version, node: process.version },
    command,
    started: context.started.toISOString(),
    totalMs: 0,
    outcome: 'failed',
    problems: [] as readonly Problem[],
    notices: [],
    steps: [],
    runner: null,
    plan: null,
    choice: null,
    sources: [],
    probes: [],
    cache: null,
    store: null,
    lock: null,
    install: null,
    configured: {},
    containers: null,
    buildContext: null,
    verification: null,
    gateway: null,
  };
}
