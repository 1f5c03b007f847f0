import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildRequirements } from '../../src/lock/build-requirements.js';
import { formatArguments, formatsFor } from '../../src/lock/formats.js';
import { parsePins } from '../../src/lock/pins.js';

describe('what the resolver printed', () => {
  const published = new Map([
    ['http://cpu.invalid/direct/0/idna-3.20-py3-none-any.whl', 'https://host.example/idna-3.20-py3-none-any.whl'],
  ]);
  test.each([
    ['numpy==2.4.6', { kind: 'index', name: 'numpy', version: '2.4.6' }],
    [
      'Typing_Extensions==4.16.0 ; python_version < "3.12"',
      { kind: 'index', name: 'typing-extensions', version: '4.16.0' },
    ],
    ['torch[cuda]==2.0+cu118', { kind: 'index', name: 'torch', version: '2.0+cu118' }],
    [
      'idna @ http://cpu.invalid/direct/0/idna-3.20-py3-none-any.whl',
      { kind: 'link', name: 'idna', url: 'https://host.example/idna-3.20-py3-none-any.whl' },
    ],
    [
      'idna @ https://other.example/idna-3.20-py3-none-any.whl#sha256=00',
      { kind: 'link', name: 'idna', url: 'https://other.example/idna-3.20-py3-none-any.whl#sha256=00' },
    ],
    [
      '/tmp/my wheels/h11-0.16.0-py3-none-any.whl',
      { kind: 'local', path: '/tmp/my wheels/h11-0.16.0-py3-none-any.whl' },
    ],
    [
      'h11 @ file:///tmp/a%20b/h11-0.16.0-py3-none-any.whl',
      { kind: 'local', path: '/tmp/a b/h11-0.16.0-py3-none-any.whl' },
    ],
    ['pkg @ file:///srv/pkg', { kind: 'unhashed', line: 'pkg @ file:///srv/pkg' }],
    ['-e /srv/pkg', { kind: 'unhashed', line: '-e /srv/pkg' }],
    ['x @ git+https://host.example/x.git@0a1b', { kind: 'unhashed', line: 'x @ git+https://host.example/x.git@0a1b' }],
    [
      'x @ https://host.example/archive/main.zip',
      { kind: 'unhashed', line: 'x @ https://host.example/archive/main.zip' },
    ],
    [
      'x @ https://host.example/archive/50%.zip',
      { kind: 'unhashed', line: 'x @ https://host.example/archive/50%.zip' },
    ],
  ])('%s', (line, pin) => {
    expect(parsePins(`${line}\n`, published)).toEqual([pin]);
  });

  test('an empty answer pins nothing, comments and blank lines count for nothing', () => {
    expect(parsePins('# one\n\n', new Map())).toEqual([]);
  });

  test('a line of a form that nobody knows is an error and never skipped', () => {
    expect(() => parsePins('numpy ~ 2', new Map())).toThrow('Unknown line from uv: numpy ~ 2');
  });
});

describe('--no-binary and --only-binary', () => {
  test.each([
    ['alpha', [], { wheel: true, sdist: true }],
    ['alpha', ['--no-binary alpha,beta'], { wheel: false, sdist: true }],
    ['alpha', ['--only-binary=:all:'], { wheel: true, sdist: false }],
    ['alpha', ['--only-binary=:all:', '--no-binary alpha'], { wheel: false, sdist: true }],
    ['alpha', ['--no-binary :all:', '--no-binary :none:'], { wheel: true, sdist: true }],
    ['a-b', ['--no-binary A_B'], { wheel: false, sdist: true }],
  ])('%s under %j', (name, lines, formats) => {
    expect(formatsFor(name, lines)).toEqual(formats);
  });

  test('uv gets one name an option', () => {
    expect(formatArguments(['--no-binary=a, b', '--only-binary :all:'])).toEqual([
      ...['--no-binary', 'a', '--no-binary', 'b'],
      ...['--only-binary', ':all:'],
    ]);
  });

  test('whatever the lines, a package keeps at least one kind of file', () => {
    const line = fc
      .tuple(fc.constantFrom('--no-binary', '--only-binary'), fc.constantFrom('a', 'b', ':all:', ':none:'))
      .map(([option, name]) => `${option} ${name}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const { wheel, sdist } = formatsFor('a', lines);
        expect(wheel || sdist).toBe(true);
      }),
    );
  });
});

describe('what building an sdist asks for', () => {
  test.each([
    [null, ['setuptools>=40.8.0', 'wheel']],
    ['[project]\nname = "x"\n', ['setuptools>=40.8.0', 'wheel']],
    [
      '[build-system]\nrequires = ["hatchling>=1", "x; python_version<\\"3.9\\""]\n',
      ['hatchling>=1', 'x; python_version<"3.9"'],
    ],
    ['[build-system\n', []],
  ])('%j', (text, requires) => {
    expect(buildRequirements(text)).toEqual(requires);
  });
});
