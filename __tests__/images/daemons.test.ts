import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openShop, type Shop, short, withUv } from '../e2e/shop.js';
import { commonPython, type Host, makeHost, owner, type User, users } from '../e2e/users.js';
import { type Dockerd, dockerClient, hasDockerd, startDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Asked, end, has, pushImage, type Registry, startRegistry, untilUp } from '../support/registry.js';
import { startRootless } from '../support/rootless.js';

/** `npm run docker-proof` brings daemons that no package of Debian has; the tests take those that are there. */
const isFull = process.env['DOCKER_PROOF'] === 'full';
const image = 'docker.io/paddlepaddle/paddle:3.3.1';
const short1 = 'paddlepaddle/paddle:3.3.1';
const settings = '{\n\t"log-level": "info"\n}\n';
const login = { username: 'reader', password: 'hunter2-of-the-registry' };
const signal = new AbortController().signal;

interface Row {
  readonly daemon: string;
  readonly told: string;
  readonly requests: number;
  readonly afterwards: string;
}

(hasDockerd() && has('containerd', 'ctr', 'podman', 'unshare', 'setpriv', 'rootlesskit', 'newuidmap')
  ? describe
  : describe.skip)('told by the command line', () => {
  let [mirror, closed]: Registry[] = [];
  let digest: string;
  let machine: Machine;
  let shop: Shop;
  let host: Host;
  let folder: string;
  const rows: Row[] = [];

  beforeAll(async () => {
    [machine, shop, host, mirror, closed] = await Promise.all([
      makeMachine(),
      openShop(),
      makeHost(),
      startRegistry(),
      startRegistry(login),
    ]);
    const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    digest = await pushImage(mirror, 'paddlepaddle/paddle', '3.3.1', randomBytes(50_000));
    await pushImage(closed, 'team/private', '1', randomBytes(1_000), { authorization: basic });
    folder = await mkdtemp(join(tmpdir(), 'daemons-'));
  }, 60_000);
  afterAll(async () => {
    await Promise.all([mirror?.close(), closed?.close(), shop.close(), machine.remove(), host.remove()]);
    await rm(folder, { recursive: true, force: true });
    const line = (daemon: string, told: string, requests: string, afterwards: string): string =>
      `${daemon.padEnd(34)} ${told.padEnd(40)} ${requests.padStart(8)}  ${afterwards}\n`;
    process.stdout.write(line('daemon', 'told by', 'requests', 'afterwards'));
    for (const row of rows) process.stdout.write(line(row.daemon, row.told, String(row.requests), row.afterwards));
  });

  const heard = async (): Promise<readonly Asked[]> => (await mirror?.requests()) ?? [];
  /** What a program has asked the mirror for since it had heard so much, by the mirror's own log. */
  const asked = async (agent: RegExp, since: number): Promise<number> => {
    const got = (await heard()).slice(since).filter((one) => agent.test(one.agent) && one.status < 300);
    expect(got.map(({ path }) => path).join('\n')).toMatch(/manifests[\s\S]*blobs/);
    return got.length;
  };
  const setup = (configure: string, more: readonly string[] = [], python = machine.python): string[] => {
    const mirrors = ['--docker-mirrors', mirror?.url ?? '', '--configure', configure];
    return ['setup', ...short({ ...machine, python }, shop), '--install', 'off', ...mirrors, ...more];
  };
  const version = (program: string, ...args: readonly string[]): string =>
    /\d+\.\d+\.\d+/.exec(execFileSync(program, args, { encoding: 'utf8' }))?.[0] ?? '';

  /** A daemon is told, pulls an image of Hub and one of a registry with a login, and goes back. */
  const proveDocker = async (name: string, daemon: Dockerd, user: User): Promise<void> => {
    const since = (await heard()).length;
    const here = { ...withUv(machine), DOCKER_HOST: `unix://${daemon.socket}` };
    const privately = ['--docker-images', `${closed?.host}/team/private:1 as team:ci`];
    const python = commonPython();
    if (python === null) throw new Error('a Python for every user is needed here');
    const said = await host.cli(user, setup('docker', privately, python), {
      ...here,
      PADDLE_MIRROR_SETUP_INDEX_CREDENTIALS: `http://${closed?.host}/ ${login.username}:${login.password}`,
    });
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    const info = await daemon.engine.info(signal);
    expect(info.mirrors).toEqual([`${mirror?.url}/`]);
    const docker = (...args: readonly string[]): string =>
      execFileSync(dockerClient(), args, { env: { ...process.env, ...here, DOCKER_CONFIG: folder }, encoding: 'utf8' });
    expect(docker('pull', short1)).toContain(digest);
    expect(docker('images', '--format', '{{.Repository}}:{{.Tag}}')).toContain('team:ci');
    const requests = await asked(/^docker\//, since);
    const undone = await host.cli(user, ['restore'], here);
    expect([undone.stderr, undone.exitCode]).toEqual([undone.stderr, 0]);
    expect((await daemon.engine.info(signal)).mirrors).toEqual([]);
    expect(await readFile(daemon.file, 'utf8')).toBe(settings);
    expect(process.kill(daemon.pid, 0)).toBe(true);
    const row = { told: 'registry-mirrors of daemon.json, live', requests };
    rows.push({ daemon: `${name} ${info.version}`, ...row, afterwards: 'file identical, no mirror, same process' });
  };

  test('rootless dockerd takes the mirrors from its own user, in the daemon.json of that user', async () => {
    const [user] = users ?? [];
    if (user === undefined || user.ids === null) throw new Error('root is needed here');
    const daemon = await startRootless(settings, user.ids);
    try {
      expect((await daemon.engine.info(signal)).rootless).toBe(true);
      await proveDocker('dockerd rootless', daemon, user);
    } finally {
      await daemon.close();
    }
  }, 90_000);

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
      `containerd: ${mirror?.url} (/etc/containerd/certs.d/docker.io/hosts.toml)`,
    );
    const hosts = await readFile(join(own, 'certs.d', 'docker.io', 'hosts.toml'), 'utf8');
    expect(hosts).toContain(`"${mirror?.url}"`);
    const socket = join(folder, 'c.sock');
    const daemon: ChildProcess = spawn('containerd', ['--root', root, '--state', state, '--address', socket], {
      stdio: 'ignore',
    });
    const ctr = (...args: readonly string[]): string =>
      execFileSync('ctr', ['--address', socket, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      await untilUp('containerd', async () => ctr('version') !== '');
      ctr('content', 'fetch', '--hosts-dir', join(own, 'certs.d'), image);
      expect(ctr('images', 'ls', `name==${image}`)).toContain(digest);
    } finally {
      await end(daemon);
    }
    await apart('restore');
    await expect(readFile(join(own, 'certs.d', 'docker.io', 'hosts.toml'))).rejects.toMatchObject({ code: 'ENOENT' });
    rows.push({
      daemon: `containerd ${version('containerd', '--version')}`,
      told: 'hosts.toml',
      requests: await asked(/^containerd\//, 0),
      afterwards: 'file and its folders gone',
    });
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
    const said = await machine.cli(setup('podman', ['--docker-images', `${short1} as paddle:ci`]), extra);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(said.stderr).toContain('Images are pulled by podman');
    expect(said.stdout + said.stderr).toContain(digest);
    const env = { ...machine.environment, CONTAINERS_STORAGE_CONF: storage };
    const names = execFileSync('podman', ['images', '--format', '{{.Repository}}:{{.Tag}}'], { env, encoding: 'utf8' });
    expect(names).toContain('paddle:ci');
    expect((await machine.cli(['restore'], extra)).exitCode).toBe(0);
    const left = (await machine.files()).filter((file) => !before.includes(file));
    expect(left.filter((file) => file.includes('containers'))).toEqual([]);
    rows.push({
      daemon: `podman ${version('podman', '--version')}`,
      told: 'registries.conf.d',
      requests: await asked(/^containers\//, 0),
      afterwards: 'file and its folders gone',
    });
  }, 90_000);

  if (isFull) {
    test.each(['dockerd', process.env['NEW_DOCKERD'] ?? ''])(
      'rootful %s takes the mirrors',
      async (program) => {
        const daemon = await startDockerd(settings, [], program);
        try {
          await proveDocker('dockerd rootful', daemon, owner);
        } finally {
          await daemon.close();
        }
      },
      90_000,
    );

    test('a new dockerd looks at the file before it is told', async () => {
      const daemon = await startDockerd(settings, [], process.env['NEW_DOCKERD'] ?? '');
      try {
        const unknown = '{ "no-such-setting": 1 }';
        await writeFile(daemon.file, unknown);
        const said = await machine.cli(setup('docker'), {
          ...withUv(machine),
          DOCKER_HOST: `unix://${daemon.socket}`,
        });
        expect([said.stderr, said.exitCode]).toEqual([said.stderr, 2]);
        expect(said.stderr).toContain(`dockerd would not take ${daemon.file}`);
        expect(said.stderr).toContain('no-such-setting');
        expect(await readFile(daemon.file, 'utf8')).toBe(unknown);
      } finally {
        await daemon.close();
      }
    }, 90_000);

    test('buildkitd builds from a base that it pulls through the file that buildx would give it', async () => {
      const [docker, root, socket, context] = ['docker', 'buildkit', 'b.sock', 'context'].map((name) =>
        join(folder, name),
      ) as [string, string, string, string];
      const extra = { ...withUv(machine), DOCKER_CONFIG: docker };
      const said = await machine.cli(setup('buildkit'), extra);
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      const written = join(docker, 'buildx', 'buildkitd.default.toml');
      // buildx copies it into the builder that it creates.
      const given = join(folder, 'buildkitd.toml');
      await copyFile(written, given);
      const worker = ['--containerd-worker=false', '--oci-worker-snapshotter=native', '--oci-worker-net=host'];
      const places = ['--root', root, '--addr', `unix://${socket}`, '--config', given];
      const daemon = spawn('buildkitd', [...worker, ...places], { stdio: 'ignore' });
      const control = (...args: readonly string[]): string =>
        execFileSync('buildctl', ['--addr', `unix://${socket}`, ...args], { encoding: 'utf8', stdio: 'pipe' });
      try {
        await untilUp('buildkitd', async () => control('debug', 'workers') !== '');
        await mkdir(context);
        await writeFile(join(context, 'Dockerfile'), `FROM ${short1}\nCOPY Dockerfile /\n`);
        const locals = ['context', 'dockerfile'].flatMap((name) => ['--local', `${name}=${context}`]);
        const output = ['--output', `type=oci,dest=${join(folder, 'built.tar')}`];
        control('build', '--frontend', 'dockerfile.v0', ...locals, ...output);
      } finally {
        await end(daemon);
      }
      expect((await machine.cli(['restore'], extra)).exitCode).toBe(0);
      await expect(readFile(written)).rejects.toMatchObject({ code: 'ENOENT' });
      rows.push({
        daemon: `buildkitd ${version('buildkitd', '--version')}`,
        told: 'buildkitd.default.toml',
        requests: await asked(/^buildkit\//, 0),
        afterwards: 'file and its folders gone',
      });
    }, 120_000);
  }
});
