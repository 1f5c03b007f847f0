import { releases } from '../catalog/releases.js';
import type { WheelName } from '../packaging/filename.js';
import { compareVersions, isPreRelease, isVersion, nearestVersions } from '../packaging/version.js';
import type { Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Candidate, Draft } from '../values/plan.js';
import { belongs, type Choice } from './choose-release.js';
import type { Offer, Offers } from './offers.js';
import { isWished, makePairs } from './pairs.js';
import { minorOf, pythonRange } from './target.js';
import { answers } from './wish.js';

function platformsOf(interpreter: Interpreter): Set<string> {
  return new Set(interpreter.tags.map((tag) => tag.split('-')[2] ?? ''));
}

/** `3.11` of `cp311`; null for tags that name no single CPython. */
function pythonOfTag(tag: string): string | null {
  const [, major, minor] = /^cp(\d)(\d+)-/.exec(tag) ?? [];
  return major === undefined || minor === undefined ? null : `${major}.${minor}`;
}

function pythonsOf(wheels: readonly WheelName[], platforms: ReadonlySet<string>): string[] {
  const tags = wheels.flatMap((wheel) => wheel.tags).filter((tag) => platforms.has(tag.split('-')[2] ?? ''));
  return [...new Set(tags.flatMap((tag) => pythonOfTag(tag) ?? []))].sort(compareVersions);
}

/** Newest version without a known defect that fits here, whatever was wished for. */
function newestHere({ candidate, offers }: Choice): string | undefined {
  const fitting = offers.offers
    .filter(({ fits, yanked, version }) => fits && !yanked && belongs(version, candidate) && !isPreRelease(version))
    .map(({ version }) => version);
  return fitting.find((version) => !candidate.avoid.includes(version)) ?? fitting[0];
}

function lacksFile(choice: Choice, matching: readonly Offer[], interpreter: Interpreter): Problem {
  const { candidate, offers } = choice;
  const python = minorOf(interpreter.version);
  const version = matching[0]?.version ?? '';
  const wheels = matching[0]?.wheels ?? [];
  const pythons = pythonsOf(wheels, platformsOf(interpreter)).filter((one) => one !== python);
  const platforms = new Set(wheels.flatMap((wheel) => wheel.tags).map((tag) => tag.split('-')[2]));
  const instead = newestHere(choice);
  const ways = [
    ...(instead === undefined ? [] : [`write "paddle-version: ${instead}", the newest for Python ${python} here`]),
    ...(pythons.length > 0 ? [`use Python ${pythons.at(-1)}`] : []),
    ...(instead === undefined && pythons.length === 0
      ? [`run on a machine that ${candidate.device} has files for`]
      : []),
  ].join(', or ');
  return {
    where: 'paddle-version',
    what:
      pythons.length > 0
        ? `${offers.project} ${version} has no file for Python ${python} on this machine; it has some for Python ${pythonRange(pythons)}.`
        : `${offers.project} ${version} has no file for this machine (${interpreter.platform}), only for ${[...platforms].join(', ')}.`,
    remedy: `${ways.charAt(0).toUpperCase()}${ways.slice(1)}.`,
  };
}

/** The nearest of `versions` (newest first); for a wish beyond all of them the newest. */
function suggestion(wish: string, versions: readonly string[]): string | undefined {
  const first = /\d[^,\s]*/.exec(wish)?.[0].replace(/\.\*$/, '') ?? '';
  const beyond = isVersion(first) && versions.every((version) => compareVersions(version, first) < 0);
  return beyond ? versions[0] : nearestVersions(wish, versions, 1)[0];
}

