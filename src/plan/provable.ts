import type { Device } from '../catalog/devices.js';
import type { Problem } from '../values/failure.js';
import type { Notice } from '../values/log.js';
import type { Request } from '../values/request.js';
import type { Runner } from '../values/runner.js';

/** A CUDA build without a driver fails its verification: said before gigabytes are downloaded. */
export function driverProblems({ install, verify, gpu, device }: Request, { accelerators }: Runner): Problem[] {
  if (accelerators.nvidiaDriver !== null || !install || verify === 'off' || gpu === 'optional') {
    return [];
  }
  const seen = accelerators.failures.length > 0 ? ` (${accelerators.failures.join('; ')})` : '';
  return [
    {
      where: 'device',
      what: `${device} was asked for, but no NVIDIA driver answers on this machine${seen}.`,
      remedy:
        'Install the driver (in a container: "--gpus all"), write "gpu: optional" to install without the proof, or "device: cpu".',
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
