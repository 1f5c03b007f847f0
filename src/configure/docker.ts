import { randomUUID } from 'node:crypto';
import { markProcess } from '../process/mark.js';
import { type Engine, EngineFault, type EngineInfo } from '../values/engine.js';
import { Failure } from '../values/failure.js';
import { readDaemonFile } from './docker-check.js';
import { type DockerDaemon, findDaemon } from './docker-daemon.js';
import { listedMirrors } from './docker-file.js';
import { reloadDocker } from './docker-reload.js';
import { type Edit, type Journal, openJournal } from './journal.js';
import { undo } from './journal-undo.js';

/** Name of the effect in a journal: what a daemon has to be told once its file is back. */
export const dockerEffect = 'docker-mirrors';
const effectMs = 60_000;

/** Mirrors in front of those of a daemon's file. */
export function dockerEdit({ file }: DockerDaemon, mirrors: readonly string[]): Edit {
  return { path: file, editor: 'docker-mirrors', part: { mirrors }, mode: 0o644, wish: 'docker-mirrors' };
}

/**
 * Puts mirrors into the file of a running dockerd, has it read the file again and waits until it says that it uses them; no container
 * stops. Gives all mirrors that it uses. `patienceMs`: how long it may take. Throws Failure(1) where it does not take them, and Failure(2) where the file can't be edited; then
 * the file is as before.
 */
export async function tellDocker(
  journal: Journal,
  engine: Engine,
  daemon: DockerDaemon,
  mirrors: readonly string[],
  signal: AbortSignal,
  patienceMs?: number,
): Promise<readonly string[]> {
  const edit = dockerEdit(daemon, mirrors);
  await journal.afterwards(dockerEffect, { socket: engine.socket, folder: journal.folder });
  await journal.edit(edit);
  const wanted = listedMirrors(await readDaemonFile(daemon.file)) ?? [];
  const complaint = await reloadDocker(daemon.pid, engine, wanted, signal, patienceMs);
  if (complaint === null) return wanted;
  await journal.takeBack(edit);
  const problem = {
    where: 'docker-mirrors',
    what: `The Docker daemon did not take the mirrors: ${complaint.what}. ${daemon.file} is as before.`,
    remedy: complaint.remedy,
  };
  throw new Failure(1, [problem]);
}

/** For as long as it takes a daemon to forget its mirrors, the file has an empty list, under an owner of its own: killed here, the next run takes it out. */
async function withEmptyList(
  folder: string,
  daemon: DockerDaemon,
  work: () => ReturnType<typeof reloadDocker>,
): ReturnType<typeof reloadDocker> {
  const owner = {
    id: `docker-${randomUUID()}`,
    scope: 'job' as const,
    runner: 'docker',
    run: '',
    parent: await markProcess(process.pid),
  };
  const journal = openJournal({ folder, owner, places: ['/etc'] });
  await journal.edit(dockerEdit(daemon, []));
  try {
    return await work();
  } finally {
    await undo(folder, new Set([owner.id]), {});
  }
}

/** What a daemon says of itself, null where none listens. One that is slow or closed to this user may still have our mirrors, so that is thrown. */
async function infoIfRunning(engine: Engine, signal: AbortSignal): Promise<EngineInfo | null> {
  return await engine.info(signal).catch((error: unknown) => {
    if (error instanceof EngineFault && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')) return null;
    throw error;
  });
}

/**
 * Tells a daemon of its file as it is now, after ours was taken out of it, and says so. A file without a list of mirrors would leave the
 * daemon with its old ones, so it gets an explicit empty list for that moment. Throws Error where the daemon
 * does not follow, or does not say whether it has them.
 */
export async function settleDocker(socket: string, folder: string, engine: Engine): Promise<string> {
  const signal = AbortSignal.timeout(effectMs);
  const info = await infoIfRunning(engine, signal);
  if (info === null) return `The Docker daemon at ${socket} does not run any more; it reads its file when it starts.`;
  const daemon = await findDaemon(socket, info.rootless);
  if (daemon === null) throw new Error(`the Docker daemon at ${socket} answers, but its process can't be seen`);
  const left = listedMirrors(await readDaemonFile(daemon.file));
  const reload = () => reloadDocker(daemon.pid, engine, left ?? [], signal);
  const complaint = left === null ? await withEmptyList(folder, daemon, reload) : await reload();
  if (complaint !== null) throw new Error(`the Docker daemon did not go back to its mirrors: ${complaint.what}`);
  const used = left === null || left.length === 0 ? 'no mirror' : left.join(', ');
  return `The Docker daemon uses ${used} again, as before.`;
}
