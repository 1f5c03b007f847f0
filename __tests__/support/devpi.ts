import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real devpi-server on loopback whose files only its user may read. */
export interface Devpi {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Simple index of the private stage. */
  readonly index: string;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function call(url: string, init: RequestInit): Promise<void> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

/** Reading is open to everybody in devpi unless a plugin says otherwise; this one asks for the user's login. */
async function writePlugin(folder: string, user: string): Promise<void> {
  const about = join(folder, 'login_to_read-1.dist-info');
  await mkdir(about, { recursive: true });
  await writeFile(join(about, 'METADATA'), 'Metadata-Version: 2.1\nName: login-to-read\nVersion: 1\n');
  await writeFile(join(about, 'entry_points.txt'), '[devpi_server]\nlogin-to-read = login_to_read\n');
  const lines = [
    'from pluggy import HookimplMarker',
    '@HookimplMarker("devpiserver")',
    'def devpiserver_stage_get_principals_for_pkg_read(ixconfig):',
    `    return ["${user}"]`,
  ];
  await writeFile(join(folder, 'login_to_read.py'), `${lines.join('\n')}\n`);
}

/** Starts it, from these programs, with one stage that holds these wheels: project → file name → bytes. */
export async function startDevpi(
  programs: { readonly init: string; readonly server: string },
  user: string,
  password: string,
  wheels: Readonly<Record<string, Readonly<Record<string, Buffer>>>>,
): Promise<Devpi> {
  const folder = await mkdtemp(join(tmpdir(), 'devpi-'));
  await writePlugin(join(folder, 'plugin'), user);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, PYTHONPATH: join(folder, 'plugin') };
  const data = ['--serverdir', join(folder, 'data')];
  const init = spawn(programs.init, [...data, '--no-root-pypi'], { env, stdio: 'ignore' });
  const [code] = await once(init, 'exit');
  if (code !== 0) throw new Error(`devpi-init ended with ${code}`);
  const origin = `http://127.0.0.1:${await freePort()}`;
  const listen = ['--host', '127.0.0.1', '--port', new URL(origin).port, '--offline-mode'];
  const server = spawn(programs.server, [...data, ...listen], { env, stdio: 'ignore' });
  const close = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const until = Date.now() + 100_000;
    while (
      !(await fetch(`${origin}/+api`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (Date.now() > until || server.exitCode !== null) throw new Error('devpi-server did not come up');
      await sleep(200);
    }
    const json = { 'content-type': 'application/json' };
    const stage = `${origin}/${user}/private`;
    await call(`${origin}/${user}`, { method: 'PUT', headers: json, body: JSON.stringify({ password }) });
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const index = { type: 'stage', bases: [], acl_upload: [user] };
    await call(stage, { method: 'PUT', headers: { ...json, authorization }, body: JSON.stringify(index) });
    for (const [name, files] of Object.entries(wheels)) {
      for (const [filename, bytes] of Object.entries(files)) {
        const form = new FormData();
        const version = filename.split('-')[1] ?? '';
        const fields = { ':action': 'file_upload', name, version, filetype: 'bdist_wheel', pyversion: 'py3' };
        for (const [field, value] of Object.entries(fields)) form.set(field, value);
        form.set('content', new Blob([new Uint8Array(bytes)]), filename);
        await call(`${stage}/`, { method: 'POST', headers: { authorization }, body: form });
      }
    }
    return { origin, index: `${stage}/+simple/`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
