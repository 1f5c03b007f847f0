import { execFileSync, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client, Command, Task } from './clients.js';
import { type Ended, errorOf, isInstalled, judge, type Verdict, wrongInStore } from './judge.js';
import type { Row } from './rows.js';
import { openStage } from './stage.js';
import type { Supplies } from './supplies.js';

/** One cell of the table. */
export interface Outcome {
  readonly row: string;
  readonly client: string;
  readonly verdict: Verdict | 'left out';
  /** Body bytes of files that the mirrors handed out. */
  readonly bytes: number;
  readonly seconds: number;
  /** The error as the client told it, or why the cell was left out. */
  readonly said: string;
}

/** Runs a command to its end or to the limit; with all that it started it is then killed. `kill` ends it earlier. */
function run(command: Command, cwd: string, limitMs: number, kill: (() => boolean) | null): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args, {
      cwd,
      env: { ...command.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    const hear = (text: Buffer): void => {
      said = (said + text.toString()).slice(-20_000);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const end = (): void => {
      // The group has the id of its first process.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const limit = setTimeout(end, limitMs);
    const watch = setInterval(() => kill?.() === true && end(), 5);
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearTimeout(limit);
      clearInterval(watch);
      resolve({ exitCode, said });
    });
  });
}

/** A disk of `bytes` at `folder`; its end is given back. Throws Error where this user may not mount one. */
function mountDisk(folder: string, bytes: number): () => void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'pipe' });
  return () => {
    execFileSync('umount', [folder], { stdio: 'pipe' });
  };
}

/** Runs one client against one fault. `limitMs`: it has hung when it takes longer. */
export async function trial(row: Row, client: Client, supplies: Supplies, limitMs: number): Promise<Outcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'paddle-mirror-setup-fault-'));
  const stage = openStage(supplies.files);
  const named = { row: row.name, client: client.name };
  let unmount = (): void => undefined;
  try {
    if (row.diskBytes !== undefined) {
      if (process.getuid?.() !== 0)
        return { ...named, verdict: 'left out', bytes: 0, seconds: 0, said: 'mounting needs root' };
      unmount = mountDisk(folder, row.diskBytes);
    }
    await mkdir(path.join(folder, 'tmp'));
    const scene = await row.open(stage);
    const { index } = await stage.empty();
    const task: Task = {
      supplies,
      indexes: scene.indexes,
      paddleIndex: index.replace(/simple\/$/, ''),
      folder,
      environment: scene.environment ?? {},
    };
    if (client.name !== 'ours') {
      execFileSync(supplies.uv, ['venv', '-q', '--no-config', '-p', supplies.python, path.join(folder, 'venv')], {
        stdio: 'pipe',
      });
    }
    const total = wheelBytes(supplies);
    const started = performance.now();
    if (row.killed === true) await run(client.install(task), folder, limitMs, () => stage.bytes() > total / 2);
    const ended = await run(client.install(task), folder, limitMs, null);
    const seconds = (performance.now() - started) / 1000;
    const right = ended.exitCode === 0 && (await isInstalled(path.join(folder, 'venv'), supplies));
    const wrong = await wrongInStore(path.join(folder, 'cache'), supplies);
    const verdict = wrong.length > 0 ? 'wrong bytes' : judge(row, ended, right);
    return {
      ...named,
      verdict,
      bytes: stage.bytes(),
      seconds,
      said: verdict === 'survived' ? '' : errorOf(ended.said),
    };
  } finally {
    await stage.close();
    unmount();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes of all wheels that are installed. */
export function wheelBytes({ files }: Supplies): number {
  const paths = Object.values(files).flatMap((wheels) => Object.values(wheels));
  return paths.reduce((sum, file) => sum + statSync(file).size, 0);
}
