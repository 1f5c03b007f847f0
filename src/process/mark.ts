import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode } from '../values/system-error.js';

/** A process that can be told from a later one with the same number. */
export interface ProcessMark {
  /** Host, boot and process namespace: a process number means something only there. */
  readonly host: string;
  readonly pid: number;
  /** Start time in clock ticks since boot (proc_pid_stat(5), field 22); null where the system does not tell. */
  readonly started: string | null;
}

async function unlessMissing(read: Promise<string>): Promise<string | null> {
  return await read.catch((error: unknown) => {
    // ESRCH: the process ended between open and read.
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  });
}

/** Start time and whether the process is a zombie: it was killed, its parent never asks for its end, and its number answers signals still. */
async function lookAt(pid: number): Promise<{ readonly started: string | null; readonly zombie: boolean }> {
  const text = await unlessMissing(readFile(`/proc/${pid}/stat`, 'latin1'));
  // The program's name stands in parentheses and may hold blanks and parentheses itself.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  return { started: fields[19] ?? null, zombie: fields[0] === 'Z' };
}

async function thisHost(): Promise<string> {
  const boot = await unlessMissing(readFile('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = await unlessMissing(readlink('/proc/self/ns/pid'));
  return [hostname(), boot?.trim() ?? '', namespace ?? ''].join(' ');
}

/** Reads a mark that was written as JSON; null where it is none: half-written, or of another make. */
export function parseMark(text: string): ProcessMark | null {
  try {
    const { host, pid, started } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (typeof host !== 'string' || typeof pid !== 'number') return null;
    return { host, pid, started: typeof started === 'string' ? started : null };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Marks a running process. */
export async function markProcess(pid: number): Promise<ProcessMark> {
  return { host: await thisHost(), pid, started: (await lookAt(pid)).started };
}

/** Whether a marked process still runs; null where that can't be seen from here (another host, another container, before a reboot). */
export async function isRunning(mark: ProcessMark): Promise<boolean | null> {
  const host = await thisHost();
  if (mark.host !== host) {
    const [name, boot] = mark.host.split(' ');
    const [hereName, hereBoot] = host.split(' ');
    return name === hereName && boot !== '' && boot !== hereBoot ? false : null;
  }
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's.
    if (errorCode(error) === 'ESRCH') return false;
    if (errorCode(error) !== 'EPERM') throw error;
  }
  const { started, zombie } = await lookAt(mark.pid);
  if (zombie) return false;
  return mark.started === null || started === null ? null : started === mark.started;
}

/** Whether a marked process has surely ended: other machines that share a folder may have this one's name, so only one of this start of this machine counts. */
export async function hasEnded(mark: ProcessMark): Promise<boolean> {
  return mark.host === (await thisHost()) && (await isRunning(mark)) === false;
}
