import type { Interpreter } from '../values/interpreter.js';
import type { Candidate, Draft } from '../values/plan.js';
import type { Listing } from '../values/source.js';
import { type Offer, type Offers, readOffers } from './offers.js';
import { type Chosen, isWished, makePairs } from './pairs.js';
import { splitPost } from './wish.js';

/** A candidate held against the index. */
export interface Choice {
  readonly candidate: Candidate;
  readonly chosen: Chosen | null;
  /** A newer release that was passed over for its known defect. */
  readonly passedOver: string | null;
  readonly offers: Offers;
  readonly plugin: Offers | null;
}

/** Whether a version belongs to the build: another CUDA's `.post112` does not, whatever the specifier says. */
export function belongs(version: string, { cuda, post }: Candidate): boolean {
  return cuda === null || splitPost(version).post === post;
}

/** Newest first. Nightlies of the development branch come before those of a release branch, whose `.post` versions sort above them. */
function inOrder(offers: readonly Offer[], channel: Draft['channel']): readonly Offer[] {
  const isDevelopment = ({ version }: Offer): boolean => version.includes('.dev');
  return channel === 'stable'
    ? offers
    : [...offers.filter(isDevelopment), ...offers.filter((offer) => !isDevelopment(offer))];
}

function pairs(candidate: Candidate, offers: Offers, plugin: Offers | null, channel: Draft['channel']): Chosen[] {
  const usable = ({ offers: all }: Offers): Offer[] =>
    inOrder(all, channel).filter(
      ({ fits, yanked, version }) => fits && (!yanked || candidate.specifier.split(',').includes(`==${version}`)),
    );
  if (plugin === null) {
    return usable(offers).map(({ version }) => ({ version, plugin: null, guessed: false }));
  }
  return makePairs(candidate, usable(offers), usable(plugin), channel);
}

/** The newest release of a candidate that answers the draft and has files for the interpreter; one with a known defect only where no other does. */
export function chooseRelease(
  candidate: Candidate,
  draft: Draft,
  listing: Listing,
  interpreter: Interpreter,
  preReleases: boolean,
): Choice {
  const read = (project: string): Offers => readOffers(listing, project, candidate.origins[project] ?? [], interpreter);
  const offers = read(candidate.distribution);
  const plugin = candidate.plugin === null ? null : read(candidate.plugin);
  const every = preReleases || draft.channel === 'nightly';
  const fitting = pairs(candidate, offers, plugin, draft.channel).filter(
    (pair) => belongs(pair.version, candidate) && isWished(pair, candidate, every),
  );
  const good = fitting.find(({ version }) => !candidate.avoid.includes(version));
  const newest = fitting[0];
  return {
    candidate,
    chosen: good ?? newest ?? null,
    passedOver: good !== undefined && newest !== undefined && newest !== good ? newest.version : null,
    offers,
    plugin,
  };
}
