import { closest } from 'fastest-levenshtein';
import { cudaDevices, type Device, devices, findDevice } from '../catalog/devices.js';
import { releases } from '../catalog/releases.js';
import { isPreRelease } from '../packaging/version.js';
import type { Problem } from '../values/failure.js';
import type { Notice } from '../values/log.js';
import type { Candidate } from '../values/plan.js';
import type { Request } from '../values/request.js';
import type { Runner } from '../values/runner.js';
import { driverObstacle } from './gpu.js';
import { type Judgement, judge, type Obstacle } from './judge.js';
import { gpuProblems, unseen } from './provable.js';
import { platformOf } from './target.js';
import { deviceNotices, oneKind, whyCpu, whyCuda } from './why.js';
import { answers, type Wish } from './wish.js';

/** The devices that will do, in order of preference, or what stands against each. */
export interface DeviceChoice {
  readonly candidates: readonly Candidate[];
  /** Why each would be taken, by device. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
}

type Fitting = Extract<Judgement, { kind: 'fits' }>;

function isFitting(judgement: Judgement): judgement is Fitting {
  return judgement.kind === 'fits';
}

function obstaclesOf(judgement: Judgement): readonly Obstacle[] {
  return judgement.kind === 'fits' ? [] : judgement.obstacles;
}

function refused(problems: readonly Problem[]): DeviceChoice {
  return { candidates: [], reasons: {}, problems, notices: [] };
}

function accepted(
  fitting: readonly Fitting[],
  reasons: Readonly<Record<string, string>>,
  notices: readonly Notice[],
  runner: Runner,
): DeviceChoice {
  const [first] = fitting;
  const own = first === undefined ? [] : deviceNotices(first.device, first.unconfirmed, runner);
  return {
    candidates: fitting.map(({ candidate }) => candidate),
    reasons,
    problems: [],
    notices: [...notices, ...own],
  };
}

/** Builds that new releases are published for count before those that ended with an old one. */
function currentOnes<Some extends Judgement>(judgements: readonly Some[]): readonly Some[] {
  const current = judgements.filter((judgement) => judgement.current);
  return current.length > 0 ? current : judgements;
}

/** Among the current ones those that are confirmed for the GPUs first, else as given. */
function preferred(judgements: readonly Judgement[]): Fitting[] {
  const doubt = ({ unconfirmed }: Fitting): number => Math.sign(unconfirmed.length);
  return [...currentOnes(judgements.filter(isFitting))].sort((a, b) => doubt(a) - doubt(b));
}

function whatWorks(wish: Wish, runner: Runner): string {
  const fitting = preferred(cudaDevices().map((device) => judge(device, wish, runner)));
  const cuda = fitting[0]?.candidate.device;
  return `Write ${cuda === undefined ? '' : `"device: ${cuda}" or `}"device: cpu".`;
}

function chooseOne(device: Device, why: string, request: Request, wish: Wish, runner: Runner): DeviceChoice {
  const judgement = judge(device, wish, runner);
  const problems = obstaclesOf(judgement).map(({ where, what, remedy }) => ({
    where,
    what,
    remedy: remedy ?? whatWorks(wish, runner),
  }));
  const here = device.platforms.some((platform) => platform === platformOf(runner));
  const driver = device.kind === 'cuda' && here ? gpuProblems(request, runner) : [];
  return problems.length > 0 || driver.length > 0
    ? refused([...problems, ...driver])
    : accepted([judgement].filter(isFitting), { [device.id]: why }, unseen(device, request, runner), runner);
}

/** One problem for each input to change; builds that were never published for the wish are named only where none was. */
function summary(judgements: readonly Judgement[], runner: Runner): Problem[] {
  const apart = oneKind(runner) || 'Change what stands against the build you want.';
  const published = judgements.filter((judgement) => obstaclesOf(judgement).every(({ kind }) => kind === 'unfit'));
  const each = currentOnes(published.length > 0 ? published : judgements).map(obstaclesOf);
  const counted = each.flat();
  return [...new Set(counted.map(({ where }) => where))].map((where) => {
    const here = counted.filter((obstacle) => obstacle.where === where);
    // What stands against every build alike is reason enough, and nothing else could be changed.
    const common = here.find(({ what }) => each.every((obstacles) => obstacles.some((one) => one.what === what)));
    const texts = [...new Set((common === undefined ? here : [common]).map(({ what }) => what))];
    return texts.length === 1
      ? { where, what: texts.join(''), remedy: (common ?? here[0])?.remedy ?? 'Write "device: cpu".' }
      : {
          where,
          what: `No CUDA build does what was asked on this machine. ${texts.join(' ')}`,
          remedy: `${apart} Or write "device: cpu".`,
        };
  });
}

function chooseGpu(request: Request, wish: Wish, runner: Runner): DeviceChoice {
  const judgements = cudaDevices().map((device) => judge(device, wish, runner));
  const fitting = preferred(judgements);
  if (fitting.length === 0) {
    return refused(summary(judgements, runner));
  }
  if (runner.accelerators.nvidiaDriver === null) {
    return refused([
      {
        where: 'device',
        what: '"gpu" chooses the build by the NVIDIA driver, and none answers on this machine.',
        remedy: `Name the build, for example "device: ${fitting[0]?.candidate.device}", with "gpu: optional" where there is no GPU; or write "device: cpu".`,
      },
    ]);
  }
  const hidden = gpuProblems(request, runner);
  if (hidden.length > 0) {
    return refused(hidden);
  }
  const reasons = whyCuda(
    fitting.map(({ device }) => device),
    judgements,
    runner,
  );
  return accepted(fitting, reasons, [], runner);
}

/** A wish that today's releases answer: for such a one no GPU is worth going back to a release of years ago. */
function isOpen({ specifier }: Wish): boolean {
  const newest = releases.findLast(({ version }) => !isPreRelease(version));
  return specifier === '' || (newest !== undefined && answers(newest.version, specifier, false));
}

/** What stands against the accelerator that is there; [] where it is used or there is none. */
function unusedNotices(
  judgements: readonly Judgement[],
  fitting: readonly Fitting[],
  old: readonly Fitting[],
  runner: Runner,
): Notice[] {
  const against = currentOnes(judgements).filter((judgement) => obstaclesOf(judgement).length > 0);
  const wantsDriver = (judgement: Judgement): boolean => {
    const device = findDevice(judgement.device);
    const [only, ...more] = obstaclesOf(judgement);
    return device !== undefined && more.length === 0 && only?.what === driverObstacle(device, runner);
  };
  // A newer driver is what the user can have. Else the last build asks the least of the machine, and what stands against it first counts most.
  const [unused] = [against.findLast(wantsDriver) ?? against.at(-1)].flatMap((one) => (one ? obstaclesOf(one) : []));
  if (fitting.length > 0 || unused === undefined) {
    return [];
  }
  const [ended] = old;
  const still =
    ended === undefined
      ? []
      : [`PaddlePaddle ${ended.candidate.specifier} still has a build for it: "device: gpu" takes that.`];
  return [
    {
      id: 'accelerator-unused',
      text: [`This machine's accelerator is left unused: ${unused.what}`, ...still, oneKind(runner)].join(' ').trim(),
    },
  ];
}

/** What the machine has; the CPU build is the last choice unless the requirements name another distribution. */
function chooseAuto(request: Request, wish: Wish, runner: Runner): DeviceChoice {
  const named = wish.lines.map(({ normalised }) => normalised);
  const plugin = devices.find((device) => device.plugin !== null && named.includes(device.plugin));
  const owner = plugin ?? devices.find(({ distribution }) => named.includes(distribution));
  const { nvidiaDriver, gpus, others, failures } = runner.accelerators;
  const present = [
    ...(nvidiaDriver !== null && gpus.length > 0 ? cudaDevices() : []),
    ...others.flatMap(({ device }) => findDevice(device) ?? []),
  ];
  // "paddlepaddle" is the CPU build, and one half of every plug-in's pair.
  const beside = present.filter(
    ({ plugin: own, distribution }) => own !== null && distribution === owner?.distribution,
  );
  if (owner !== undefined && (owner.kind !== 'cpu' || beside.length === 0)) {
    return owner.kind === 'cuda'
      ? chooseGpu(request, wish, runner)
      : chooseOne(owner, `the requirements name ${owner.plugin ?? owner.distribution}`, request, wish, runner);
  }
  const judgements = (owner === undefined ? present : beside).map((device) => judge(device, wish, runner));
  const able = preferred(judgements);
  const fitting = isOpen(wish) ? able.filter(({ current }) => current) : able;
  const cpu = devices.filter(({ kind }) => kind === 'cpu');
  const last = cpu.map((device) => judge(device, wish, runner));
  const notices: Notice[] = [
    ...unusedNotices(judgements, fitting, able, runner),
    ...(failures.length > 0
      ? [{ id: 'accelerator-silent', text: `An accelerator may be there, but its tool fails: ${failures.join('; ')}` }]
      : []),
  ];
  const all = [...fitting, ...last.filter(isFitting)];
  const ids = fitting.map(({ device }) => device);
  const reasons = {
    cpu: whyCpu(present.length > 0, runner),
    ...Object.fromEntries(ids.map((device) => [device, `this machine has ${findDevice(device)?.name ?? device}`])),
    ...whyCuda(
      ids.filter((id) => findDevice(id)?.kind === 'cuda'),
      judgements,
      runner,
    ),
  };
  return all.length > 0
    ? accepted(all, reasons, notices, runner)
    : refused(
        last
          .flatMap(obstaclesOf)
          .map(({ where, what, remedy }) => ({ where, what, remedy: remedy ?? whatWorks(wish, runner) })),
      );
}

/** Turns the `device` input into candidates for this machine, or into everything that stands against it. */
export function chooseDevices(request: Request, wish: Wish, runner: Runner): DeviceChoice {
  if (request.device === 'auto') {
    return chooseAuto(request, wish, runner);
  }
  if (request.device === 'gpu') {
    return chooseGpu(request, wish, runner);
  }
  const device = findDevice(request.device);
  if (device !== undefined) {
    return chooseOne(device, 'it was asked for', request, wish, runner);
  }
  const ids = ['auto', 'gpu', ...devices.map(({ id }) => id)];
  return refused([
    {
      where: 'device',
      what: `There is no "${request.device}"; devices are ${ids.join(', ')}.`,
      remedy: `Write "device: ${closest(request.device, ids)}".`,
    },
  ]);
}
