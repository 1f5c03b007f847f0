import { spareFolder } from '../store/choose.js';
import { type FileSystem, fileSystemOf } from '../store/file-system.js';
import { userName } from '../store/sharing.js';
import { type Unpacked, unpackedIn } from '../store/unpacked.js';
import type { Store } from '../values/store.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Prepared } from './prepare.js';

/** Which of the folders holds the unpacked wheels, and whether they have to be copied from there. Pure. */
export function chooseUnpacked(
  own: FileSystem,
  spare: FileSystem,
  target: FileSystem,
): { readonly where: 'own' | 'spare'; readonly copies: boolean } {
  if (own.device === target.device) return { where: 'own', copies: false };
  if (spare.device === target.device) return { where: 'spare', copies: false };
  // Thousands of small files over a network are slow to write and to read.
  return { where: own.network !== null && spare.network === null ? 'spare' : 'own', copies: true };
}

/**
 * This user's unpacked wheels, on the file system of the environment where there is a place: from there they are linked in 0.1 s, from
 * another one copied in 0.8 s and more (measured, CPU build). That it copies is told once.
 */
export async function placeUnpacked(run: Run, { runner, choice }: Prepared, store: Store): Promise<Unpacked> {
  const { request, context } = run;
  const target = request.venv ?? runner.interpreter.purelib;
  const own = store.folders.own;
  const spare = spareFolder(runner.os, context.environment, context.home, userName(), store.root);
  const [ownSystem, spareSystem, targetSystem] = (await Promise.all([own, spare, target].map(fileSystemOf))) as [
    FileSystem,
    FileSystem,
    FileSystem,
  ];
  // A store that goes at the end of the run leaves nothing elsewhere.
  const other = choice.kind === 'off' ? ownSystem : spareSystem;
  const { where, copies } = chooseUnpacked(ownSystem, other, targetSystem);
  const chosen = where === 'own' ? own : spare;
  if (copies && request.install && request.installer === 'uv') {
    const network = (where === 'own' ? ownSystem : spareSystem).network ?? targetSystem.network;
    const why = network === null ? 'another file system' : `another file system (${network})`;
    const text = `${target} is on ${why} than ${chosen}, so files are copied instead of linked, which takes longer. Name a folder on the same file system with cache-path.`;
    tell(run, [{ id: 'unpacked-elsewhere', text }]);
  }
  return unpackedIn(chosen);
}
