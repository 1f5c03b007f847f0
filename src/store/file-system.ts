import { readFile, realpath, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { goneAsNull } from '../values/system-error.js';

/** Magic numbers of file systems whose bytes lie on another machine (statfs(2) and linux/magic.h). */
const NETWORK: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'SMB',
  4266872130: 'SMB',
  16914839: '9P',
  12805120: 'Ceph',
  1702057286: 'FUSE',
  198183888: 'Lustre',
  1196443219: 'GPFS',
};

/** The file system that a folder is on, or will be on once it is made. */
export interface FileSystem {
  /** Equal for two folders between which files can be linked. */
  readonly device: string;
  /** `NFS`, `SMB`, ...; null for a disk of this machine. */
  readonly network: string | null;
}

/** Looks at the folder, or at the nearest one above it that exists. */
export async function fileSystemOf(folder: string): Promise<FileSystem> {
  const found = await stat(folder).catch(goneAsNull);
  if (found === null && dirname(folder) !== folder) {
    return fileSystemOf(dirname(folder));
  }
  const { type } = await statfs(folder);
  const linux = process.platform === 'linux';
  const mount = linux ? await mountPoint(await realpath(folder)) : '';
  return { device: `${found?.dev ?? 0} ${mount}`, network: linux ? (NETWORK[type] ?? null) : null };
}

/**
 * Where the file system of a folder is mounted: link(2) refuses to link between two mounts even of the same one, as the folders of a job in
 * a container are (proc_pid_mountinfo(5): the fifth field, blanks and backslashes in octal).
 */
async function mountPoint(folder: string): Promise<string> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = text.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined
      ? []
      : [point.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))];
  });
  const above = points.filter((point) => point === '/' || folder === point || folder.startsWith(`${point}/`));
  return above.reduce((longest, point) => (point.length > longest.length ? point : longest), '');
}
