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
  const at = judgements.findIndex(({ device }) => device === first);
  const newer = judgements.slice(0, at).findLast(({ kind, current }) => kind === 'obstacles' && current);
  const [against] = newer?.kind === 'obstacles' ? newer.obstacles : [];
  const chosen = `the newest CUDA build that driver ${accelerators.nvidiaDriver} and ${gpuNames(accelerators)} take`;
  return Object.fromEntries(
    fitting.map((device) => [
      device,
      device !== first
        ? `driver and GPU take it too, where ${first} has no file for this Python`
        : against === undefined
          ? chosen
          : `${chosen}: ${sentence(against.what)}`,
    ]),
  );
}

/** Why the CPU build is taken where nobody asked for it by name. */
export function whyCpu(present: boolean, runner: Runner): string {
  const platform = platformOf(runner);
  if (present) {
    return "no build fits this machine's accelerator";
  }
  return platform.startsWith('linux') || platform.startsWith('win32')
    ? 'no accelerator that PaddlePaddle has a build for answers on this machine'
    : `PaddlePaddle has CPU builds alone for ${platform}`;
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
