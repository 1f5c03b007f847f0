import { describe, expect, test } from '@jest/globals';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { neededPages } from '../../src/plan/pages.js';
import { resolverInput } from '../../src/plan/resolver-input.js';
import { decide, draft } from '../../src/plan.js';
import type { Plan } from '../../src/values/plan.js';
import type { Request } from '../../src/values/request.js';
import type { Requirement } from '../../src/values/requirement.js';
import type { Runner } from '../../src/values/runner.js';
import type { Listing, SourceFault } from '../../src/values/source.js';
import { file, listing, machine, nightlies, nvidia, page, request, wanted, wheels } from './machines.js';
import { failure } from './refused.js';

function plan(asked: Request, runner: Runner, list: Listing = listing): Plan {
  return decide(draft(asked, runner), asked, runner, list);
}

const pins = ({ pins: all }: Plan): string[] => all.map(({ name, specifier }) => name + specifier);
const modern = nvidia('580.65.06', '13.0', '8.0');

describe('the newest good release with a file for this Python and machine', () => {
  test.each([
    ['linux-x64', '3.8.18', '3.0.0'],
    ['linux-x64', '3.9.18', '3.2.2'],
    ['linux-x64', '3.13.0', '3.2.2'],
    ['linux-arm64', '3.11.7', '3.2.2'],
    ['darwin-arm64', '3.11.7', '3.2.2'],
    ['darwin-x64', '3.11.7', '3.0.0'],
    ['win32-x64', '3.12.1', '3.2.2'],
  ] as const)('%s, Python %s: %s', (system, version, expected) => {
    const chosen = plan(request(), machine(system, { version }));
    expect([chosen.device, chosen.distribution, chosen.version]).toEqual(['cpu', 'paddlepaddle', expected]);
    expect(pins(chosen)).toEqual([`paddlepaddle==${expected}`, 'setuptools']);
  });

  test('a release with a known defect is passed over, and said so with the line that takes it', () => {
    const { version, notices, knownDefects } = plan(request(wanted('>=3.1')), machine());
    expect([version, knownDefects]).toEqual(['3.2.2', []]);
    expect(notices).toHaveLength(1);
    expect(notices[0]?.text).toContain('"paddle-version: 3.3.1" takes it all the same');
  });

  test.each(['==3.3.1', '==3.3.*', '>3.2.2'])(
    'asked for by %s it is taken, with a notice and the check that fails',
    (specifier) => {
      const {
        version,
        notices,
        knownDefects,
        pins: all,
      } = plan(request(wanted(specifier)), machine('linux-x64', { version: '3.12.1' }));
      expect(version).toBe('3.3.1');
      expect(knownDefects).toMatchObject([{ check: 'inference-interpolate-onednn', asked: true }]);
      expect(notices.map(({ id }) => id)).toEqual(['onednn-pir-double-array']);
      expect(all.map(({ name }) => name)).toEqual(['paddlepaddle']);
    },
  );

  test('with nothing else to be had it is taken without having been asked for', () => {
    const list = { pages: [page('cpu', 'paddlepaddle', wheels('paddlepaddle', ['3.3.1'], [11], ['linux_x86_64']))] };
    expect(plan(request(), machine(), list).knownDefects).toMatchObject([{ asked: false }]);
  });

  test('pre-releases only by name or by --pre', () => {
    expect(plan(request(wanted('==3.0.0b2')), machine()).version).toBe('3.0.0b2');
    expect(plan(request({ device: 'cu126', ...wanted('<3.2.2') }), machine('linux-x64', {}, modern)).version).toBe(
      '3.1.1',
    );
    const pre = request({ device: 'cu126', ...wanted('<3.2.2') }, { preReleases: true });
    expect(plan(pre, machine('linux-x64', {}, modern)).version).toBe('3.2.0.dev20250904');
  });

  test('a version taken back (PEP 592) only where it is named exactly', () => {
    const list = {
      pages: [
        page('python', 'paddlepaddle', [
          file('paddlepaddle-3.2.2-cp311-cp311-manylinux1_x86_64.whl', { yanked: 'broken' }),
          file('paddlepaddle-3.2.1-cp311-cp311-manylinux1_x86_64.whl'),
        ]),
      ],
    };
    expect(plan(request(), machine(), list).version).toBe('3.2.1');
    expect(plan(request(wanted('==3.2.2')), machine(), list).version).toBe('3.2.2');
  });

  test('Requires-Python of a file counts; malformed names and sdists are passed over', () => {
    const list = {
      pages: [
        page('python', 'paddlepaddle', [
          file('paddlepaddle-3.9.0-cp311-cp311-manylinux1_x86_64.whl', { requiresPython: '>=3.12' }),
          file('paddlepaddle-3.1.1.-cp311-cp311-manylinux1_x86_64.whl'),
          file('paddlepaddle-3.8.0.tar.gz'),
          file('paddlepaddle-3.1.0-cp311-cp311-manylinux1_x86_64.whl', { requiresPython: '>=3.9' }),
        ]),
      ],
    };
    expect(plan(request(), machine(), list).version).toBe('3.1.0');
  });
});

