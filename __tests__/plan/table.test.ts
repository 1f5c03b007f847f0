import { describe, expect, test } from '@jest/globals';
import { boundsSpecifier, cudaDevices, devices, findDevice } from '../../src/catalog/devices.js';
import { combinations, releases } from '../../src/catalog/releases.js';
import { satisfies } from '../../src/packaging/version.js';
import { believedPage } from '../../src/plan/believed.js';
import { neededPages, originName } from '../../src/plan/pages.js';
import { decide, draft } from '../../src/plan.js';
import { Failure } from '../../src/values/failure.js';
import type { Plan } from '../../src/values/plan.js';
import type { Request } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import type { Listing } from '../../src/values/source.js';
import { machine, nvidia, listing as recorded, request, type System, wanted } from './machines.js';

const systems: readonly System[] = ['linux-x64', 'win32-x64'];
const pythons = ['3.10', '3.13'];
const versions = ['', ...releases.map(({ version }) => `==${version}`)];
/** A driver that takes everything; builds alone decide. */
const modern = nvidia('600.10', '13.1');

/** Pages are the same for every Python and version, and costly to make thousands of times. */
const believed = new Map<string, Listing['pages'][number]>();

function listingFor(asked: Request, runner: Runner): Listing {
  const pages = neededPages(draft(asked, runner)).map(({ origin, project }) => {
    const key = `${originName(origin)} ${project}`;
    const page = believed.get(key) ?? { origin: originName(origin), page: believedPage(project, origin) };
    believed.set(key, page);
    return page;
  });
  return { pages };
}

