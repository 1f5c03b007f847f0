import { type CondaCopy, condaCopies } from '../catalog/conda.js';
import { condarcEdit, passedOverByMamba } from '../configure/conda.js';
import { HttpFault } from '../values/http.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';

/** Whether the mirror's copy answers with bytes where a channel's index lies; why not is told by the log. */
async function answers({ context, deadline }: Run, { client }: Desk, { mirror, cloud }: CondaCopy): Promise<boolean> {
  const url = `${cloud}/conda-forge/noarch/repodata.json.zst`;
  try {
    const answer = await client.request({
      url,
      method: 'HEAD',
      connectMs: 5000,
      headersMs: 8000,
      signal: deadline.signal,
    });
    answer.cancel();
    const isPage = answer.headers['content-type']?.includes('html') === true;
    const good = answer.status === 200 && !isPage;
    if (!good) context.log.info(`${mirror} has no conda channels for us: ${answer.status}${isPage ? ', a page' : ''}.`);
    return good;
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    context.log.info(`${mirror} has no conda channels for us: ${error.message}`);
    return false;
  }
}

/**
 * Tells conda, mamba and micromamba of later steps of a mirror, by a condarc of this run that `CONDARC` names: with `mirrors: auto` the one that
 * served this run, with a list the first one that has channels. Gives the variables for later steps.
 */
export async function tellConda(run: Run, desk: Desk): Promise<Readonly<Record<string, string>>> {
  const { request, context, story } = run;
  if (!request.configure.includes('conda')) return {};
  const own = context.environment['CONDARC'] ?? '';
  if (own !== '') {
    context.log.info(`Later steps' conda keeps its settings: CONDARC names ${own}, and names one file only.`);
    return {};
  }
  const ranked = desk.sources.ranked().filter(({ kind }) => kind === 'python');
  const sources = request.mirrors === 'auto' ? ranked.slice(0, 1) : desk.roster;
  const copies = sources.flatMap(({ id }) => condaCopies.find(({ mirror }) => mirror === id) ?? []);
  for (const copy of copies) {
    if (!(await answers(run, desk, copy))) continue;
    const edit = condarcEdit(context.journal, copy);
    await context.journal.edit(edit);
    story.configured = { ...story.configured, [edit.path]: edit.part['text']?.toString() ?? '' };
    context.log.info(`Later steps' conda, mamba and micromamba use ${copy.mirror} for ${copy.channels.join(', ')}.`);
    const text =
      "conda has no newer PaddlePaddle than 3.0: the project ended its builds there. This run's PaddlePaddle is a wheel.";
    tell(run, [{ id: 'conda-paddle-ends', text }]);
    const passedOver = await passedOverByMamba(context.home);
    if (passedOver.length > 0)
      tell(run, [
        {
          id: 'mamba-one-file',
          text: `mamba and micromamba read the file of CONDARC alone, so ${passedOver.join(' and ')} does not count for them in later steps: name channels with \`-c\`. conda reads both.`,
        },
      ]);
    return { CONDARC: edit.path };
  }
  const known = condaCopies.map(({ mirror }) => mirror).join(', ');
  context.log.info(
    `Later steps' conda keeps its channels: no mirror of this run has a copy of them (${known} have one).`,
  );
  return {};
}
