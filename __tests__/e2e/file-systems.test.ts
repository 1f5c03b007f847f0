import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { evaluate } from '../gateway/real-tools.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { leaveOut } from '../support/left-out.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, pythonFiles, type Shop, setup } from './shop.js';

/** Whether file systems can be mounted for one process alone (mount_namespaces(7)); said where they can't. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    leaveOut('root on Linux, who alone mounts file systems', error);
    return false;
  }
}

let machine: Machine;
let shop: Shop;
let cache = '';

beforeEach(async () => {
  machine = await makeMachine();
  cache = join(machine.work, 'cache');
  await mkdir(cache);
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

/** Mounts by these commands, where only what follows sees it; when that has ended, every file that `cache` holds is listed with its size. */
const mounted = (commands: string) => [
  ...['unshare', '-m', 'sh', '-c'],
  `${commands}; "$@"; code=$?; cd "${cache}"; find . -type f ! -name '*.json' -printf 'left %s %p\\n'; exit $code`,
  'sh',
];

/** More than a small disk takes. */
const large = tinyWheel({
  name: 'paddlepaddle',
  version: '3.2.2',
  requires: ['numpy'],
  members: { 'paddle/weights.txt': 'x'.repeat(6_000_000) },
});

const when = mayMount() ? describe : describe.skip;

when('a cache on a file system of its own', () => {
  const tmpfs = (size: string) => `mount -t tmpfs -o size=${size} none "${cache}"`;
  const ext4 = (size: string) =>
    `truncate -s ${size} "${machine.home}/disk" && mkfs.ext4 -q "${machine.home}/disk" && mount -o loop "${machine.home}/disk" "${cache}"`;
  const run = (mount: string, ...more: string[]) =>
    setup(
      machine,
      shop,
      ['--cache-path', cache, '--paddle-version', '3.2.2', '--venv', 'v', ...more],
      {},
      undefined,
      mounted(mount),
    );

  const numpy = () => evaluate(join(machine.work, 'v', 'bin', 'python'), 'import numpy; print(numpy.__version__)');
  /** The user's own cache folder goes elsewhere, too, so that no folder of the environment's file system is left. */
  const all = (mount: string) =>
    `mkdir "${machine.home}/.cache"; ${mount}; mount -t tmpfs none "${machine.home}/.cache"`;

  test('has its unpacked files beside the environment where there is a place', async () => {
    shop = await openShop();
    const { report, exitCode, stderr } = await run(tmpfs('200m'));
    expect([stderr, exitCode]).toEqual([stderr, 0]);
    expect(report.notices).toEqual([]);
    const elsewhere = /^\.cache\/paddle-mirror-setup\/users\/0\/elsewhere\/[0-9a-f]{12}\/uv\/archive-v0$/;
    expect((await machine.files()).filter((file) => elsewhere.test(file))).toHaveLength(1);
    expect(numpy()).toBe('2.2.0');
  });

  test('is used where there is none, and that files are copied from there is said', async () => {
    shop = await openShop();
    const { report, exitCode, stderr } = await run(all(tmpfs('200m')));
    expect([stderr, exitCode]).toEqual([stderr, 0]);
    expect(report.notices.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/v is on another file system than .*cache.*copied instead of linked.*cache-path/),
    );
    expect(numpy()).toBe('2.2.0');
  });

  test('that is mounted a second time counts as another one: nothing can be linked between the two', async () => {
    shop = await openShop();
    const { report, exitCode } = await run(all(`mount --bind "${cache}" "${cache}"`));
    expect(exitCode).toBe(0);
    expect(report.notices.map(({ text }) => text).join()).toContain('copied instead of linked');
  });

  test.each([
    ['tmpfs', tmpfs],
    ['ext4', ext4],
  ] as const)('that is full (%s) ends the run with what to do, and no half of a file stays', async (_kind, make) => {
    // The page states no sizes, so that nothing can be foretold.
    shop = await openShop({ files: { ...pythonFiles(), paddlepaddle: large }, json: false });
    const { exitCode, stderr, stdout, report } = await run(make('5m'));
    expect([stderr, exitCode]).toEqual([stderr, 1]);
    expect(report.problems[0]?.what).toMatch(/The disk is full: [\d.]+ MiB are needed, [\d.]+ MiB are free/);
    expect(report.problems[0]?.remedy).toContain('cache-path');
    const left = stdout.split('\n').filter((line) => line.startsWith('left '));
    expect(left.filter((line) => /paddlepaddle|staging|\.tmp/.test(line))).toEqual([]);
    const roomy = await setup(machine, shop, [
      ...['--cache-path', join(machine.work, 'roomy'), '--paddle-version', '3.2.2', '--venv', 'v', '--verify', 'off'],
    ]);
    expect([roomy.stderr, roomy.exitCode]).toEqual([roomy.stderr, 0]);
  });
});
