import { boundsSpecifier, type Device, devices, type Platform } from '../catalog/devices.js';
import { type Combination, combinations } from '../catalog/releases.js';
import { satisfies } from '../packaging/version.js';
import type { Origin } from '../values/plan.js';
import type { IndexFile, ProjectPage } from '../values/source.js';

const tags: Readonly<Record<Platform, string>> = {
  'linux-x64': 'linux_x86_64',
  'linux-arm64': 'linux_aarch64',
  'win32-x64': 'win_amd64',
  'darwin-arm64': 'macosx_11_0_arm64',
  'darwin-x64': 'macosx_10_9_x86_64',
};

function believedFile(project: string, version: string, { python, platform, unlisted }: Combination): IndexFile {
  const abi = `cp${python.replace('.', '')}`;
  return {
    filename: `${project.replaceAll('-', '_')}-${version}-${abi}-${abi}-${tags[platform]}.whl`,
    sha256: null,
    hashOrigin: null,
    size: null,
    requiresPython: null,
    // As of one that was taken back, only a wish by name counts.
    yanked: unlisted ? 'the index did not list it' : null,
    uploadTime: null,
    locations: [],
  };
}

/** The build of a device that a folder or the Python index holds a release of; undefined where it holds none. */
function buildAt(device: Device, version: string, origin: Origin): Device['builds'][number] | undefined {
  return device.builds.find(
    (build) =>
      build.origins.includes(origin.kind === 'python' ? 'python' : 'paddle') &&
      satisfies(version, boundsSpecifier(build), { prereleases: true }),
  );
}

/**
 * What the catalogue believes a project's page to list, for where no source answers: files without hashes and places, to decide by
 * and never to install from. Nightlies it does not know.
 */
export function believedPage(project: string, origin: Origin): ProjectPage {
  const own = devices.filter(({ distribution, plugin }) => (plugin ?? distribution) === project);
  const files = combinations(own.map(({ id }) => id)).flatMap((entry) => {
    const device = own.find(({ id }) => id === entry.device);
    const stable =
      origin.kind === 'python' || (origin.channel === 'stable' && device?.folders.stable === origin.folder);
    const build = device !== undefined && stable ? buildAt(device, entry.version, origin) : undefined;
    return build === undefined
      ? []
      : [believedFile(project, build.post === null ? entry.version : `${entry.version}.post${build.post}`, entry)];
  });
  return { project, files, answered: ['the catalogue'], faults: [] };
}
