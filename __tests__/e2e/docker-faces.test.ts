import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hasDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { end, has, pushImage, type Registry, startRegistry, untilUp } from '../support/registry.js';
import { openShop, type Shop, short, withUv } from './shop.js';

const settings = '{\n  "debug": false\n}\n';

/** The daemon's words are made up, our answers are real: no Docker Desktop and no snap runs here, and no real dockerd dies on request. */
(hasDockerd() && has('unshare') ? describe : describe.skip)('a daemon that can not be told gets a clear word', () => {
  let folder: string;
  let machine: Machine;
  let shop: Shop;
  let registry: Registry;
  let daemon: ChildProcess | null = null;
  beforeEach(async () => {
    [machine, shop, registry] = await Promise.all([makeMachine(), openShop(), startRegistry()]);
    await pushImage(registry, 'paddlepaddle/paddle', '3.3.1', Buffer.from('x'));
    folder = await mkdtemp(join(tmpdir(), 'faces-'));
  });
  afterEach(async () => {
    if (daemon !== null) await end(daemon);
    await Promise.all([registry.close(), shop.close(), machine.remove(), rm(folder, { recursive: true, force: true })]);
  });

  /** Starts it with its file under a name; `elsewhere`: it sees another file there than we do, as in a container. */
  const startAs = async (system: string, elsewhere = false): Promise<string> => {
    const [socket, etc] = [join(folder, 'docker.sock'), join(folder, 'etc')] as const;
    for (const place of [etc, join(folder, 'inside')]) {
      await mkdir(place);
      await writeFile(join(place, 'daemon.json'), settings);
    }
    const script = elsewhere ? 'mount --bind "$0" "$1" && shift && exec "$@"' : 'shift && exec "$@"';
    const made = join(repository, '__tests__', 'support', 'made-up-dockerd.mjs');
    const call = [process.execPath, made, '--config-file', join(etc, 'daemon.json')];
    daemon = spawn('unshare', ['--mount', 'sh', '-c', script, join(folder, 'inside'), etc, ...call], {
      env: { PATH: process.env['PATH'] ?? '', SOCKET: socket, SYSTEM: system },
      stdio: 'ignore',
    });
    await untilUp('the daemon', async () => (await stat(socket)).isSocket());
    return join(etc, 'daemon.json');
  };
  const tell = () =>
    machine.cli(['setup', ...short(machine, shop), '--install', 'off', '--docker-mirrors', registry.url], {
      ...withUv(machine),
      DOCKER_HOST: `unix://${join(folder, 'docker.sock')}`,
    });

  test('Docker Desktop: where its settings are', async () => {
    const file = await startAs('Docker Desktop');
    const said = await tell();
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 2]);
    expect(said.stderr).toMatch(/virtual machine of its own here \(Docker Desktop\)[\s\S]*Settings, Docker Engine/);
    expect(await readFile(file, 'utf8')).toBe(settings);
    expect(await machine.files()).toEqual([]);
  });

  test('one that sees another file under that name, as in a snap or a container', async () => {
    const file = await startAs('Ubuntu Core 24', true);
    const said = await tell();
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 2]);
    expect(said.stderr).toContain(`The Docker daemon sees another ${file} than this process does`);
    expect(await readFile(file, 'utf8')).toBe(settings);
    expect(await machine.files()).toEqual([]);
  });

  test('one that dies of it: the file is as before, and how to start it again', async () => {
    const file = await startAs('Debian GNU/Linux 12');
    const said = await tell();
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 1]);
    expect(said.stderr).toMatch(/did not take the mirrors: it ended when it was told[\s\S]*systemctl start docker/);
    expect(await readFile(file, 'utf8')).toBe(settings);
    const undone = await machine.cli(['restore'], withUv(machine));
    expect([undone.stderr, undone.exitCode]).toEqual([expect.stringContaining('does not run any more'), 0]);
    expect(await readFile(file, 'utf8')).toBe(settings);
  });
});
