import { advice } from './catalog/advice.js';
import { defectsOf } from './catalog/releases.js';
import { compareVersions, isPreRelease } from './packaging/version.js';
import { assemble } from './plan/assemble.js';
import { chooseDevices } from './plan/choose-devices.js';
import { belongs, type Choice, chooseRelease } from './plan/choose-release.js';
import { machineProblems } from './plan/machine.js';
import { refuse } from './plan/refusal.js';
import { platformOf } from './plan/target.js';
import { readWish } from './plan/wish.js';
import { Failure, type Problem } from './values/failure.js';
import type { Interpreter } from './values/interpreter.js';
import type { Notice } from './values/log.js';
import type { Draft, Plan } from './values/plan.js';
import type { Request } from './values/request.js';
import type { Runner } from './values/runner.js';
import type { Listing } from './values/source.js';

/** What the guide for a device asks for beside the packages. */
function advised(device: string | undefined, platform: string, { requirements: set }: Request): Notice[] {
  const rows = advice.filter(
    ({ devices, platforms, project, specifier }) =>
      devices.some((one) => one === device) &&
      platforms.some((one) => one === platform) &&
      (project === null ||
        set.requirements.some((line) => line.normalised === project && line.specifier !== specifier)),
  );
  return rows.map(({ id, text }) => ({ id, text }));
}

/**
 * The builds that would do, decided without any index. Throws Failure(2) with everything that can be known to be wrong before
 * the first byte: interpreter, machine, driver, GPU architecture, combinations that were never published, contradictions.
 */
export function draft(request: Request, runner: Runner): Draft {
  const { wish, problems } = readWish(request, runner.interpreter);
  const choice = chooseDevices(request, wish, runner);
  const wrong = [...machineProblems(request, runner), ...problems, ...choice.problems];
  if (wrong.length > 0) {
    throw new Failure(2, wrong);
  }
  const platform = platformOf(runner);
  return {
    candidates: choice.candidates,
    reasons: choice.reasons,
    platform,
    channel: wish.channel,
    wish: wish.specifier,
    notices: [...choice.notices, ...advised(choice.candidates[0]?.device, platform, request)],
  };
}

function silence({ offers, plugin, candidate }: Choice, { reasons }: Draft): Problem[] {
  return [offers, ...(plugin === null ? [] : [plugin])]
    .filter(({ answered, faults }) => !answered && faults.length > 0)
    .map(({ project, faults }) => ({
      where: project,
      what: `No source answered with the files of ${project} for ${candidate.device} (${reasons[candidate.device]?.split(': ')[0]}): ${faults
        .map(({ source, detail }) => `${source}: ${detail.replace(/\.$/, '')}`)
        .join('; ')}.`,
      remedy: faults.find(({ remedy }) => remedy !== null)?.remedy ?? 'Check the network, or name another source.',
    }));
}

function passingNotices(tried: readonly Choice[], choice: Choice, draft: Draft, interpreter: Interpreter): Notice[] {
  const { passedOver, chosen, candidate } = choice;
  const [first] = tried;
  const skipped =
    passedOver === null
      ? []
      : [
          {
            id: 'release-passed-over',
            text: `PaddlePaddle ${passedOver} is newer than ${chosen?.version}, but ${defectsOf(
              candidate.distribution,
              passedOver,
            )
              .map(({ text }) => text)
              .join('; ')}; "paddle-version: ${passedOver}" takes it all the same.`,
          },
        ];
  const second =
    first === undefined || first === choice
      ? []
      : [
          {
            id: 'device-second-choice',
            text: `${refuse(first, draft, interpreter).what} So ${candidate.device} is taken; "device: ${candidate.device}" says so from the start.`,
          },
        ];
  const guess =
    chosen?.guessed === true
      ? [
          {
            id: 'nightly-pair-unconfirmed',
            text: `${candidate.plugin} ${chosen.plugin} is taken with ${candidate.distribution} ${chosen.version}, the last build before it; nobody says that they work together: keep "verify: full".`,
          },
        ]
      : [];
  return [...skipped, ...second, ...guess, ...loneSeries(choice, draft.wish)];
}

/** PEP 440 reads `==3.3` as `==3.3.0`, which is seldom what its writer means. */
function loneSeries({ offers, chosen, candidate }: Choice, wish: string): Notice[] {
  const series = /(?:^|,)==(\d+\.\d+)(?=,|$)/.exec(wish)?.[1];
  const later = offers.offers.find(
    ({ version, fits, yanked }) =>
      fits && !yanked && version.startsWith(`${series}.`) && !isPreRelease(version) && belongs(version, candidate),
  )?.version;
  return series === undefined || chosen === null || later === undefined || compareVersions(later, chosen.version) <= 0
    ? []
    : [
        {
          id: 'series-read-as-release',
          text: `"${series}" means PaddlePaddle ${chosen.version} alone; "paddle-version: ${series}.*" takes ${later}, the newest of its series.`,
        },
      ];
}

/**
 * The exact build: of the first candidate that has a file for this interpreter on the listing, the newest release without a known
 * defect. Throws Failure(2) where nothing does, with what would; Failure(1) where the sources of a better candidate didn't answer,
 * since a weaker build must not be taken for a network's sake.
 */
export function decide(draft: Draft, request: Request, runner: Runner, listing: Listing): Plan {
  const { interpreter } = runner;
  const tried: Choice[] = [];
  for (const candidate of draft.candidates) {
    const choice = chooseRelease(candidate, draft, listing, interpreter, request.requirements.preReleases);
    tried.push(choice);
    if (choice.chosen !== null) {
      return assemble(
        candidate,
        choice.chosen,
        draft,
        interpreter.version,
        passingNotices(tried, choice, draft, interpreter),
      );
    }
    const unanswered = silence(choice, draft);
    if (unanswered.length > 0) {
      throw new Failure(1, unanswered);
    }
  }
  throw new Failure(
    2,
    tried.map((choice) => refuse(choice, draft, interpreter)),
  );
}