/** What comes of it: the plan, the exit code and words of a failure; any other error goes through. */
function outcome(asked: Request, runner: Runner, list: Listing | null): Plan | Failure {
  try {
    return decide(draft(asked, runner), asked, runner, list ?? listingFor(asked, runner));
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function ask(device: string, version: string): Request {
  return request({ device, gpu: 'optional', ...(version === '' ? {} : wanted(version)) });
}

/** On a page of links alone: refused where the request names none. */
function isLinked(id: string, version: string): boolean {
  const build = findDevice(id)?.builds.find((one) => satisfies(version, boundsSpecifier(one), { prereleases: true }));
  return build?.origins.includes('find-links') ?? false;
}

const limitMs = 120_000;

/** All of the table by `npm run table`; otherwise every device with every release, on one of the systems and Pythons in turn. */
const whole = process.env['WHOLE_TABLE'] === '1';
const places = systems.flatMap((system) => pythons.map((python) => [system, python] as const));

describe('every release for every device, platform and Python', () => {
  const known = new Set(
    combinations()
      .filter(({ version, device }) => !isLinked(device, version))
      .map(({ version, device, platform, python }) => [version, device, platform, python].join(' ')),
  );

  test.each(devices.map(({ id }) => id))(
    '%s: what the catalogue has is planned, what it has not is refused in whole sentences',
    (device) => {
      const wrong: string[] = [];
      for (const [at, [system, python]] of places.entries()) {
        const runner = machine(system, { version: `${python}.1` });
        for (const [turn, version] of versions.entries()) {
          if (!whole && (turn + devices.findIndex(({ id }) => id === device)) % places.length !== at) continue;
          const name = [version.slice(2), device, system, python].join(' ');
          const seen = outcome(ask(device, version), runner, null);
          if (seen instanceof Failure) {
            const mute = seen.problems.some(
              ({ where, what, remedy }) => where === '' || what.length < 20 || !/^[A-Z].*\.$/s.test(remedy),
            );
            const odd = /undefined|null|NaN| {2}|\.\.|, \.| only \./.test(
              seen.problems.map(({ what, remedy }) => `${what} ${remedy}`).join(' '),
            );
            if (seen.exitCode !== 2 || seen.problems.length === 0 || mute || odd)
              wrong.push(`${name}: ${seen.message}`);
            if (version !== '' && known.has(name)) wrong.push(`${name} is refused: ${seen.message}`);
          } else if (seen.device !== device) wrong.push(`${name}: planned for ${seen.device}`);
          // A plug-in's release is asked for by its own number.
          else if (version !== '' && !known.has(name) && !known.has([seen.version, device, system, python].join(' '))) {
            const own = seen.pins.map(({ specifier }) => specifier);
            if (!own.some((one) => known.has([one.slice(2), device, system, python].join(' '))))
              wrong.push(`${name}: planned ${own.join()}`);
          }
        }
      }
      expect(wrong).toEqual([]);
    },
    limitMs,
  );
});

describe('every driver and GPU on the recorded listing', () => {
  const drivers = ['440.33', '535.104.05', '550.54.14', '580.65.06'];
  const capabilities = [
    '5.2',
    '6.0',
    '6.1',
    '7.0',
    '7.2',
    '7.5',
    '8.0',
    '8.6',
    '8.9',
    '9.0',
    '10.0',
    '10.3',
    '12.0',
    '12.1',
  ];
  const both: readonly System[] = ['linux-x64', 'win32-x64'];

  test(
    'auto always has an answer, and a CUDA build is never older than its driver nor without code for the GPU',
    () => {
      const seen = new Map<string, number>();
      for (const system of both) {
        for (const driver of drivers) {
          for (const [turn, first] of capabilities.entries()) {
            for (const [step, second] of [first, '6.1', '12.0'].entries()) {
              if (!whole && (turn + step) % both.length !== both.indexOf(system)) continue;
              const runner = machine(system, { version: '3.11.7' }, nvidia(driver, null, first, second));
              const plan = outcome(request(), runner, recorded);
              if (plan instanceof Failure) throw plan;
              seen.set(plan.device, (seen.get(plan.device) ?? 0) + 1);
              // No GPU is worth a release of years ago that nobody asked for.
              expect(plan.version[0]).toBe('3');
              if (plan.device === 'cu118') expect([first, second]).not.toContain('9.0');
              if (['cu118', 'cu126'].includes(plan.device)) expect([first, second]).not.toContain('12.0');
              if (['cu129', 'cu130'].includes(plan.device)) expect([first, second]).not.toContain('6.1');
            }
          }
        }
      }
      expect([...seen.keys()].sort()).toEqual(['cpu', 'cu118', 'cu126', 'cu129', 'cu130']);
    },
    limitMs,
  );

  test(
    'every named CUDA build is planned, or refused with a device or version to write',
    () => {
      const mute: string[] = [];
      let refused = 0;
      for (const [turn, { id }] of cudaDevices().entries()) {
        for (const [step, driver] of drivers.entries()) {
          if (!whole && (turn + step) % 2 !== 0) continue;
          for (const capability of ['6.1', '7.5', '8.0', '9.0', '12.0']) {
            for (const version of ['', '==2.6.2', '==3.1.1']) {
              const runner = machine('linux-x64', { version: '3.11.7' }, nvidia(driver, null, capability));
              const seen = outcome(ask(id, version), runner, recorded);
              if (!(seen instanceof Failure)) continue;
              refused += 1;
              for (const { remedy } of seen.problems) {
                if (!/"(?:device|paddle-version|paddle-index): [^"]+"|"paddle-index"|--find-links/.test(remedy))
                  mute.push(`${id} ${driver} ${capability} ${version}: ${remedy}`);
              }
            }
          }
        }
      }
      expect(refused).toBeGreaterThan(whole ? 250 : 125);
      expect([...new Set(mute)].slice(0, 10)).toEqual([]);
    },
    limitMs,
  );

  test('a driver that takes all leaves nothing but the builds to decide', () => {
    const plan = outcome(
      request(),
      machine('linux-x64', {}, { ...modern, gpus: nvidia('1', null, '8.0').gpus ?? [] }),
      recorded,
    );
    expect(plan).toMatchObject({ device: 'cu130', why: expect.stringContaining('the newest CUDA build') });
  });
});
