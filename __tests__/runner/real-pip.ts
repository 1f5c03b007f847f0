import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from '@jest/globals';
import type { InterpreterFacts } from '../../src/runner/answer.js';
import { probe } from '../../src/runner/probe.js';
import { pythons, scratch } from './support.js';

/** Option names with the attribute that pip's parser keeps each in. */
const options = {
  'index-url': 'index_url',
  'extra-index-url': 'extra_index_urls',
  'find-links': 'find_links',
  'trusted-host': 'trusted_hosts',
  timeout: 'timeout',
  cert: 'cert',
  proxy: 'proxy',
} as const;
/** A name among these. */
export type Option = keyof typeof options;

/** Answers each environment on a line with what `pip install` takes under it; pip is imported once, its files are read each time. */
const pipServer = `
import json, os, sys
from pip._internal.commands import create_command
for line in sys.stdin:
    os.environ.clear()
    os.environ.update(json.loads(line))
    values = create_command("install").parser.get_default_values()
    print(json.dumps({name: getattr(values, name) for name in ${JSON.stringify(Object.values(options))}}), flush=True)
`;

type Sections = Readonly<Record<string, Readonly<Record<string, string>>>>;
/** What each level of pip's configuration holds. */
export interface Levels {
  readonly global?: Sections;
  readonly legacy?: Sections;
  readonly user?: Sections;
  readonly site?: Sections;
  readonly named?: Sections;
  readonly environment?: Readonly<Record<string, string>>;
}

const ini = (sections: Sections) =>
  Object.entries(sections)
    .map(
      ([section, items]) =>
        `[${section}]\n${Object.entries(items)
          .map(([k, v]) => `${k} = ${v}\n`)
          .join('')}`,
    )
    .join('\n');

/** The interpreters with a pip that can be asked (19.3 and newer): the oldest and the newest. */
const able = (await pythons()).filter((file) => !/\/(2|3\.[67])\.[^/]*\/bin/.test(file));
const python = able.at(-1) ?? 'python3';

interface Venv {
  readonly folder: string;
  readonly python: string;
  /** What its pip takes under an environment. */
  readonly pip: (environment: NodeJS.ProcessEnv) => Promise<Record<string, unknown>>;
  /** What its pip takes without any setting. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

const servers: ChildProcess[] = [];
afterAll(() => {
  for (const server of servers) server.kill();
});

/** A venv that sees its base's pip: made in a moment, and with a site level of its own. */
async function makeVenv(base: string): Promise<Venv> {
  const folder = path.join(await scratch(), 'venv');
  execFileSync(base, ['-m', 'venv', '--without-pip', '--system-site-packages', folder]);
  const interpreter = path.join(folder, 'bin', 'python');
  const server = spawn(interpreter, ['-c', pipServer], { stdio: ['pipe', 'pipe', 'inherit'] });
  servers.push(server);
  const answers = createInterface(server.stdout)[Symbol.asyncIterator]();
  const pip: Venv['pip'] = async (environment) => {
    server.stdin.write(`${JSON.stringify(environment)}\n`);
    const { value } = await answers.next();
    return JSON.parse(String(value)) as Record<string, unknown>;
  };
  // The null device drops every file, also those of this machine.
  const defaults = await pip({ PATH: process.env['PATH'], PIP_CONFIG_FILE: '/dev/null' });
  return { folder, python: interpreter, pip, defaults };
}

/** Venvs of the oldest and the newest Python whose pip can be asked. */
export const [oldestVenv, newestVenv] = await Promise.all([makeVenv(able[0] ?? python), makeVenv(python)]);

/** Writes the files of the levels into a new home and gives the environment that leads pip to them. */
export async function lay(levels: Levels, venv: Venv): Promise<NodeJS.ProcessEnv> {
  const home = await scratch();
  const files: Readonly<Record<Exclude<keyof Levels, 'environment'>, string>> = {
    global: path.join(home, 'xdg', 'pip', 'pip.conf'),
    legacy: path.join(home, '.pip', 'pip.conf'),
    user: path.join(home, '.config', 'pip', 'pip.conf'),
    site: path.join(venv.folder, 'pip.conf'),
    named: path.join(home, 'named.conf'),
  };
  await writeFile(files.site, '');
  for (const [level, file] of Object.entries(files)) {
    const sections = levels[level as keyof typeof files];
    if (sections === undefined) continue;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, ini(sections));
  }
  return {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CONFIG_DIRS: path.join(home, 'xdg'),
    ...(levels.named === undefined ? {} : { PIP_CONFIG_FILE: files.named }),
    ...levels.environment,
  };
}

/** What our probe says under an environment. */
export async function facts(venv: Venv, environment: NodeJS.ProcessEnv): Promise<InterpreterFacts> {
  const signal = new AbortController().signal;
  const result = await probe(venv.python, { environment, limitMs: 20_000, signal });
  if ('fault' in result) throw new Error(result.fault.text);
  return result.facts;
}

/** pip's own word and ours, in the same form. */
export async function compare(levels: Levels, venv: Venv): Promise<{ pip: unknown; ours: unknown }> {
  const environment = await lay(levels, venv);
  const pip = await venv.pip(environment);
  const { pipSettings } = await facts(venv, environment);
  const expected = Object.entries(options).map(([name, attribute]) => {
    const setting = pipSettings[name]?.value;
    // Without a setting pip has its default, which is not ours to know.
    if (setting === undefined) return [attribute, 'default'];
    return [attribute, Array.isArray(pip[attribute]) ? setting.split(/\s+/) : String(setting)];
  });
  const seen = Object.entries(pip).map(([attribute, value]) => {
    const isDefault = JSON.stringify(value) === JSON.stringify(venv.defaults[attribute]);
    return [attribute, isDefault ? 'default' : Array.isArray(value) ? value : String(value)];
  });
  return { pip: Object.fromEntries(seen), ours: Object.fromEntries(expected) };
}
