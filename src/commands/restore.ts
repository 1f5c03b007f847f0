import { type LeftOwner, owners, undo } from '../configure/journal-undo.js';
import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { effects } from '../pipeline/journal.js';
import type { Log } from '../values/log.js';
import type { Request } from '../values/request.js';

/** Undoes what these owners changed and says what became of each change. */
export async function undoAll(folder: string, ids: ReadonlySet<string>, log: Log): Promise<void> {
  if (ids.size === 0) return;
  const undone = await undo(folder, ids, effects);
  for (const { path, found } of undone.files) {
    if (found === 'ours') log.info(`Put back ${path}.`);
    else if (found === 'deleted') log.info(`${path} was deleted since; there is nothing to put back.`);
    else
      log.warn({
        id: `changed-${path}`,
        text: `${path} was changed since by somebody else: only our part was taken out.`,
      });
  }
  for (const text of undone.effects) log.info(text);
  for (const { what, why } of undone.left) {
    log.warn({
      id: `left-${what}`,
      text: `${what} is left as it is: ${why.replace(/\.$/, '')}. Correct that and run \`restore\`.`,
    });
  }
}

function tellRunning({ owner }: LeftOwner, log: Log): void {
  const text = `What a job on ${owner.runner} changed stays: it still runs, as process ${owner.parent?.pid}, and undoes it itself.`;
  log.warn({ id: `running-${owner.id}`, text });
}

/** Undoes what earlier runs changed on this machine and nobody has put back; a job that still runs needs what it changed. */
export function restore(request: Request, context: Context): Promise<Outcome> {
  return conclude('restore', request, context, async () => {
    const { folder } = context.journal;
    const left = await owners(folder);
    const running = left.filter((one) => one.owner.scope === 'job' && one.running === true);
    const ids = left.filter((one) => !running.includes(one)).map(({ owner }) => owner.id);
    await context.timeline.step('Put back what was changed', () => undoAll(folder, new Set(ids), context.log));
    for (const one of running) tellRunning(one, context.log);
    if (left.length === 0) context.log.info('There is nothing to put back.');
    return looked;
  });
}
