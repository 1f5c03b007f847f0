import { openJournals, undoJournal } from '../configure/journal.js';
import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { journalFolder, journalOwner } from '../pipeline/tell-later.js';
import { operatingSystem } from '../runner/platform.js';
import type { Request } from '../values/request.js';

/** Undoes journals and says what became of each change. */
export async function undo(journals: readonly string[], log: Context['log']): Promise<void> {
  for (const journal of journals) {
    const { undone, left } = await undoJournal(journal);
    for (const path of undone) log.info(`Put back ${path}.`);
    for (const { path, why } of left) log.warn({ id: `left-${path}`, text: `${path} is left as it is: ${why}` });
  }
}

/** Undoes what earlier runs changed on this machine and nobody has put back. */
export function restore(request: Request, context: Context): Promise<Outcome> {
  return conclude('restore', request, context, async () => {
    const folder = journalFolder(operatingSystem(process.platform), context);
    const journals = await openJournals(folder, journalOwner(context.environment).runner, null);
    await context.timeline.step('Put back what was changed', () => undo(journals, context.log));
    if (journals.length === 0) context.log.info('There is nothing to put back.');
    return looked;
  });
}
