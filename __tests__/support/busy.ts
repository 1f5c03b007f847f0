import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Keeps this process from doing anything for so many milliseconds, as a starved or stopped one. */
export function stopFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Files that cannot be opened until they are let go: each try holds one of Node's threads, as a disk does that takes its time. */
export function slowFiles(count: number): { open(index: number): Promise<FileHandle>; letGo(): void; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'slow-files-'));
  const paths = Array.from({ length: count }, (_, index) => join(folder, `${index}`));
  execFileSync('mkfifo', paths);
  const writers: number[] = [];
  return {
    // Reading from a pipe waits for somebody who writes (fifo(7)).
    open: (index) => open(paths[index] ?? '', 'r'),
    letGo: () => {
      writers.push(...paths.map((path) => openSync(path, 'r+')));
    },
    remove: () => {
      for (const writer of writers) closeSync(writer);
      rmSync(folder, { recursive: true });
    },
  };
}
