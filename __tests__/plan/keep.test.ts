import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mirrors } from '../../src/catalog/mirrors.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { cacheKey } from '../../src/plan/cache-key.js';
import { gatewayName } from '../../src/plan/gateway-name.js';
import { recall } from '../../src/plan/recall.js';
import { decide, draft } from '../../src/plan.js';
import type { Lock, LockedFile } from '../../src/values/lock.js';
import type { Plan } from '../../src/values/plan.js';
import type { Request } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import { listing, machine, nvidia, request, wanted } from './machines.js';

function lockedFile(name: string, version: string): LockedFile {
  const filename = `${name.replaceAll('-', '_')}-${version}-cp311-cp311-linux_x86_64.whl`;
  return {
    name,
    version,
    filename,
    kind: 'wheel',
    size: 1,
    sha256: 'b'.repeat(64),
    hashOrigin: 'official',
    urls: [],
    requiresPython: null,
  };
}

function lockOf(plan: Plan, python = '>=3.11'): Lock {
  const setuptools = plan.pins.some(({ name }) => name === 'setuptools') ? [lockedFile('setuptools', '80.0.0')] : [];
  return {
    requiresPython: python,
    device: plan.device,
    cuda: plan.cuda,
    distribution: plan.distribution,
    paddleVersion: plan.version,
    files: [
      ...plan.pins
        .filter(({ specifier }) => specifier.startsWith('=='))
        .map(({ name, specifier }) => lockedFile(name, specifier.slice(2))),
      ...setuptools,
    ],
    unhashed: [],
    created: '2026-11-22T00:00:00Z',
    key: 'key',
  };
}

const modern = nvidia('580.65.06', '13.0', '8.0');
const decided = (asked: Request, runner: Runner): Plan => decide(draft(asked, runner), asked, runner, listing);

describe('the plan of a kept lock', () => {
  test.each([
    ['cpu', request(), machine()],
    ['a release with a defect', request(wanted('==3.3.1')), machine()],
    ['a GPU build', request({ device: 'cu126' }), machine('linux-x64', {}, modern)],
    ["another CUDA's number", request({ device: 'cu112', ...wanted('==2.6.2') }), machine('linux-x64', {}, modern)],
    ['a pair', request({ device: 'npu', ...wanted('==3.1.0') }), machine('linux-x64', { version: '3.11.7' })],
  ])('%s: as it was decided, without the notices of choosing', (_, asked, runner) => {
    const plan = decided(asked, runner);
    const again = recall(draft(asked, runner), lockOf(plan));
    expect(again).toEqual({ ...plan, notices: again?.notices });
    expect(plan.notices).toEqual(expect.arrayContaining([...(again?.notices ?? [])]));
  });

  test('a lock that answers another wish is none', () => {
    const lock = lockOf(decided(request(wanted('==3.2.1')), machine()));
    expect(recall(draft(request(wanted('==3.2.2')), machine()), lock)).toBeNull();
    expect(recall(draft(request({ device: 'cu126' }), machine('linux-x64', {}, modern)), lock)).toBeNull();
    expect(recall(draft(request(wanted('==3.2.*')), machine()), lock)?.version).toBe('3.2.1');
  });

  test("a lock that lacks its own PaddlePaddle, or a plug-in's companion, is none", () => {
    const cpu = lockOf(decided(request(), machine()));
    expect(recall(draft(request(), machine()), { ...cpu, files: [] })).toBeNull();
    expect(recall(draft(request(), machine()), { ...cpu, paddleVersion: '3.2.1' })).toBeNull();
    const asked = request({ device: 'npu' });
    const npu = lockOf(decided(asked, machine()));
    expect(
      recall(draft(asked, machine()), { ...npu, files: npu.files.filter(({ name }) => name === 'paddlepaddle') }),
    ).toBeNull();
  });
});

