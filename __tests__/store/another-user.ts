import { chmod } from 'node:fs/promises';

/** Does something as a user who may read the store at `root`, and not write `folders` of it. */
export async function asAnother(root: string, folders: readonly string[], act: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  await Promise.all([chmod(root, 0o755), ...folders.map((folder) => chmod(folder, 0o555))]);
  if (isRoot) process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await Promise.all(folders.map((folder) => chmod(folder, 0o755)));
  }
}
