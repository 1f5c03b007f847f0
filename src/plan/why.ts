import { findDevice } from '../catalog/devices.js';
import type { Notice } from '../values/log.js';
import type { Accelerators, Runner } from '../values/runner.js';
import { gpuNames } from './gpu.js';
import type { Judgement } from './judge.js';
import { platformOf } from './target.js';

function sentence(text: string): string {
  return text.replace(/\.$/, '');
}

/** Why CUDA builds are taken in this order, by device: what they are chosen by, and what stands against the next newer one. */
export function whyCuda(
  fitting: readonly string[],
  judgements: readonly Judgement[],
  { accelerators }: Runner,
): Record<string, string> {
  const [first] = fitting;
  const newer = judgements
    .slice(
      0,
      judgements.findIndex(({ device }) => device === first),
    )
    .filter(({ current }) => current);
  const against = newer
    .flatMap((judgement) => (judgement.kind === 'fits' ? [] : [judgement.obstacles]))
    .findLast((obstacles) => obstacles.every(({ kind }) => kind === 'unfit'))
    ?.at(0);
  const doubtful = newer.find(({ kind }) => kind === 'fits');
  const gpus = gpuNames(accelerators);
  const chosen =
    doubtful === undefined
      ? `the newest CUDA build that driver ${accelerators.nvidiaDriver} and ${gpus} take`
      : `the newest CUDA build that is confirmed for ${gpus}, which ${doubtful.device} is not`;
  return Object.fromEntries(
    fitting.map((device) => [
      device,
      device !== first
        ? `driver and GPU take it too, where ${first} has no file for this Python`
        : against === undefined || doubtful !== undefined
          ? chosen
          : `${chosen}: ${sentence(against.what)}`,
    ]),
  );
}

/** Why the CPU build is taken where nobody asked for it by name. */
export function whyCpu(present: boolean, runner: Runner): string {
  const platform = platformOf(runner);
  if (present) {
    return "no build of today's releases fits this machine's accelerator";
  }
  return platform.startsWith('linux') || platform.startsWith('win32')
    ? 'no accelerator that PaddlePaddle has a build for answers on this machine'
    : `PaddlePaddle has CPU builds alone for ${platform}`;
}

/** What to do where GPUs of several kinds find no build together; '' where there is one kind. */
export function oneKind({ accelerators }: Runner): string {
  const kinds = new Set(accelerators.gpus.map(({ capability }) => capability));
  return kinds.size < 2
    ? ''
    : 'Let the job see GPUs of one kind, by CUDA_DEVICE_ORDER=PCI_BUS_ID and CUDA_VISIBLE_DEVICES with their numbers.';
}

function modelNotices(device: string, { others }: Accelerators): Notice[] {
  const { models: documented = [], name = device } = findDevice(device) ?? {};
  const { models = [] } = others.find((other) => other.device === device) ?? {};
  const odd = models.filter((model) => !documented.some((begin) => model.includes(begin)));
  return documented.length === 0 || odd.length === 0
    ? []
    : [
        {
          id: 'model-unconfirmed',
          text: `The build for ${device} (${name}) is documented for ${documented.join(', ')}; this machine has ${odd.join(', ')}: keep "verify: full".`,
        },
      ];
}

/** What the user should know of a device on this machine before it is installed. */
export function deviceNotices(device: string, unconfirmed: readonly string[], { os, accelerators }: Runner): Notice[] {
  const { gpus } = accelerators;
  const cuda = findDevice(device)?.kind === 'cuda';
  const architecture: Notice[] =
    unconfirmed.length === 0
      ? []
      : [
          {
            id: 'architecture-unconfirmed',
            text:
              `Nobody has confirmed that ${device} computes right on ${gpuNames(accelerators)} ` +
              `(compute capability ${unconfirmed.join(', ')}): keep "verify: full".`,
          },
        ];
  // No refusal: with several cards in the machine one of them computes, and nothing that can be asked for here needs more.
  const single: Notice[] =
    cuda && os === 'win32' && gpus.length > 1
      ? [
          {
            id: 'windows-single-gpu',
            text: `PaddlePaddle for Windows computes on one GPU (documented), and this machine has ${gpus.length}: choose it with CUDA_VISIBLE_DEVICES.`,
          },
        ]
      : [];
  return [...architecture, ...single, ...modelNotices(device, accelerators)];
}