describe('GPU builds', () => {
  test('the first build in order that has a file; a second choice is said', () => {
    const first = plan(request(), machine('linux-x64', {}, modern));
    expect([first.device, first.cuda, pins(first), first.notices]).toEqual([
      'cu130',
      '13.0',
      ['paddlepaddle-gpu==3.3.1', 'setuptools'],
      [],
    ]);
    const second = plan(request(), machine('linux-x64', { version: '3.10.13' }, modern));
    expect([second.device, second.notices.map(({ id }) => id)]).toEqual(['cu129', ['device-second-choice']]);
  });

  test("never a plain 2.6.2 for a 3.x wish, and never another CUDA's 2.6.2", () => {
    expect(plan(request({ device: 'cu118' }), machine('linux-x64', {}, modern)).version).toBe('3.3.1');
    expect(plan(request({ device: 'cu118', ...wanted('==2.6.2') }), machine('linux-x64', {}, modern)).version).toBe(
      '2.6.2',
    );
    expect(plan(request({ device: 'cu112', ...wanted('==2.6.2') }), machine('linux-x64', {}, modern)).version).toBe(
      '2.6.2.post112',
    );
    expect(
      plan(request({ device: 'gpu', ...wanted('==2.6.2.post112') }), machine('linux-x64', {}, modern)).device,
    ).toBe('cu112');
  });

  test("PaddlePaddle's index out of reach: the CPU build is not taken in its place", () => {
    const fault: SourceFault = {
      source: 'paddle',
      url: 'https://paddle.example/',
      kind: 'timeout',
      detail: 'no answer in 3 s',
      remedy: null,
    };
    const pages = [
      page('cu130', 'paddlepaddle-gpu', [], [fault]),
      ...listing.pages.filter(({ origin }) => origin !== 'cu130'),
    ];
    const { exitCode, problems } = failure(request(), machine('linux-x64', {}, modern), { pages });
    expect(exitCode).toBe(1);
    expect(problems[0]?.what).toMatch(
      /^No source answered with the files of paddlepaddle-gpu for cu130 \(the newest CUDA build .*\): paddle: no answer in 3 s\.$/,
    );
  });

  test('a folder that is not there is an answer', () => {
    const fault: SourceFault = {
      source: 'paddle',
      url: 'https://paddle.example/',
      kind: 'missing',
      detail: '404',
      remedy: null,
    };
    const pages = [
      page('cu130', 'paddlepaddle-gpu', [], [fault]),
      ...listing.pages.filter(({ origin }) => origin !== 'cu130'),
    ];
    expect(plan(request(), machine('linux-x64', {}, modern), { pages }).device).toBe('cu129');
  });
});

