import { foresee } from '../lock/foresee.js';
import { markerEnvironment } from '../packaging/marker-environment.js';
import { resolverInput } from '../plan/resolver-input.js';
import type { Lock } from '../values/lock.js';
import type { IndexFile, ProjectPage } from '../values/source.js';
import type { Store } from '../values/store.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import { keptPlan, type LockedPlan } from './obtain-lock.js';
import type { Prepared } from './prepare.js';
import { prepareWorks } from './run-gateway.js';
import type { Stock } from './stock.js';

function isSilent({ files, answered }: ProjectPage): boolean {
  return files.length === 0 && answered.length === 0;
}

/** What is wrong with a lock, held against what the indexes list of the very versions that it names; null where nothing is. */
function refute(lock: Lock, listed: readonly IndexFile[] | null): string | null {
  if (listed === null || lock.unhashed.length > 0) return 'it does not follow from the request alone';
  const names = new Map(listed.map((file) => [file.filename, file]));
  for (const { filename, sha256 } of lock.files) {
    const file = names.get(filename);
    if (file === undefined) return `nothing requires ${filename}`;
    if (file.sha256 === null) return `no index publishes a hash for ${filename}`;
    if (file.sha256 !== sha256) return `${filename} has another hash on the index`;
  }
  return lock.files.length === listed.length ? null : 'it lacks files that are required';
}

/**
 * Holds a lock that others could have written against the request and the indexes: its versions have to satisfy every requirement, those
 * of their own metadata included, and nothing else may be in it; each file has to be listed with the same hash. That costs one page for
 * each project, asked side by side; files and metadata are there already. Gives the lock with the indexes' own addresses, or what is wrong.
 * A bucket's lock is held against pages alone (`lock/check-lock.ts`, which says why): its reader has neither files nor metadata yet.
 */
async function recheck(
  run: Run,
  prepared: Prepared,
  { lock, plan }: LockedPlan,
  desk: Desk,
  store: Store,
): Promise<Lock | string> {
  const { request, context, deadline } = run;
  const { interpreter } = prepared.runner;
  const { formats, preReleases } = request.requirements;
  const works = prepareWorks(plan, request, desk, null, store, context, deadline.signal);
  const ask = (project: string) => desk.sources.confirm(project, plan.origins[project]);
  const page = async (project: string): Promise<ProjectPage> => {
    const first = await ask(project);
    // What failed is asked anew by the next who wants it; once is enough for a fault that passes.
    return isSilent(first) ? ask(project) : first;
  };
  try {
    const pages = await Promise.all(lock.files.map(({ name }) => page(name)));
    const silent = pages.find(isSilent);
    if (silent !== undefined) return `no index answers for ${silent.project}`;
    const listed = await foresee({
      ...resolverInput(plan, request),
      page,
      metadata: (file) => works.transfers.metadata(file, deadline.signal),
      interpreter,
      environment: markerEnvironment(interpreter),
      preReleases: preReleases || plan.channel === 'nightly',
      formats,
      versions: new Map(lock.files.map(({ name, version }) => [name, version])),
    });
    const wrong = refute(lock, listed);
    if (wrong !== null) return wrong;
    const places = new Map(listed?.map(({ filename, locations }) => [filename, locations]));
    const files = lock.files.map((file) => ({
      ...file,
      urls: (places.get(file.filename) ?? []).map(({ source, url }) => ({ source, url })),
    }));
    return { ...lock, files };
  } finally {
    await works.close();
  }
}

/** A lock that others could have written, and where it comes from; null where there is none. */
async function foreignLock({ key }: Prepared, stock: Stock): Promise<{ text: string; from: string } | null> {
  const { github, store } = stock;
  if (github !== null && github.entry !== null && github.lock !== null) {
    return { text: github.lock, from: "GitHub's cache" };
  }
  const kept = await store.readLock(key);
  return kept?.foreign === true ? { text: kept.value, from: 'another user of the cache folder' } : null;
}

/**
 * The lock that GitHub's cache brought or that another user keeps in a shared folder, checked before it is believed; null where there is none
 * that could be, and it is resolved again.
 */
export async function restoredPlan(
  run: Run,
  prepared: Prepared,
  stock: Stock | null,
  desk: Desk,
): Promise<LockedPlan | null> {
  const found = stock === null ? null : await foreignLock(prepared, stock);
  if (stock === null || found === null) return null;
  const offered = await keptPlan(run, prepared, { readLock: () => Promise.resolve({ value: found.text }) });
  if (offered === null) return null;
  const checked = await run.context.timeline.step('Check the restored lock', () =>
    recheck(run, prepared, offered, desk, stock.store),
  );
  if (typeof checked !== 'string') return { ...offered, lock: checked };
  tell(run, [{ id: 'restored-lock', text: `The lock from ${found.from} is resolved again: ${checked}.` }]);
  return null;
}
