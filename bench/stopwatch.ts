import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A command with what it needs: never a shell. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What a command took. */
export interface Taken {
  readonly ms: number;
  /** Most memory that the process itself held (not those it started), MiB; null where the system does not tell. */
  readonly peakMiB: number | null;
}

/** Linux alone tells the peak of a process while it lives (proc(5), VmHWM). */
export function peakKiB(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    // It has ended, or this is no Linux.
    return 0;
  }
}

/** Runs commands one after the other and takes the time of all. Throws Error with what the command wrote when one fails. */
export async function timed(commands: readonly Command[]): Promise<Taken> {
  const start = performance.now();
  let peak = 0;
  for (const { program, args, environment } of commands) {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], timeout: 900_000 });
      const watch = setInterval(() => {
        peak = Math.max(peak, peakKiB(child.pid));
      }, 20);
      let said = '';
      const hear = (text: Buffer) => {
        said = (said + text.toString()).slice(-4_000);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearInterval(watch);
        if (code === 0) resolve();
        else reject(new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}:\n${said}`));
      });
    });
  }
  return { ms: performance.now() - start, peakMiB: peak === 0 ? null : peak / 1024 };
}

/** The one in the middle; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
}
