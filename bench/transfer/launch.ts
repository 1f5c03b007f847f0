import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client, Command, Task } from '../faults/clients.js';
import type { Supplies } from '../faults/supplies.js';
import { peakKiB } from '../stopwatch.js';

/** How a command ended. */
export interface Launched {
  /** When it was begun (`performance.now()`). */
  readonly begunMs: number;
  readonly ms: number;
  /** Null: it was killed. */
  readonly exitCode: number | null;
  /** The last that it wrote. */
  readonly said: string;
  /** Most memory that the process itself held, bytes; 0 where the system does not tell. */
  readonly peakBytes: number;
}

/**
 * Runs a command for at most `limitMs`. `watch` is called every 20 ms; `begun` is given what kills the command with all that it started, at
 * once.
 */
export function launch(
  command: Command,
  limitMs: number,
  watch: () => void,
  begun?: (kill: () => void) => void,
): Promise<Launched> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command.program, command.args, {
      env: { ...command.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    let peak = 0;
    const hear = (text: Buffer): void => {
      said = (said + text.toString()).slice(-4_000);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const kill = (): void => {
      // The group has the id of its first process.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL');
    };
    begun?.(kill);
    const look = setInterval(() => {
      peak = Math.max(peak, peakKiB(child.pid));
      watch();
      if (performance.now() - start > limitMs) kill();
    }, 20);
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearInterval(look);
      resolve({ begunMs: start, ms: performance.now() - start, exitCode, said, peakBytes: peak * 1024 });
    });
  });
}

/** A new folder for one client, with an environment for those that make none, and what the client is told. */
export function prepare(
  client: Client,
  supplies: Supplies,
  indexes: readonly string[],
  paddleIndex: string,
): Task & { remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-transfer-'));
  mkdirSync(path.join(folder, 'tmp'));
  if (client.name !== 'ours')
    execFileSync(supplies.uv, ['venv', '-q', '--no-config', '-p', supplies.python, path.join(folder, 'venv')]);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { supplies, indexes, paddleIndex, folder, environment: {}, remove };
}

const used: (() => void)[] = [];

/**
 * Removes what `installOnce` left. Between two clients it would slow the next one: a file system without a journal looks at every inode
 * that was freed in the last minute before it gives one out, and an environment has thousands.
 */
export function removeUsed(): void {
  for (const remove of used.splice(0)) remove();
}

/** Installs once into a new environment, which stays until `removeUsed`. Throws Error with what the client wrote when it fails. */
export async function installOnce(
  client: Client,
  supplies: Supplies,
  indexes: readonly string[],
  paddleIndex: string,
): Promise<Launched> {
  const task = prepare(client, supplies, indexes, paddleIndex);
  used.push(task.remove);
  // What the one before wrote is not to be written out in this one's time.
  execFileSync('sync');
  const ended = await launch(client.install(task), 600_000, () => undefined);
  if (ended.exitCode !== 0) throw new Error(`${client.name} ended with ${ended.exitCode}:\n${ended.said}`);
  return ended;
}