describe('the name of the gateway', () => {
  test('a host label that is the same for the same page contents', () => {
    const plan = decided(request(), machine());
    const name = gatewayName(plan, []);
    expect(name).toMatch(/^cpu-stable-[0-9a-f]{8}$/);
    expect(gatewayName(decided(request(wanted('==3.2.1')), machine('linux-x64', { version: '3.9.18' })), [])).toBe(
      name,
    );
  });

  test('another one for another device, channel, origin or list of addresses', () => {
    const gpu = machine('linux-x64', {}, modern);
    const names = [
      gatewayName(decided(request(), machine()), []),
      gatewayName(decided(request(), machine()), ['https://private.example/simple/']),
      gatewayName(decided(request(), machine()), ['https://other.example/simple/', 'https://private.example/simple/']),
      gatewayName(decided(request(), machine()), ['https://private.example/simple/', 'https://other.example/simple/']),
      gatewayName(decided(request({ device: 'cu118' }), gpu), []),
      gatewayName(decided(request({ device: 'cu118', ...wanted('==2.6.2') }), gpu), []),
      gatewayName(decided(request({ device: 'cu126' }), gpu), []),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[a-z0-9-]{1,63}$/.test(name))).toBe(true);
  });
});

describe('the cache key', () => {
  const key = (asked: Request, runner: Runner, digest = 'd'): ReturnType<typeof cacheKey> =>
    cacheKey(draft(asked, runner), runner, asked, digest);

  const corporate = 'https://private.example/simple';
  const tuna = mirrors.find(({ id }) => id === 'tuna')?.url ?? '';
  /** A machine whose pip is told so much. */
  const withPip = (settings: Readonly<Record<string, string>>): Runner =>
    machine('linux-x64', {
      officialIndex: { url: 'https://official.example/simple/', origin: 'pip' },
      pipSettings: Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [name, { value, origin: 'environment' }]),
      ),
    });

  test('names platform, Python and device, and ends in twelve hexadecimal digits', () => {
    expect(key(request(), machine()).key).toMatch(/^paddle-mirror-setup-v2-linux-x64-py311-cpu-[0-9a-f]{12}$/);
    expect(key(request({ device: 'cu126' }), machine('win32-x64', {}, modern)).key).toContain(
      '-win32-x64-py311-cu126-',
    );
  });

  test('its anatomy is what a person can read', () => {
    expect(key(request(wanted('==3.2.2')), machine(), 'digest').anatomy).toEqual([
      { part: 'schema', value: '2' },
      { part: 'devices', value: 'cpu' },
      { part: 'builds', value: expect.stringMatching(/^[0-9a-f]{12}$/) },
      { part: 'channel', value: 'stable' },
      { part: 'paddle', value: '==3.2.2' },
      { part: 'requirements', value: 'digest' },
      { part: 'python', value: 'py311 64-bit' },
      { part: 'platform', value: 'linux-x64 glibc 2.36' },
      { part: 'pip settings', value: 'none' },
    ]);
  });

  test('its anatomy names the settings of pip that count', () => {
    const { anatomy } = key(request(), withPip({ 'find-links': '/opt/wheels', 'index-url': corporate, proxy: 'p:1' }));
    expect(anatomy.at(-1)).toEqual({
      part: 'pip settings',
      value: expect.stringMatching(/^find-links index-url [0-9a-f]{12}$/),
    });
  });

  test('does not count what pip is not to ask', () => {
    const offline = { 'find-links': '/opt/wheels', 'no-index': 'true' };
    const more = { 'index-url': corporate, 'extra-index-url': corporate };
    expect(key(request(), withPip({ ...offline, ...more }))).toEqual(key(request(), withPip(offline)));
  });

  const base = key(request(), machine()).key;

  test.each([
    ['patch version of Python', request(), machine('linux-x64', { version: '3.11.9' })],
    [
      'installer, venv, verification, mirrors',
      request({ installer: 'pip', venv: '/v', verify: 'off', mirrors: [{ kind: 'name', name: 'tuna' }] }),
      machine(),
    ],
    ['pip and setuptools that are there', request(), machine('linux-x64', { pip: null, setuptools: '70.0' })],
    ['mirror that pip takes the Python index from', request(), withPip({ 'index-url': tuna.replace(/\/$/, '') })],
    ['official index, where pip names it', request(), withPip({ 'index-url': 'https://official.example/simple' })],
    [
      'private index of pip, where a list of mirrors is asked in its place',
      request({ mirrors: [{ kind: 'name', name: 'tuna' }] }),
      withPip({ 'index-url': corporate, 'no-index': 'true' }),
    ],
    [
      'private index of pip, where the requirements name another one',
      request({}, { indexes: [{ kind: 'index-url', url: corporate, credentials: null, origin: 'r.txt:1' }] }),
      withPip({ 'index-url': corporate }),
    ],
    ['settings of pip that say nothing', request(), withPip({ 'find-links': ' ', 'no-index': 'false' })],
    ['auto, where it means the CPU', request({ device: 'cpu' }), machine()],
    ['the host', request(), machine('linux-x64', {}, {}, { host: 'github-hosted', libc: null })],
  ])('does not change with the %s', (_, asked, runner) => {
    expect(key(asked, runner).key).toBe(base);
  });

  test.each([
    ['minor version of Python', request(), machine('linux-x64', { version: '3.12.1' })],
    ['C library', request(), machine('linux-x64', { glibc: '2.31' })],
    ['processor', request(), machine('linux-arm64')],
    ['wish', request(wanted('==3.2.2')), machine()],
    ['channel', request({ paddle: { kind: 'nightly' } }), machine()],
    ['accelerator', request(), machine('linux-x64', {}, modern)],
    ['private index of pip', request(), withPip({ 'extra-index-url': corporate })],
    ['private index in the place of the Python index', request(), withPip({ 'index-url': corporate })],
    ['folder of wheels of pip', request(), withPip({ 'find-links': '/opt/wheels' })],
    ['pip that is to use no index', request(), withPip({ 'no-index': 'yes' })],
  ])('changes with the %s', (_, asked, runner) => {
    expect(key(asked, runner).key).not.toBe(base);
  });

  test.each([
    ['free-threaded Python', { freeThreaded: true }],
    ['PyPy', { implementation: 'pypy' }],
    ['32-bit Python', { bits: 32 as const }],
    ['musl in the place of glibc', { glibc: null, musl: '1.2' }],
  ])('changes with %s', (_, python) => {
    const drafted = draft(request(), machine());
    expect(cacheKey(drafted, machine('linux-x64', python), request(), 'd').key).not.toBe(base);
  });

  test('macOS counts by its major version, which wheels are built for', () => {
    const mac = (version: string): string =>
      key(request(), machine('darwin-arm64', { macos: { version, machine: 'arm64' } })).key;
    expect(mac('14.5')).toBe(mac('14.6.1'));
    expect(mac('14.5')).not.toBe(mac('15.0'));
  });

  test.each(['index-url', 'extra-index-url', 'find-links'])(
    'credentials in %s of pip neither count nor show',
    (name) => {
      const secret = key(request(), withPip({ [name]: 'https://user:hunter2@private.example/simple' }));
      expect(secret).toEqual(key(request(), withPip({ [name]: 'https://other:pw@private.example/simple' })));
      expect(secret.key).not.toBe(base);
      expect(JSON.stringify(secret)).not.toContain('hunter2');
    },
  );

  test('two keys are equal exactly where all parts are', () => {
    const wish = fc.constantFrom('==3.2.2', '==3.2.1', '>=3.1', '==3.2.*');
    const sample = fc.record({
      python: fc.constantFrom('3.9.1', '3.11.7', '3.11.9', '3.13.0'),
      glibc: fc.constantFrom('2.31', '2.36'),
      digest: fc.constantFrom('a', 'b'),
      wish,
      line: fc.option(wish, { nil: null }),
      device: fc.constantFrom('auto', 'cpu', 'cu126', 'gpu'),
    });
    const keyOf = ({
      python,
      glibc,
      digest,
      wish: specifier,
      line,
      device,
    }: typeof sample extends fc.Arbitrary<infer T> ? T : never): ReturnType<typeof cacheKey> => {
      const set =
        line === null || device !== 'cpu' ? {} : { constraints: [parseRequirement(`paddlepaddle${line}`, 'c.txt:1')] };
      const exact = specifier.startsWith('==') && line?.startsWith('==') === true;
      return key(
        request({ device, ...wanted(specifier) }, exact ? {} : set),
        machine('linux-x64', { version: python, glibc }, modern),
        digest,
      );
    };
    fc.assert(
      fc.property(sample, sample, (one, other) => {
        const [a, b] = [keyOf(one), keyOf(other)];
        expect(a.key === b.key).toBe(JSON.stringify(a.anatomy) === JSON.stringify(b.anatomy));
        expect(a.key).toMatch(/^[\w.-]{1,512}$/);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
