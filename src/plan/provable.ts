import type { Device } from '../catalog/devices.js';
import type { Problem } from '../values/failure.js';
import type { Notice } from '../values/log.js';
import type { Request } from '../values/request.js';
import type { Runner } from '../values/runner.js';

/** A CUDA build without a driver or without a GPU that CUDA shows fails its verification: said before gigabytes are downloaded. */
export function gpuProblems({ install, verify, gpu, device }: Request, { accelerators }: Runner): Problem[] {
  const { nvidiaDriver, gpus, failures } = accelerators;
  if ((nvidiaDriver !== null && gpus.length > 0) || !install || verify === 'off' || gpu === 'optional') {
    return [];
  }
  const seen = failures.length > 0 ? ` (${failures.join('; ')})` : '';
  const [lacks, remedy] =
    nvidiaDriver === null
      ? ['no NVIDIA driver answers on this machine', 'Install the driver (in a container: "--gpus all")']
      : ['no process can use a GPU of this machine', 'Let the job see a GPU'];
  return [
    {
      where: 'device',
      what: `${device === 'auto' ? 'paddlepaddle-gpu' : device} was asked for, but ${lacks}${seen}.`,
      remedy: `${remedy}, write "gpu: optional" to install without the proof, or "device: cpu".`,
    },
  ];
}

/** A plug-in's device that its vendor's tool doesn't show: the tool may be missing where the device is there, so it is no refusal. */
export function unseen(device: Device, { install, verify, gpu }: Request, { accelerators }: Runner): Notice[] {
  const proved = install && verify !== 'off' && gpu !== 'optional';
  const seen = accelerators.others.some((other) => other.device === device.id);
  return device.kind === 'cpu' || device.kind === 'cuda' || seen || !proved
    ? []
    : [
        {
          id: 'accelerator-unseen',
          text: `No tool of its vendor shows ${device.name} on this machine; without it the verification fails: "gpu: optional" installs all the same.`,
        },
      ];
}
