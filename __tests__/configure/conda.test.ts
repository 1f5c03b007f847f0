import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { condaCopies } from '../../src/catalog/conda.js';
import { findMirror } from '../../src/catalog/mirrors.js';
import { condarc, condarcEdit, passedOverByMamba } from '../../src/configure/conda.js';
import { temporaryFolder } from '../install/machine.js';
import { peer } from '../support/peers.js';
import shown from './conda-shown.json' with { type: 'json' };
import { journalIn, undoOf } from './journals.js';

interface Settings {
  readonly custom_channels: Readonly<Record<string, string>>;
  readonly default_channels?: readonly string[];
}

/** What a channel's name means under settings, by conda's manual: `custom_channels` holds the address above the channel's own folder. */
const addressOf = (settings: Settings, channel: string): string =>
  `${settings.custom_channels[channel] ?? 'https://conda.invalid'}/${channel}`;

test('the catalogue names mirrors of the Python index too, each once, by https', () => {
  const mirrors = condaCopies.map(({ mirror }) => mirror);
  expect(new Set(mirrors).size).toBe(condaCopies.length);
  expect(shown.map(({ mirror }) => mirror)).toEqual(mirrors);
  for (const { mirror, cloud, defaults, channels, checked } of condaCopies) {
    expect(findMirror(mirror)).toBeDefined();
    for (const address of [cloud, ...defaults]) expect(address).toMatch(/^https:\/\/[^/]+\/.*[^/]$/);
    expect(channels).toContain('conda-forge');
    expect(checked).toMatch(/^\d{4}-\d\d-\d\d$/);
  }
});

describe('the condarc', () => {
  test('has the documented keys alone, and leaves which channels are used to the user', () => {
    for (const copy of condaCopies) {
      const settings = parse(condarc(copy));
      expect(['channels', 'channel_alias', 'ssl_verify'].filter((key) => key in settings)).toEqual([]);
      expect(settings).toEqual({
        show_channel_urls: true,
        custom_channels: Object.fromEntries(copy.channels.map((channel) => [channel, copy.cloud])),
        ...(copy.defaults.length > 0 ? { default_channels: copy.defaults } : {}),
      });
    }
  });

  /**
   * Recorded from conda 26.7.1's own source (github.com/conda/conda, commit 0f64223fb) on 2026-11-22: `conda config --json --show` and the
   * channels of `conda info --json`, with CONDARC naming the file and a ~/.condarc that has `channels` and a `channel_alias` of a company.
   */
  test.each(shown)(
    'of $mirror sends conda to the mirror for the channels that it has, beside the own file',
    (recorded) => {
      const copy = condaCopies.find(({ mirror }) => mirror === recorded.mirror);
      if (copy === undefined) throw new Error('record it again: the mirror is gone');
      expect(condarc(copy)).toBe(recorded.condarc);
      expect(recorded.config.custom_channels).toEqual((parse(recorded.condarc) as Settings).custom_channels);
      expect(recorded.config.channels.slice(0, 2)).toEqual(['bioconda', 'conda-forge']);
      const allowed = [copy.cloud, ...copy.defaults].map((address) => `${address}/`);
      expect(recorded.urls.filter((url) => !allowed.some((address) => url.startsWith(address)))).toEqual([]);
    },
  );

  test('hides the own file from mamba, which takes one file alone', async () => {
    const home = temporaryFolder();
    expect(await passedOverByMamba(home)).toEqual([]);
    mkdirSync(path.join(home, '.conda'));
    for (const name of ['.condarc', '.conda/condarc'])
      writeFileSync(path.join(home, name), 'channels: [conda-forge]\n');
    expect(await passedOverByMamba(home)).toEqual([path.join(home, '.condarc'), path.join(home, '.conda', 'condarc')]);
  });

  test('holds hostile names as names', () => {
    const channels = ['a: b', '#c', '- d', '"e"', 'conda-forge'];
    const settings = parse(condarc({ cloud: 'https://m.invalid/x', channels, defaults: [] }));
    expect(Object.keys(settings.custom_channels)).toEqual(channels);
  });

  test('lies in a folder of ours under a name that conda takes, and goes with its owner', async () => {
    const folder = temporaryFolder();
    const journal = journalIn(folder);
    const [copy] = condaCopies;
    if (copy === undefined) throw new Error('no copies');
    const edit = condarcEdit(journal, copy);
    await journal.edit(edit);
    expect(edit.path).toMatch(/\.yml$/);
    expect(parse(readFileSync(edit.path, 'utf8'))).toHaveProperty('custom_channels');
    await undoOf(journal);
    expect(existsSync(path.dirname(edit.path))).toBe(false);
  });
});

const python = peer('python');
if (python !== null) {
  test('a real solver finds packages where the settings send the channel', async () => {
    const build = { build: 'py_0', build_number: 0, depends: [], subdir: 'noarch', noarch: 'python' };
    const packages = Object.fromEntries(
      ['1.0', '2.0'].map((version) => [
        `corp-tool-${version}-py_0.tar.bz2`,
        { ...build, name: 'corp-tool', version, sha256: 'a'.repeat(64), md5: 'b'.repeat(32), size: 1 },
      ]),
    );
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const subdir = /^\/anaconda\/cloud\/conda-forge\/(noarch|linux-64)\/repodata\.json$/.exec(request.url ?? '')?.[1];
      if (subdir === undefined) response.writeHead(404).end();
      else response.end(JSON.stringify({ info: { subdir }, packages: subdir === 'noarch' ? packages : {} }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cloud = `http://127.0.0.1:${(server.address() as AddressInfo).port}/anaconda/cloud`;
    const address = addressOf(parse(condarc({ cloud, channels: ['conda-forge'], defaults: [] })), 'conda-forge');
    const program = `
import asyncio, os, sys
from rattler import Channel, Gateway, solve
async def main():
    gateway = Gateway(cache_dir=sys.argv[2])
    found = await solve([Channel(sys.argv[1])], ["corp-tool <2"], gateway=gateway, platforms=["linux-64", "noarch"])
    print([(str(one.name.normalized), str(one.version), str(one.url)) for one in found], flush=True)
asyncio.run(main())
# Its threads are still at work, and crash one of fourteen interpreters that end in order (py-rattler 0.28.0).
os._exit(0)
`;
    const environment = { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(), NO_PROXY: '127.0.0.1' };
    const args = ['-c', program, address, path.join(temporaryFolder(), 'cache')];
    const { stdout } = await promisify(execFile)(python, args, { env: environment, timeout: 50_000 });
    server.close();
    expect(stdout).toContain(`('corp-tool', '1.0', '${cloud}/conda-forge/noarch/corp-tool-1.0-py_0.tar.bz2')`);
    expect(asked).toContain('/anaconda/cloud/conda-forge/noarch/repodata.json');
  });
}