describe("plug-ins and vendors' distributions", () => {
  test.each([
    ['xpu', '3.10.13', ['paddlepaddle-xpu==3.3.1', 'setuptools']],
    ['npu', '3.10.13', ['paddlepaddle==3.2.0', 'paddle-custom-npu==3.2.0', 'setuptools', 'numpy==1.26.4']],
    ['ixuca', '3.10.13', ['paddlepaddle==3.1.0a0', 'paddle-iluvatar-gpu==3.1.1', 'setuptools']],
  ])('%s: the exact pair', (device, version, expected) => {
    expect(pins(plan(request({ device }), machine('linux-x64', { version })))).toEqual(expected);
  });

  test('each of the two comes from where it is', () => {
    expect(plan(request({ device: 'npu' }), machine('linux-arm64', { version: '3.10.13' })).origins).toEqual({
      paddlepaddle: [{ kind: 'python' }, { kind: 'paddle', channel: 'stable', folder: 'cpu' }],
      'paddle-custom-npu': [{ kind: 'paddle', channel: 'stable', folder: 'npu' }],
    });
  });

  test("a release asked for by either side's version", () => {
    expect(
      pins(plan(request({ device: 'npu', ...wanted('==3.1.0') }), machine('linux-x64', { version: '3.10.13' })))[0],
    ).toBe('paddlepaddle==3.1.0a0');
    expect(
      pins(plan(request({ device: 'npu', ...wanted('==3.1.0a0') }), machine('linux-x64', { version: '3.10.13' })))[1],
    ).toBe('paddle-custom-npu==3.1.0');
  });

  test('no pair: both lists and the known pairs', () => {
    const { problems } = failure(
      request({ device: 'npu', ...wanted('>=3.3') }),
      machine('linux-x64', { version: '3.10.13' }),
    );
    expect(problems[0]?.what).toContain('paddle-custom-npu works with one exact version of paddlepaddle');
    expect(problems[0]?.remedy).toContain('paddle-custom-npu 3.1.0 with paddlepaddle 3.1.0a0');
  });

  test('no file for this Python', () => {
    const { problems } = failure(request({ device: 'xpu' }), machine());
    expect(problems).toEqual([
      {
        where: 'paddle-version',
        what: 'paddlepaddle-xpu 3.3.1 has no file for Python 3.11 on this machine; it has some for Python 3.9, 3.10.',
        remedy: 'Use Python 3.10.',
      },
    ]);
  });
});

describe('nightlies', () => {
  const nightly = (device: string): Plan =>
    plan(request({ device, paddle: { kind: 'nightly' } }), machine(), nightlies);

  test('the newest of the development branch, although the release branch sorts above it', () => {
    expect(pins(nightly('cpu'))).toEqual(['paddlepaddle==3.4.0.dev20260905', 'setuptools']);
  });

  test('a plug-in and PaddlePaddle of the same night', () => {
    expect(pins(nightly('mlu'))).toEqual([
      'paddlepaddle==3.4.0.dev20260901',
      'paddle-custom-mlu==3.4.0.dev20260901',
      'setuptools',
    ]);
  });

  test('one night by its date', () => {
    expect(plan(request(wanted('==3.4.0.dev20260901')), machine(), nightlies).version).toBe('3.4.0.dev20260901');
  });
});

describe('what the resolver gets', () => {
  const hash = `sha256:${'c'.repeat(64)}`;
  const read = (name: string, ...texts: string[]): Requirement[] =>
    texts.map((text, i) => parseRequirement(text, `${name}:${i + 1}`));
  const set = {
    requirements: read('requirements.txt', 'PaddlePaddle>=3', 'numpy>=1.26', 'six; python_version < "3.9"').map(
      (line) => (line.normalised === 'paddlepaddle' ? { ...line, hashes: [hash] } : line),
    ),
    constraints: read('constraints.txt', 'paddlepaddle<3.3', 'pillow<12'),
  };
  const asked = request({}, set);
  const input = resolverInput(plan(asked, machine()), asked);

  test("the pins first, then the user's lines without their own for PaddlePaddle, then constraints", () => {
    expect(input.requirements.map(({ name, specifier }) => `${name}${specifier}`)).toEqual([
      'paddlepaddle==3.2.2',
      'setuptools',
      'numpy>=1.26',
      'six',
    ]);
    expect(input.constraints.map(({ text }) => text)).toEqual(['pillow<12']);
  });

  test("hashes of the user's line for PaddlePaddle go on to the pin", () => {
    expect(input.requirements.map(({ hashes }) => hashes)).toEqual([[hash], [], [], []]);
  });
});

describe('the pages that planning needs', () => {
  const pagesFor = (asked: Request, runner: Runner): string[] =>
    neededPages(draft(asked, runner)).map(({ origin, project }) =>
      origin.kind === 'python' ? `python ${project}` : `${origin.channel}/${origin.folder} ${project}`,
    );

  test('one or two for a named device', () => {
    expect(pagesFor(request(), machine())).toEqual(['python paddlepaddle', 'stable/cpu paddlepaddle']);
    expect(pagesFor(request({ device: 'cu126' }), machine('linux-x64', {}, modern))).toEqual([
      'stable/cu126 paddlepaddle-gpu',
    ]);
    expect(pagesFor(request({ device: 'mlu', paddle: { kind: 'nightly' } }), machine())).toEqual([
      'nightly/cpu paddlepaddle',
      'nightly/mlu paddle-custom-mlu',
    ]);
  });
});
