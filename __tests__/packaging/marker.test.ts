import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evaluateMarker, formatMarker, parseMarker } from '../../src/packaging/marker.js';
import { markerEnvironment } from '../../src/packaging/marker-environment.js';
import type { TagEnvironment } from '../../src/packaging/tags.js';
import { askPython, describePython, findPythons } from './pythons.js';

const linux: TagEnvironment = {
  implementation: 'cpython',
  version: '3.11.7',
  freeThreaded: false,
  platform: 'linux-x86_64',
  bits: 64,
  glibc: '2.36',
  musl: null,
  macos: null,
};
const environment = markerEnvironment(linux);

const comparison = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('python_version', 'python_full_version', 'implementation_version'),
      fc.constantFrom('<', '<=', '==', '!=', '>=', '>', '~='),
      fc.constantFrom('3.8', '3.11', '3.11.7', '3.12', '3.10.0', '4.0'),
    )
    .map(([variable, operator, version]) => `${variable} ${operator} "${version}"`),
  fc
    .tuple(
      fc.constantFrom('sys_platform', 'platform_machine', 'os_name', 'platform_system', 'implementation_name'),
      fc.constantFrom('==', '!=', 'in', 'not in'),
      fc.constantFrom('linux', 'win32', 'x86_64', 'posix', 'Linux', 'cpython', 'linux darwin'),
    )
    .map(([variable, operator, text]) => `${variable} ${operator} '${text}'`),
  fc.constantFrom('"linux" == sys_platform', '"nux" in sys_platform', 'extra == "gpu"', '"3.8" <= python_version'),
);
const { marker } = fc.letrec<{ marker: string }>((tie) => ({
  marker: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    comparison,
    fc.tuple(tie('marker'), fc.constantFrom('and', 'or'), tie('marker')).map((parts) => parts.join(' ')),
    tie('marker').map((inner) => `(${inner})`),
  ),
}));

describe('environment markers', () => {
  test("hold where the interpreters' own packaging says so (PEP 508)", () => {
    const markers = fc.sample(marker, { numRuns: 800, seed: 3 });
    const theirs = askPython(
      findPythons()[0],
      `
import json, sys
from pip._vendor.packaging.markers import Marker
environment, markers = json.load(sys.stdin)
print(json.dumps([Marker(text).evaluate({**environment, 'extra': ''}) for text in markers]))`,
      [environment, markers],
    );
    expect(markers.map((text) => evaluateMarker(text, environment))).toEqual(theirs);
  });

  test('written down again they mean the same, and twice written they look the same', () => {
    fc.assert(
      fc.property(marker, (text) => {
        const written = formatMarker(parseMarker(text));
        expect(evaluateMarker(written, environment)).toBe(evaluateMarker(text, environment));
        expect(formatMarker(parseMarker(written))).toBe(written);
      }),
    );
  });

  test('quotes, blanks and needless brackets make no difference', () => {
    expect(formatMarker(parseMarker("(python_version<'3.9')and( os_name  not   in'nt' )"))).toBe(
      'python_version < "3.9" and os_name not in "nt"',
    );
    expect(formatMarker(parseMarker('(os_name == "a" or os_name == "b") and extra == "c"'))).toBe(
      '(os_name == "a" or os_name == "b") and extra == "c"',
    );
  });

  test('spellings from before PEP 508 are read', () => {
    expect(evaluateMarker("sys.platform == 'linux' and python_implementation == 'CPython'", environment)).toBe(true);
  });

  test('extras and groups of a lock are sets (PEP 751)', () => {
    expect(evaluateMarker("'gpu' in extras", environment)).toBe(false);
    expect(evaluateMarker("'gpu' in extras", environment, { extras: ['gpu'] })).toBe(true);
    expect(evaluateMarker("'dev' not in dependency_groups", environment, { dependencyGroups: ['default'] })).toBe(true);
  });

  test.each([
    ['python_version', 'expected a comparison behind `python_version`'],
    ['python_version <', 'it ends too early'],
    ['python_version < 3.8', 'unexpected `3.8`'],
    ['python < "3.8"', '`python` is neither a quoted text nor a marker variable'],
    ['"a" == "b"', 'a comparison needs a marker variable on one side'],
    ['(os_name == "nt"', 'a closing bracket is missing'],
    ['os_name == "nt" extra', 'unexpected `extra`'],
    ['os_name == "nt', 'unexpected `"nt`'],
    ['', 'it ends too early'],
  ])('%j: %s', (text, message) => {
    expect(() => parseMarker(text)).toThrow(new SyntaxError(message));
  });
});

describe('the environment of an interpreter', () => {
  test.each(findPythons())('%s: as its own pip sees it, beside the kernel', (python) => {
    const theirs = askPython(
      python,
      `
import json
from pip._vendor.packaging.markers import default_environment
told = default_environment()
print(json.dumps({k: v for k, v in told.items() if k not in ('platform_release', 'platform_version')}))`,
    );
    expect(markerEnvironment(describePython(python))).toMatchObject(theirs as object);
  });

  test.each([
    ['win-amd64', { os_name: 'nt', platform_machine: 'AMD64', platform_system: 'Windows', sys_platform: 'win32' }],
    ['win32', { os_name: 'nt', platform_machine: 'x86', platform_system: 'Windows', sys_platform: 'win32' }],
    [
      'linux-aarch64',
      { os_name: 'posix', platform_machine: 'aarch64', platform_system: 'Linux', sys_platform: 'linux' },
    ],
  ])('%s', (platform, expected) => {
    expect(markerEnvironment({ ...linux, platform })).toMatchObject(expected);
  });

  test('a universal macOS interpreter has the machine that it runs on', () => {
    expect(
      markerEnvironment({
        ...linux,
        platform: 'macosx-10.9-universal2',
        macos: { version: '14.5', machine: 'arm64' },
      }),
    ).toMatchObject({ platform_machine: 'arm64', platform_system: 'Darwin', sys_platform: 'darwin' });
  });
});