function unknownVersion({ candidate, offers }: Choice, draft: Draft, interpreter: Interpreter): Problem {
  const fitting = offers.offers
    .filter(({ fits, yanked, version }) => fits && !yanked && belongs(version, candidate))
    .map(({ version }) => version);
  const final = fitting.filter((version) => !isPreRelease(version));
  const shown = final.length > 0 ? final : fitting;
  const good = shown.filter((version) => !candidate.avoid.includes(version));
  const nearest = suggestion(draft.wish, good.length > 0 ? good : shown);
  const published = releases.some(({ version }) => draft.wish.split(',').includes(`==${version}`));
  const silent = [...new Set(offers.faults.map(({ source }) => source))];
  return {
    where: 'paddle-version',
    what: [
      `No source lists ${`${offers.project} ${draft.wish.replace(/^==/, '')}`.trim()} for ${candidate.device}`,
      ...(published ? [', although it was published'] : []),
      ...(silent.length > 0 ? [` (${silent.join(', ')} did not answer)`] : []),
      `. For Python ${minorOf(interpreter.version)} on this machine there are ${shown.join(', ')}.`,
    ].join(''),
    remedy:
      nearest === undefined || draft.wish === ''
        ? 'Name one of them with "paddle-version".'
        : `Write "paddle-version: ${nearest}".`,
  };
}

function nothingListed(project: string, { device }: Candidate): Problem {
  return {
    where: 'device',
    what: `No source that takes part lists any ${project} for ${device}.`,
    remedy:
      project === 'paddlepaddle'
        ? 'Let "mirrors" name a source that has it, for example "mirrors: official".'
        : 'Let "paddle-index" name PaddlePaddle\'s index or a full copy of it.',
  };
}

/** What the requirements ask of one side by its name, where it alone stands against a pair that would do. */
function namedOtherwise({ candidate, offers, plugin }: Choice, draft: Draft): Problem | null {
  const { pair } = candidate;
  const fitting = (all: Offers | null): Offer[] => all?.offers.filter(({ fits }) => fits) ?? [];
  const free = { ...candidate, pair: { distribution: '', plugin: '' } };
  const near = makePairs(candidate, fitting(offers), fitting(plugin), draft.channel).find((one) =>
    isWished(one, free, true),
  );
  if (near === undefined || pair === null || plugin === null || (pair.distribution === '' && pair.plugin === '')) {
    return null;
  }
  const asked = [
    ...(pair.distribution === '' ? [] : [`${offers.project}${pair.distribution}`]),
    ...(pair.plugin === '' ? [] : [`${plugin.project}${pair.plugin}`]),
  ];
  return {
    where: 'requirements',
    what: `They ask for ${asked.join(' and ')}, but ${plugin.project} ${near.plugin} works with ${offers.project} ${near.version} alone.`,
    remedy: `Write "${offers.project}==${near.version}" and "${plugin.project}==${near.plugin}" there, or leave both out.`,
  };
}

function noPair(choice: Choice, plugin: Offers, draft: Draft): Problem {
  const { candidate, offers } = choice;
  const list = ({ project, offers: all }: Offers): string =>
    `${project} ${all
      .map(({ version }) => version)
      .slice(0, 8)
      .join(', ')}`;
  const known = Object.entries(candidate.companions);
  const pairs = known.map(([own, base]) => `${plugin.project} ${own} with ${offers.project} ${base}`).join('; ');
  return (
    namedOtherwise(choice, draft) ?? {
      where: 'device',
      what:
        `${plugin.project} works with one exact version of ${offers.project}, and no pair that was asked for has files for this ` +
        `Python and machine. Listed are ${list(plugin)}; ${list(offers)}.`,
      remedy:
        known.length === 0
          ? 'Take a Python and versions that both have files for.'
          : `Take a Python that both have files for, or write "paddle-version: ${known.at(-1)?.[0]}"; known pairs: ${pairs}.`,
    }
  );
}

/** Why a candidate has nothing to install: what was asked, why not, what would work here, the line to write. */
export function refuse(choice: Choice, draft: Draft, interpreter: Interpreter): Problem {
  const { candidate, offers, plugin } = choice;
  const missing = [offers, ...(plugin === null ? [] : [plugin])].find((all) => all.offers.length === 0);
  if (missing !== undefined) {
    return nothingListed(missing.project, candidate);
  }
  if (plugin !== null) {
    return noPair(choice, plugin, draft);
  }
  const own = offers.offers.filter(({ version }) => belongs(version, candidate));
  const matching = own.filter(({ version }) => answers(version, candidate.specifier, draft.channel === 'nightly'));
  if (own.length === 0) {
    return nothingListed(offers.project, candidate);
  }
  return matching.length === 0 && own.some(({ fits }) => fits)
    ? unknownVersion(choice, draft, interpreter)
    : lacksFile(choice, matching.length > 0 ? matching : own, interpreter);
}
