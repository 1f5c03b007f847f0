import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../../values/system-error.js';

/** Settings of one profile, names in lower case. */
export type Profile = Readonly<Record<string, string>>;

/** A file of profiles: `[name]` or `[profile name]`, `key = value`, comments on lines of their own; nested values are left out. */
function parseProfiles(text: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Profile>();
  let current: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[\s*(?:(profile|sso-session|services)\s+)?([^\]]+?)\s*\]/.exec(line);
    if (header !== null) {
      const [, kind, name = ''] = header;
      current = kind === undefined || kind === 'profile' ? name : null;
      continue;
    }
    const [, key = '', value = ''] = /^([A-Za-z][\w-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (current !== null && key !== '') {
      profiles.set(current, { ...profiles.get(current), [key.toLowerCase()]: value });
    }
  }
  return profiles;
}

async function read(file: string): Promise<ReadonlyMap<string, Profile>> {
  try {
    return parseProfiles(await readFile(file, 'utf8'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(errorCode(error) ?? '')) return new Map();
    throw error;
  }
}

/** The profile in use, of the shared `config` and `credentials` files together, and its name ("Shared config and credentials files", AWS SDKs and Tools Reference Guide). */
export async function readProfile(
  environment: NodeJS.ProcessEnv,
  home: string,
): Promise<{ readonly name: string; readonly profile: Profile | null }> {
  const name = environment['AWS_PROFILE'] || environment['AWS_DEFAULT_PROFILE'] || 'default';
  const at = (variable: string, file: string): string => environment[variable] || path.join(home, '.aws', file);
  const [config, credentials] = await Promise.all([
    read(at('AWS_CONFIG_FILE', 'config')),
    read(at('AWS_SHARED_CREDENTIALS_FILE', 'credentials')),
  ]);
  const [set, secret] = [config.get(name), credentials.get(name)];
  return { name, profile: set === undefined && secret === undefined ? null : { ...set, ...secret } };
}
