import { compareVersions } from '../packaging/version.js';
import data from './devices.json' with { type: 'json' };

/** Where an entry of the catalogue comes from: `documented`, `measured ...`, `one report` or public issues such as `Paddle#77340`; and when. */
export interface Sourced {
  readonly source: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

/** What a machine is to PaddlePaddle: operating system and processor as Node names them. */
export type Platform = 'linux-x64' | 'linux-arm64' | 'win32-x64' | 'darwin-arm64' | 'darwin-x64';

/** A range of releases that carries the device, `from` inclusive, `below` exclusive, null for no bound. */
export interface Build extends Sourced {
  readonly from: string | null;
  readonly below: string | null;
  /** Where the wheels are: the Python index and its mirrors, the device's folder of PaddlePaddle's index, or only its old find-links page. */
  readonly origins: readonly ('python' | 'paddle' | 'find-links')[];
  /** CUDA number in the version (`112` of `2.6.2.post112`), or null for plain versions. */
  readonly post: string | null;
}

/** Oldest NVIDIA driver of a build: by its own number, or by the CUDA version that the driver says it takes. */
export interface DriverMinimum extends Sourced {
  readonly linux: string;
  readonly windows: string;
  /** Preferred over the numbers where the driver says which CUDA it takes; null: the numbers decide. */
  readonly cuda: string | null;
}

/** A plug-in's release with the one release of PaddlePaddle that it works with. */
export interface Companion extends Sourced {
  readonly plugin: string;
  readonly distribution: string;
}

/** A kind of build that PaddlePaddle is published in. */
export interface Device extends Sourced {
  readonly id: string;
  /** For people: `CUDA 12.6`, `Ascend 910B NPU`. */
  readonly name: string;
  /** `vendor`: a distribution of its own; `plugin`: the CPU distribution and a plug-in beside it. */
  readonly kind: 'cpu' | 'cuda' | 'plugin' | 'vendor';
  readonly cuda: string | null;
  readonly distribution: string;
  readonly plugin: string | null;
  readonly platforms: readonly Platform[];
  /** How the names begin that the vendor's tool gives to the hardware which the build is documented for; [] where nothing says. */
  readonly models: readonly string[];
  /** Folder of PaddlePaddle's index in each channel; null where the channel has none. */
  readonly folders: { readonly stable: string | null; readonly nightly: string | null };
  /** Newest first. */
  readonly builds: readonly Build[];
  /** Null for everything but CUDA. */
  readonly driver: DriverMinimum | null;
  /** Pairs that differ from "same version on both sides", and pairs known to work. */
  readonly companions: readonly Companion[];
}

/** Every device of the catalogue, CPU first, CUDA builds from the oldest to the newest. */
export const devices = data as readonly Device[];

/** The device of that id, or undefined. */
export function findDevice(id: string): Device | undefined {
  return devices.find((device) => device.id === id);
}

/** The CUDA builds, newest CUDA first. */
export function cudaDevices(): Device[] {
  return devices.filter(({ kind }) => kind === 'cuda').sort((a, b) => compareVersions(b.cuda ?? '0', a.cuda ?? '0'));
}

/** Normalised names (PEP 503) of everything that carries PaddlePaddle itself or plugs into it. */
export const paddleProjects: ReadonlySet<string> = new Set(
  devices.flatMap(({ distribution, plugin }) => (plugin === null ? [distribution] : [distribution, plugin])),
);

/** Bounds as a PEP 440 specifier: `>=2.5.1,<2.7`, or '' for none. */
export function boundsSpecifier({
  from,
  below,
}: {
  readonly from: string | null;
  readonly below: string | null;
}): string {
  return [from === null ? [] : [`>=${from}`], below === null ? [] : [`<${below}`]].flat().join(',');
}
