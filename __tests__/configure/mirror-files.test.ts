import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { buildkitFile } from '../../src/configure/buildkit-file.js';
import { hostsFolder } from '../../src/configure/container-files.js';
import { containerdFile } from '../../src/configure/containerd-file.js';
import { dockerFile } from '../../src/configure/docker-file.js';
import { podmanFile } from '../../src/configure/podman-file.js';

const part = { mirrors: ['https://one.example', 'http://127.0.0.1:5000'] };
const all = { docker: dockerFile, buildkit: buildkitFile, containerd: containerdFile, podman: podmanFile };

describe('daemon.json', () => {
  test('gets mirrors in front of those it has; everything else and its indentation stay', () => {
    const text = '{\n\t"log-level": "info",\n\t"registry-mirrors": ["https://own.example/", "https://one.example/"]\n}';
    const put = dockerFile.put(text, part);
    expect(JSON.parse(put)).toEqual({
      'log-level': 'info',
      'registry-mirrors': ['https://one.example', 'http://127.0.0.1:5000', 'https://own.example/'],
    });
    expect(put).toContain('\n\t"log-level"');
  });

  test('keeps an explicit list when ours are taken out: without one dockerd would keep its old mirrors', () => {
    const taken = dockerFile.take(dockerFile.put('{"debug": true}', part), part, '{"debug": true}');
    expect(JSON.parse(taken ?? '')).toEqual({ debug: true, 'registry-mirrors': [] });
  });

  test.each(['{', '[]', '"text"', '{"registry-mirrors": "https://a"}', '{"registry-mirrors": [1]}', '// no'])(
    '%s is refused',
    (text) => expect(() => dockerFile.put(text, part)).toThrow(SyntaxError),
  );

  test('that is empty is one without settings', () => {
    expect(JSON.parse(dockerFile.put('  \n', part))).toEqual({ 'registry-mirrors': part.mirrors });
  });
});

describe('buildkitd.toml', () => {
  test('gets hosts without their scheme, and plain http is said of the host', () => {
    expect(parse(buildkitFile.put(null, part))).toEqual({
      registry: {
        'docker.io': { mirrors: ['one.example', '127.0.0.1:5000'] },
        '127.0.0.1:5000': { http: true },
      },
    });
  });

  test('keeps its text where it says nothing of Docker Hub, and its own mirrors where it does', () => {
    const text = '# mine\ndebug = true\n';
    expect(buildkitFile.put(text, part).startsWith(text)).toBe(true);
    const own = '[registry."docker.io"]\n  mirrors = ["own.example"]\n';
    expect(parse(buildkitFile.put(own, part))).toMatchObject({
      registry: { 'docker.io': { mirrors: ['one.example', '127.0.0.1:5000', 'own.example'] } },
    });
  });
});

describe('hosts.toml of containerd', () => {
  test('names ours before the others, and lets them say what a tag stands for', () => {
    const put = containerdFile.put('server = "https://own.example"\n[host."https://own.example"]\n', part);
    expect(Object.keys((parse(put) as { host: object }).host)).toEqual([...part.mirrors, 'https://own.example']);
    expect(put).toContain('[ "pull", "resolve" ]');
    expect(parse(put)['server']).toBe('https://own.example');
  });

  test.each([
    ['[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/hosts.d"', '/etc/hosts.d'],
    ['[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/a:/b"', '/a'],
    ['version = 2', null],
    ['', null],
  ])('lies where config.toml says: %j', (text, folder) => expect(hostsFolder(text)).toBe(folder));
});

describe('registries.conf of podman', () => {
  test('keeps its text where it says nothing of Docker Hub', () => {
    const text = '# mine\nunqualified-search-registries = ["docker.io"]\n';
    const put = podmanFile.put(text, part);
    expect(put.startsWith(text)).toBe(true);
    expect(parse(put)['registry']).toEqual([
      {
        location: 'docker.io',
        mirror: [{ location: 'one.example' }, { location: '127.0.0.1:5000', insecure: true }],
      },
    ]);
  });

  test('keeps mirrors that are there behind ours', () => {
    const own = '[[registry]]\nprefix = "docker.io"\n[[registry.mirror]]\nlocation = "own.example"\n';
    expect(podmanFile.put(own, part)).toContain('own.example');
    expect(parse(podmanFile.take(podmanFile.put(own, part), part, own) ?? '')).toEqual(parse(own));
  });

  test('of a job begins with what podman read before', () => {
    expect(podmanFile.put(null, { ...part, base: 'short-name-mode = "permissive"\n' })).toMatch(/^short-name-mode/);
  });
});

describe.each(Object.entries(all))('every file (%s)', (name, file) => {
  test('comes back to what it meant when ours is put and taken', () => {
    const read = (text: string | null): unknown =>
      text === null || text.trim() === '' ? {} : name === 'docker' ? JSON.parse(text) : parse(text);
    const own =
      name === 'docker'
        ? '{"registry-mirrors": ["https://own.example"], "debug": true}'
        : 'debug = true\n[other]\nkey = "value"\n';
    for (const before of [null, own]) {
      const taken = file.take(file.put(before, part), part, before);
      const kept =
        name === 'containerd' && before !== null
          ? { ...(read(before) as object), server: 'https://registry-1.docker.io' }
          : read(before);
      expect(read(taken)).toEqual(name === 'docker' && before === null ? { 'registry-mirrors': [] } : kept);
    }
  });

  test('is the same however often ours is put in', () => {
    const once = file.put(null, part);
    expect(file.put(once, part)).toBe(once);
  });

  test('that is broken is refused with SyntaxError alone, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          file.put(text, part);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
