import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devices } from '../../src/catalog/devices.js';
import { releases } from '../../src/catalog/releases.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { bestWheel } from '../../src/packaging/tags.js';
import { recall } from '../../src/plan/recall.js';
import { decide, draft } from '../../src/plan.js';
import { Failure } from '../../src/values/failure.js';
import type { Lock } from '../../src/values/lock.js';
import type { Draft, Plan } from '../../src/values/plan.js';
import type { Request } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import type { Listing } from '../../src/values/source.js';
import { file, listing, machine, nightlies, nvidia, page, request, type System, wanted } from './machines.js';

const known = releases.map(({ version }) => version);
const odd = ['2.6.2.post112', '3.4.0.dev20260901', '3.9', '9.9.9', '1!3.0', '3.4.0.post20260801+0123456789a'];
const lines = [
  'numpy',
  'paddlepaddle',
  'paddlepaddle-gpu>=2.6',
  'paddlepaddle==3.2.2',
  'paddle-custom-npu',
  'paddlepaddle<3; python_version < "3.10"',
];
const specifier = fc.oneof(
  fc.constantFrom(...known, ...odd).map((version) => `==${version}`),
  fc.constantFrom('3.3', '3.2', '2.6', '7').map((series) => `==${series}.*`),
  fc.tuple(fc.constantFrom(...known), fc.constantFrom(...known)).map(([from, below]) => `>=${from},<${below}`),
  fc.constantFrom('>=3.0', '~=3.2', '!=3.2.2', '<3', '===3.2.2', '>3.4', 'nightly', '', '', ''),
);
const wheelName = fc
  .record({
    origin: fc.constantFrom('python', 'cpu', 'cu118', 'cu126', 'npu'),
    project: fc.constantFrom('paddlepaddle', 'paddlepaddle-gpu', 'paddle-custom-npu'),
    version: fc.constantFrom(...known, ...odd, 'broken.'),
    python: fc.integer({ min: 8, max: 14 }),
    tag: fc.constantFrom('manylinux1_x86_64', 'linux_x86_64', 'linux_aarch64', 'win_amd64', 'macosx_11_0_arm64'),
    yanked: fc.constantFrom('', '', ' yanked'),
  })
  .map(
    ({ origin, project, version, python, tag, yanked }) =>
      `${origin} ${project} ${version}-cp3${python}-cp3${python}-${tag}.whl${yanked}`,
  );

/** Small, so that a counterexample can be read. */
const situation = fc.record({
  version: specifier,
  device: fc.oneof(
    fc.constantFrom('auto', 'cpu', 'gpu', 'cu126'),
    fc.constantFrom('tpu', '', ...devices.map(({ id }) => id)),
  ),
  gpu: fc.constantFrom('required' as const, 'optional' as const),
  venv: fc.constantFrom(null, '/home/user/.paddle'),
  preReleases: fc.boolean(),
  lines: fc.oneof({ weight: 4, arbitrary: fc.constant<string[]>([]) }, fc.subarray(lines)),
  system: fc.constantFrom<System>(
    'linux-x64',
    'linux-x64',
    'linux-x64',
    'linux-arm64',
    'win32-x64',
    'win32-arm64',
    'darwin-arm64',
    'darwin-x64',
  ),
  python: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom<string>('3.8.18', '3.10.13', '3.11.7', '3.13.0', '3.11.2+') },
    fc.constantFrom<string>('2.7.18', '3.14.0a1'),
  ),
  writable: fc.constantFrom(...Array.from({ length: 8 }, () => true), false),
  driver: fc.constantFrom(null, '440.10', '535.104.05', '550.54.14', '580.65.06', 'unknown'),
  driverCuda: fc.constantFrom(null, '12.2', '12.9', '13.0'),
  capabilities: fc.array(fc.constantFrom('5.2', '6.1', '7.5', '8.0', '9.0', '10.0', '12.0'), {
    minLength: 1,
    maxLength: 2,
  }),
  others: fc.constantFrom([], [], ['npu'], ['abacus']),
  cpu: fc.constantFrom(null, ...Array.from({ length: 8 }, () => ['avx']), []),
  index: fc.oneof(
    fc.constantFrom('recorded', 'recorded', 'recorded', 'nightlies'),
    fc.array(wheelName, { maxLength: 40 }),
  ),
});
/** The same on a machine that PaddlePaddle runs on, so that most have a plan. */
const friendly = situation.map((it) => ({
  ...it,
  lines: [],
  writable: true,
  cpu: ['avx'],
  python: it.python.startsWith('2.') || it.python.startsWith('3.14') ? '3.12.1' : it.python,
  device: it.driver === null && it.device !== 'npu' ? 'cpu' : 'auto',
}));
type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

function requestOf(it: Situation): Request {
  const paddle: Pick<Request, 'paddle'> =
    it.version === '' || it.version === 'nightly'
      ? { paddle: { kind: it.version === '' ? 'newest' : 'nightly' } }
      : wanted(it.version);
  const requirements = it.lines.map((text, i) => parseRequirement(text, `requirements.txt:${i + 1}`));
  return request(
    { ...paddle, device: it.device, gpu: it.gpu, venv: it.venv },
    { preReleases: it.preReleases, requirements },
  );
}

