import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findLogin } from '../../src/images/login.js';
import { pullImage, sourcesOf } from '../../src/images/pull.js';
import { parseImage } from '../../src/request/images.js';
import type { Failure } from '../../src/values/failure.js';
import type { ImageReference } from '../../src/values/images.js';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';
import { type KeptLog, keptLog } from '../support/log.js';
import { pushImage, type Registry, startRegistry } from '../support/registry.js';

const signal = new AbortController().signal;
const login = { username: 'reader', password: 'a-secret-of-the-registry' };

function image(text: string): ImageReference {
  const found = parseImage(text);
  if (found === null) throw new Error(text);
  return found;
}

test('copies that the catalogue knows come behind what was asked for, with its tag and digest', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const asked = image(`paddlepaddle/paddle:3.3.1@${digest}`);
  const [first, second, ...more] = sourcesOf({ sources: [asked], name: null });
  expect(first).toEqual(asked);
  expect(second).toEqual({ ...asked, registry: expect.stringContaining('baidubce.com') });
  expect(more).toEqual([]);
  expect(sourcesOf({ sources: [image('harbor.example/a')], name: null })).toHaveLength(1);
});

(hasDockerd() ? describe : describe.skip)('a real daemon', () => {
  let [open, closed]: Registry[] = [];
  let daemon: Dockerd;
  let home: string;
  let log: KeptLog;
  const digests: string[] = [];
  const basic = { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };

  const pull = (sources: readonly string[], name: string | null) =>
    pullImage(
      { sources: sources.map(image), name },
      {
        holder: daemon.engine,
        login: (registry) => findLogin(registry, home, { environment: {}, signal, notice: () => undefined }),
        log,
        signal,
      },
    );

  beforeAll(async () => {
    [open, closed] = [await startRegistry(), await startRegistry(login)];
    digests.push(await pushImage(open, 'paddlepaddle/paddle', '3.3.1', randomBytes(300_000)));
    digests.push(await pushImage(closed, 'team/private', '1', randomBytes(1_000), basic));
    daemon = await startDockerd(JSON.stringify({ 'registry-mirrors': [open.url] }));
    home = await mkdtemp(join(tmpdir(), 'home-'));
    log = keptLog();
  }, 60_000);

  afterAll(async () => {
    await daemon.close();
    await Promise.all([open?.close(), closed?.close()]);
    await rm(home, { recursive: true, force: true });
  }, 30_000);

  test('pulls an image of Docker Hub through its mirror, with its bytes counted, and tags it', async () => {
    const pulled = await pull(['paddlepaddle/paddle:3.3.1'], 'paddle:ci');
    expect(pulled).toMatchObject({ wanted: 'paddle:ci', digest: digests[0], present: false, by: 'docker' });
    expect(pulled.bytes).toBeGreaterThan(299_000);
    expect(log.progressed.at(-1)).toMatchObject({ bytes: pulled.bytes, total: pulled.bytes });
    expect(await daemon.engine.image('paddle:ci', signal)).not.toBeNull();
    expect(await pull(['paddlepaddle/paddle:3.3.1'], null)).toMatchObject({ bytes: 0 });
  }, 60_000);

  test('pulls by digest, under the tag that was asked for, and not again', async () => {
    const by = [`${open?.host}/paddlepaddle/paddle:3.3.1@${digests[0]}`];
    expect(await pull(by, 'paddle:pinned')).toMatchObject({ tagged: 'paddle:pinned', digest: digests[0] });
    expect(await pull(by, 'paddle:pinned')).toMatchObject({ present: true, bytes: 0 });
  }, 60_000);

  test('takes the next registry where one does not answer, lacks the image or has other bytes than the digest says', async () => {
    const wrong = `sha256:${'0'.repeat(64)}`;
    const sources = ['127.0.0.1:9/a:1', `${open?.host}/not/there:1`, `${open?.host}/paddlepaddle/paddle@${wrong}`];
    const pulled = await pull([...sources, `${open?.host}/paddlepaddle/paddle:3.3.1`], 'paddle:fourth');
    expect(pulled.from).toBe(`${open?.host}/paddlepaddle/paddle:3.3.1`);
  }, 60_000);

  test('uses the login that docker keeps, which is masked; without it every source is told of', async () => {
    const name = `${closed?.host}/team/private:1`;
    const failure = await pull([name], null).catch((error: Failure) => error);
    expect(failure).toMatchObject({ exitCode: 1, problems: [{ where: name, what: expect.stringContaining('login') }] });
    await mkdir(join(home, '.docker'));
    const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
    await writeFile(
      join(home, '.docker', 'config.json'),
      JSON.stringify({ auths: { [closed?.host ?? '']: { auth } } }),
    );
    expect(await pull([name], null)).toMatchObject({ digest: digests[1] });
    expect(log.secrets).toContain(login.password);
    expect(log.secrets).not.toContain(login.username);
    expect(JSON.stringify([log.lines, log.progressed])).not.toContain(login.password);
  }, 60_000);

  test('that lacks a tag of PaddlePaddle is answered with those that there are', async () => {
    const failure = await pull([`${open?.host}/paddlepaddle/paddle:3.3.1-gpu-cuda12.6-cudnn9.5-trt10.5`], null).catch(
      (error: Failure) => error,
    );
    expect((failure as Failure).problems[0]?.remedy).toContain('3.3.1-gpu-cuda12.6-cudnn9.5,');
  }, 60_000);
});
