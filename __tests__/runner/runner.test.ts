import { describe, expect, test } from '@jest/globals';
import { inspectRunner } from '../../src/runner/runner.js';
import { Failure } from '../../src/values/failure.js';
import { pathOf, printer, probeAnswer, scratch } from './support.js';

const signal = new AbortController().signal;

describe('the machine', () => {
  test('this one is told whole', async () => {
    const { runner } = await inspectRunner({ python: 'python', venv: null }, process.env, signal);
    expect(runner).toMatchObject({ os: process.platform, arch: process.arch, host: expect.any(String) });
    expect(runner.interpreter.tags.length).toBeGreaterThan(10);
    expect(runner.interpreter.officialIndex?.url).toMatch(/^https:\/\/[^/]+\/simple\/$/);
  });

  test("the C library is the interpreter's", async () => {
    const folder = await scratch();
    await printer(folder, 'python', probeAnswer({ glibc: null, musl: '1.2.4' }));
    const { runner } = await inspectRunner({ python: 'python', venv: null }, { PATH: pathOf(folder) }, signal);
    expect(runner.libc).toEqual({ kind: 'musl', version: '1.2.4' });
  });

  test('an interpreter that does not know the official index learns it from another one', async () => {
    const [folder, other] = [await scratch(), await scratch()];
    const known = { url: 'https://official.example/simple/', origin: '/opt/other/pip' };
    await printer(folder, 'python', probeAnswer());
    await printer(other, 'python3', probeAnswer({ officialIndex: known }));
    const environment = { PATH: pathOf(folder, other), HOME: folder };
    const { runner } = await inspectRunner({ python: 'python', venv: null }, environment, signal);
    expect(runner.interpreter.officialIndex).toEqual(known);
  });

  test('settings of pip reach the network, its broken files the notices', async () => {
    const folder = await scratch();
    const answer = probeAnswer({
      pipSettings: { proxy: { value: 'proxy.example:3128', origin: '/etc/pip.conf' } },
      pipProblems: ['/opt/fake/pip.conf: File contains no section headers.'],
    });
    await printer(folder, 'python', answer);
    const { runner, notices } = await inspectRunner({ python: 'python', venv: null }, { PATH: pathOf(folder) }, signal);
    expect(runner.network.httpsProxy).toBe('http://proxy.example:3128');
    expect(notices.map(({ text }) => text)).toEqual([
      expect.stringMatching(/\/opt\/fake\/pip\.conf: File contains no section/),
    ]);
  });

  test('a missing interpreter and a wrong proxy are told at once', async () => {
    const environment = { PATH: await scratch(), HTTPS_PROXY: 'socks5://a.example:1' };
    const error: unknown = await inspectRunner({ python: 'python3.15', venv: null }, environment, signal).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).problems.map(({ where }) => where)).toEqual(['python', 'HTTPS_PROXY']);
  });
});
