import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openShop, type Shop, short, withUv } from '../e2e/shop.js';
import { hasDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { end, has, pushImage, type Registry, startRegistry, untilUp } from '../support/registry.js';

const image = 'docker.io/paddlepaddle/paddle:3.3.1';

(hasDockerd() && has('containerd', 'ctr', 'podman', 'unshare') ? describe : describe.skip)(
  'told by the command line',
  () => {
    let registry: Registry;
    let digest: string;
    let machine: Machine;
    let shop: Shop;
    let folder: string;

    beforeAll(async () => {
      [machine, shop, registry] = await Promise.all([makeMachine(), openShop(), startRegistry()]);
      digest = await pushImage(registry, 'paddlepaddle/paddle', '3.3.1', randomBytes(50_000));
      folder = await mkdtemp(join(tmpdir(), 'peers-'));
    }, 60_000);
    afterAll(() =>
      Promise.all([registry.close(), shop.close(), machine.remove(), rm(folder, { recursive: true, force: true })]),
    );

    const setup = (configure: string, more: readonly string[] = []): string[] => {
      const mirrors = ['--docker-mirrors', registry.url, '--configure', configure];
      return ['setup', ...short(machine, shop), '--install', 'off', ...mirrors, ...more];
    };

    test('containerd pulls through the hosts.toml that it was given', async () => {
      // The program writes below /etc/containerd: in a mount namespace of its own that is another folder, and the machine's stays as it is.
      const [own, root, state] = ['etc', 'root', 'state'].map((name) => join(folder, name)) as [string, string, string];
      await mkdir(own);
      await writeFile(
        join(own, 'config.toml'),
        'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n',
      );
      const apart = async (...args: readonly string[]): Promise<string> => {
        const script = 'mount --bind "$0" /etc/containerd && exec "$@"';
        const program = [process.execPath, join(repository, 'dist', 'cli', 'index.js'), ...args];
        const env = { ...machine.environment, ...withUv(machine) };
        const call = ['--mount', 'sh', '-c', script, own, ...program];
        const ran = await promisify(execFile)('unshare', call, { env, cwd: machine.work });
        return ran.stdout + ran.stderr;
      };
      expect(await apart(...setup('containerd'))).toContain(
        `containerd: ${registry.url} (/etc/containerd/certs.d/docker.io/hosts.toml)`,
      );
      const hosts = await readFile(join(own, 'certs.d', 'docker.io', 'hosts.toml'), 'utf8');
      expect(hosts).toContain(`"${registry.url}"`);
      const socket = join(folder, 'c.sock');
      const daemon: ChildProcess = spawn('containerd', ['--root', root, '--state', state, '--address', socket], {
        stdio: 'ignore',
      });
      const ctr = (...args: readonly string[]): string =>
        execFileSync('ctr', ['--address', socket, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      try {
        await untilUp('containerd', async () => ctr('version') !== '');
        ctr('content', 'fetch', '--hosts-dir', join(own, 'certs.d'), image);
        expect(ctr('images', 'ls', 'name==docker.io/paddlepaddle/paddle:3.3.1')).toContain(digest);
      } finally {
        await end(daemon);
      }
      await apart('restore');
      await expect(readFile(join(own, 'certs.d', 'docker.io', 'hosts.toml'))).rejects.toMatchObject({ code: 'ENOENT' });
    }, 90_000);

    test('podman pulls an image ahead where there is no Docker, with its digest, and what it was told is undone', async () => {
      const storage = join(folder, 'storage.conf');
      const [graph, run] = [join(folder, 'graph'), join(folder, 'run')];
      await writeFile(storage, `[storage]\ndriver = "vfs"\ngraphroot = "${graph}"\nrunroot = "${run}"\n`);
      const extra = {
        ...withUv(machine),
        DOCKER_HOST: 'unix:///nowhere/docker.sock',
        CONTAINERS_STORAGE_CONF: storage,
      };
      const before = await machine.files();
      const said = await machine.cli(
        setup('podman', ['--docker-images', 'paddlepaddle/paddle:3.3.1 as paddle:ci']),
        extra,
      );
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      expect(said.stderr).toContain('Images are pulled by podman');
      expect(said.stdout + said.stderr).toContain(digest);
      const env = { ...machine.environment, CONTAINERS_STORAGE_CONF: storage };
      const names = execFileSync('podman', ['images', '--format', '{{.Repository}}:{{.Tag}}'], {
        env,
        encoding: 'utf8',
      });
      expect(names).toContain('paddle:ci');
      expect((await machine.cli(['restore'], extra)).exitCode).toBe(0);
      const left = (await machine.files()).filter((file) => !before.includes(file));
      expect(left.filter((file) => file.includes('containers'))).toEqual([]);
    }, 90_000);
  },
);
