import { access } from 'node:fs/promises';
import path from 'node:path';
import type { CondaCopy } from '../catalog/conda.js';
import type { Edit, JournalPlace } from './journal.js';

/**
 * The settings that send conda, mamba and micromamba to a mirror's copy, as its manual names them (docs.conda.io, "Using the .condarc"):
 * `custom_channels` beats `channel_alias` for the channels named; `default_channels` is what `defaults` stands for. `channels` is left out, so
 * that which channels are used stays the user's choice. JSON texts are YAML.
 */
export function condarc({ cloud, channels, defaults }: Pick<CondaCopy, 'cloud' | 'channels' | 'defaults'>): string {
  const list = (entries: readonly string[]): string => entries.map((entry) => `  ${entry}\n`).join('');
  const custom = channels.map((channel) => `${JSON.stringify(channel)}: ${JSON.stringify(cloud)}`);
  const main = defaults.map((address) => `- ${JSON.stringify(address)}`);
  return [
    'show_channel_urls: true\n',
    `custom_channels:\n${list(custom)}`,
    main.length === 0 ? '' : `default_channels:\n${list(main)}`,
  ].join('');
}

/** The edit that makes a condarc of this run, to be named by `CONDARC`, which beats every other one. conda takes only names that end so. */
export function condarcEdit({ folder, owner }: JournalPlace, copy: CondaCopy): Edit {
  const file = path.join(folder, 'conda', `${owner.id}.yml`);
  return { path: file, editor: 'whole-text', part: { text: condarc(copy) }, mode: 0o644, wish: 'configure' };
}

/** Where a user keeps settings for conda or mamba, below home (docs.conda.io, "Searching for .condarc"; libmamba's `configuration.cpp`). */
const ownFiles = ['.condarc', '.conda/.condarc', '.conda/condarc', '.mambarc'];

/**
 * The user's own settings that mamba and micromamba pass over once `CONDARC` names a file: they take that one in the place of all others
 * (libmamba's `rc_files`), where conda reads it beside them.
 */
export async function passedOverByMamba(home: string): Promise<string[]> {
  const files = ownFiles.map((name) => path.join(home, name));
  const there = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, at) => there[at]);
}