function runnerOf(it: Situation): Runner {
  const others = it.others.map((device) => ({ device, count: 1, models: [] }));
  const accelerators =
    it.driver === null ? { others } : { ...nvidia(it.driver, it.driverCuda, ...it.capabilities), others };
  return machine(it.system, { version: it.python, writable: it.writable }, accelerators, { cpuFlags: it.cpu });
}

function listingOf({ index }: Situation): Listing {
  if (!Array.isArray(index)) {
    return index === 'nightlies' ? nightlies : listing;
  }
  return {
    pages: index.map((entry) => {
      const [origin = '', project = '', rest = '', yanked] = entry.split(' ');
      return page(origin, project, [file(`${project.replaceAll('-', '_')}-${rest}`, { yanked: yanked ?? null })]);
    }),
  };
}

function attempt(it: Situation, list: Listing): { readonly draft: Draft; readonly plan: Plan } | Failure {
  const [asked, runner] = [requestOf(it), runnerOf(it)];
  try {
    const drafted = draft(asked, runner);
    return { draft: drafted, plan: decide(drafted, asked, runner, list) };
  } catch (error) {
    if (error instanceof Failure) {
      return error;
    }
    throw error;
  }
}

/** Hundreds of plans on a busy machine. */
const limitMs = 60_000;

describe('whatever is asked of whatever machine', () => {
  test(
    'there is a plan, or a failure that says what is wrong and what to do',
    () => {
      fc.assert(
        fc.property(situation, (it) => {
          const outcome = attempt(it, listingOf(it));
          if (!(outcome instanceof Failure)) {
            return;
          }
          const spoken = outcome.problems.map(({ where, what, remedy }) => ({
            where,
            broken: /undefined|null|NaN|\[object| {2}|\.\./.exec(`${what} ${remedy}`)?.[0] ?? null,
            sentences: [what, remedy].map((text) => /^\S.*[.)"]$/s.test(text)),
          }));
          expect([outcome.exitCode, spoken.length > 0]).toEqual([2, true]);
          expect(
            spoken.filter(
              ({ where, broken, sentences }) => where === '' || broken !== null || sentences.includes(false),
            ),
          ).toEqual([]);
        }),
        { numRuns: 400 },
      );
    },
    limitMs,
  );

  test(
    'a plan installs a version that the listing has for this interpreter, of the device that was named',
    () => {
      let plans = 0;
      fc.assert(
        fc.property(friendly, (it) => {
          const list = listingOf(it);
          const outcome = attempt(it, list);
          if (outcome instanceof Failure) {
            return;
          }
          plans += 1;
          const { distribution, origins, version, device } = outcome.plan;
          const names = (origins[distribution] ?? []).map((origin) =>
            origin.kind === 'python' ? 'python' : origin.folder,
          );
          const files = list.pages
            .filter((entry) => entry.page.project === distribution && names.includes(entry.origin))
            .flatMap((entry) => entry.page.files)
            .filter(({ filename }) => filename.startsWith(`${distribution.replaceAll('-', '_')}-${version}-`));
          expect(bestWheel(files, runnerOf(it).interpreter.tags)).not.toBeNull();
          expect(['auto', 'gpu', device]).toContain(it.device);
        }),
        { numRuns: 200 },
      );
      expect(plans).toBeGreaterThan(10);
    },
    limitMs,
  );

  test(
    'the order in which files and pages are listed changes nothing',
    () => {
      fc.assert(
        fc.property(friendly, (it) => {
          const list = listingOf(it);
          const turned = {
            pages: [...list.pages]
              .reverse()
              .map(({ origin, page: own }) => ({ origin, page: { ...own, files: [...own.files].reverse() } })),
          };
          const plans = [list, turned].map((pages) => {
            const outcome = attempt(it, pages);
            return outcome instanceof Failure ? outcome.exitCode : outcome.plan;
          });
          expect(plans[1]).toEqual(plans[0]);
        }),
        { numRuns: 120 },
      );
    },
    limitMs,
  );

  test(
    "a plan's own lock is recalled as that plan",
    () => {
      fc.assert(
        fc.property(friendly, (it) => {
          const outcome = attempt(it, listingOf(it));
          if (outcome instanceof Failure) {
            return;
          }
          const { plan } = outcome;
          const exact = plan.pins.filter(({ specifier: pin }) => pin.startsWith('=='));
          const files = exact.map(({ name, specifier: pin }) => ({
            name,
            version: pin.slice(2),
            filename: '',
            kind: 'wheel' as const,
            size: null,
            sha256: '',
            hashOrigin: 'index' as const,
            urls: [],
            requiresPython: null,
          }));
          const lock: Lock = {
            requiresPython: `>=${it.python.split('.').slice(0, 2).join('.')}`,
            device: plan.device,
            cuda: plan.cuda,
            distribution: plan.distribution,
            paddleVersion: plan.version,
            files,
            unhashed: [],
            created: '',
            key: '',
          };
          const again = recall(outcome.draft, lock);
          expect(again).toEqual({ ...plan, notices: again?.notices });
        }),
        { numRuns: 120 },
      );
    },
    limitMs,
  );
});
