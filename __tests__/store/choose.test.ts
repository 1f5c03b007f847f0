import { describe, expect, test } from '@jest/globals';
import { chooseStore, keptFolder, spareFolder } from '../../src/store/choose.js';

const base = { cachePath: null, bucket: false, kept: '/kept' } as const;

describe('cache: auto', () => {
  test.each([
    ['github-hosted', 'github'],
    ['self-hosted', 'directory'],
    ['shell', 'directory'],
  ] as const)('on %s is %s, and says why', (host, kind) => {
    const choice = chooseStore({ ...base, wish: 'auto', host });
    expect(choice).toMatchObject({ kind, folder: '/kept' });
    expect(choice.reason).toMatch(/^auto: /);
  });
});

test('cache: auto takes the bucket that is named, wherever it runs', () => {
  const choice = chooseStore({ ...base, bucket: true, wish: 'auto', host: 'github-hosted' });
  expect(choice).toEqual({ kind: 's3', folder: '/kept', reason: 'auto: cache-url names a bucket' });
});

test('a store that is asked for is taken, in the folder that is asked for', () => {
  const choice = chooseStore({ ...base, wish: 'directory', cachePath: '/mine', host: 'github-hosted' });
  expect(choice).toEqual({ kind: 'directory', folder: '/mine', reason: 'cache: directory' });
});

test('cache: off keeps no folder, whatever cache-path says', () => {
  expect(chooseStore({ ...base, wish: 'off', cachePath: '/mine', host: 'shell' }).folder).toBeNull();
});

describe('the folder that is kept', () => {
  test('is in the runner’s tool cache inside a job', () => {
    const environment = { RUNNER_TOOL_CACHE: '/opt/tools', XDG_CACHE_HOME: '/elsewhere' };
    expect(keptFolder('linux', environment, '/home/me')).toBe('/opt/tools/paddle-mirror-setup');
  });

  test.each([
    ['linux', { XDG_CACHE_HOME: '/xdg' }, '/xdg/paddle-mirror-setup'],
    ['linux', { XDG_CACHE_HOME: 'relative' }, '/home/me/.cache/paddle-mirror-setup'],
    ['linux', {}, '/home/me/.cache/paddle-mirror-setup'],
    ['darwin', {}, '/home/me/Library/Caches/paddle-mirror-setup'],
    ['win32', { LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local' }, 'C:\\Users\\me\\AppData\\Local\\paddle-mirror-setup'],
  ] as const)('is the user’s own on %s with %j', (os, environment, folder) => {
    expect(keptFolder(os, environment, '/home/me')).toBe(folder);
  });
});

test('unpacked wheels have a second place, in a job on the file system of the workspace', () => {
  const job = { RUNNER_TEMP: '/runner/_work/_temp', RUNNER_TOOL_CACHE: '/opt/tools' };
  const ofStore = (environment: NodeJS.ProcessEnv, root: string) =>
    spareFolder('linux', environment, '/home/me', '1001', root);
  expect(ofStore(job, '/mnt/store')).toMatch(
    /^\/runner\/_work\/_tool\/paddle-mirror-setup\/users\/1001\/elsewhere\/[0-9a-f]{12}$/,
  );
  expect(ofStore({}, '/mnt/store')).toMatch(
    /^\/home\/me\/\.cache\/paddle-mirror-setup\/users\/1001\/elsewhere\/[0-9a-f]{12}$/,
  );
  expect(ofStore({}, '/mnt/store')).not.toBe(ofStore({}, '/mnt/other'));
});
