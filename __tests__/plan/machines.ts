import { supportedPythons } from '../../src/catalog/releases.js';
import { compatibleTags } from '../../src/packaging/tags.js';
import type { Interpreter } from '../../src/values/interpreter.js';
import type { IndexOption, Request, RequirementSet } from '../../src/values/request.js';
import type { Accelerators, Runner } from '../../src/values/runner.js';
import type { IndexFile, Listing, SourceFault } from '../../src/values/source.js';
import cpuPage from '../catalog/fixtures/paddlepaddle.json' with { type: 'json' };
import gpuPage from '../catalog/fixtures/paddlepaddle-gpu.json' with { type: 'json' };

/** The newest Python that any release has files for, and the one after it: a new release may bring another, and no test is to mind. */
export const newestPython = supportedPythons().at(-1) ?? '';
export const laterPython = `3.${Number(newestPython.split('.')[1]) + 1}`;

type Parts = Partial<Omit<Interpreter, 'tags'>>;

/** An ordinary CPython; its tags follow from the rest. */
function interpreter(parts: Parts = {}): Interpreter {
  const whole = {
    executable: '/usr/bin/python3',
    version: '3.11.7',
    implementation: 'cpython',
    bits: 64 as const,
    platform: 'linux-x86_64',
    freeThreaded: false,
    glibc: '2.36',
    musl: null,
    macos: null,
    prefix: '/usr',
    virtual: false,
    externallyManaged: null,
    pip: '24.0',
    setuptools: null,
    paddle: {},
    purelib: '/usr/lib/python3/site-packages',
    writable: true,
    pipSettings: {},
    officialIndex: null,
    ...parts,
  };
  return { ...whole, tags: compatibleTags(whole) } as Interpreter;
}

const systems = {
  'linux-x64': { platform: 'linux-x86_64' },
  'linux-arm64': { platform: 'linux-aarch64' },
  'win32-x64': { platform: 'win-amd64', glibc: null },
  'win32-arm64': { platform: 'win-arm64', glibc: null },
  'darwin-arm64': { platform: 'macosx-11.0-arm64', glibc: null, macos: { version: '14.5', machine: 'arm64' } },
  'darwin-x64': { platform: 'macosx-10.9-x86_64', glibc: null, macos: { version: '13.0', machine: 'x86_64' } },
} as const;

/** What a machine may be in these tests. */
export type System = keyof typeof systems;

/** An accelerator-less machine of that system, changed by what is given. */
export function machine(
  system: System = 'linux-x64',
  python: Parts = {},
  accelerators: Partial<Accelerators> = {},
  parts: Partial<Runner> = {},
): Runner {
  const [os = '', arch = ''] = system.split('-');
  return {
    os: os as Runner['os'],
    arch,
    libc: os === 'linux' ? { kind: 'glibc', version: '2.36' } : null,
    cpuFlags: ['sse2', 'avx', 'avx2'],
    host: 'shell',
    accelerators: {
      nvidiaDriver: null,
      driverSystem: os === 'win32' ? 'win32' : 'linux',
      driverCuda: null,
      gpus: [],
      others: [],
      failures: [],
      ...accelerators,
    },
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    interpreter: interpreter({ ...systems[system], ...python }),
    ...parts,
  };
}

/** NVIDIA GPUs of these compute capabilities behind a driver. */
export function nvidia(driver: string, driverCuda: string | null, ...capabilities: string[]): Partial<Accelerators> {
  return {
    nvidiaDriver: driver,
    driverCuda,
    gpus: capabilities.map((capability, index) => ({
      index,
      name: `GPU ${capability}`,
      capability,
      memoryMiB: 81920,
      mig: [],
    })),
  };
}

/** A request with everything at its default, changed by what is given. */
export function request(parts: Partial<Request> = {}, set: Partial<RequirementSet> = {}): Request {
  return {
    paddle: { kind: 'newest' },
    device: 'auto',
    requirements: {
      requirements: [],
      constraints: [],
      indexes: [] as IndexOption[],
      noIndex: false,
      preReleases: false,
      formats: [],
      pylock: null,
      notices: [],
      ...set,
    },
    python: 'python',
    venv: null,
    install: true,
    installer: 'uv',
    mirrors: 'auto',
    paddleIndexes: [],
    indexCredentials: [],
    configure: ['pip'],
    pipConfig: 'env',
    scope: 'job',
    envFile: null,
    cache: 'auto',
    cacheUrl: null,
    cacheWrite: 'auto',
    cachePath: null,
    verify: 'full',
    gpu: 'required',
    lockMaxAgeMs: 604_800_000,
    timeoutMs: 1_800_000,
    reportFile: null,
    ...parts,
  } as Request;
}

/** `paddle-version: <specifier>`. */
export function wanted(specifier: string): Pick<Request, 'paddle'> {
  return { paddle: { kind: 'specifier', specifier, origin: 'paddle-version' } };
}

export function file(filename: string, parts: Partial<IndexFile> = {}): IndexFile {
  return {
    filename,
    sha256: 'a'.repeat(64),
    hashOrigin: 'index',
    size: 1,
    requiresPython: null,
    yanked: null,
    uploadTime: null,
    locations: [],
    ...parts,
  };
}

export function page(
  origin: string,
  project: string,
  files: readonly IndexFile[],
  faults: readonly SourceFault[] = [],
): Listing['pages'][number] {
  return { origin, page: { project, files, answered: faults.length > 0 ? [] : ['official'], faults } };
}

function recorded(source: typeof cpuPage): Listing['pages'][number] {
  return page(
    'python',
    source.project,
    source.files.map(({ filename, sha256, size, requiresPython }) => file(filename, { sha256, size, requiresPython })),
  );
}

/** File names of a distribution: every release for every Python and platform tag. */
export function wheels(
  distribution: string,
  versions: readonly string[],
  minors: readonly number[],
  tags: readonly string[],
): IndexFile[] {
  const name = distribution.replaceAll('-', '_');
  return versions.flatMap((version) =>
    minors.flatMap((minor) => tags.map((tag) => file(`${name}-${version}-cp3${minor}-cp3${minor}-${tag}.whl`))),
  );
}

const pythons = [9, 10, 11, 12, 13];
const both = ['linux_x86_64', 'win_amd64'];

/** The Python index as recorded, and folders of PaddlePaddle's index as its documentation lists them. */
export const listing: Listing = {
  pages: [
    recorded(cpuPage),
    recorded(gpuPage as typeof cpuPage),
    page(
      'cpu',
      'paddlepaddle',
      wheels('paddlepaddle', ['3.2.0', '3.2.2', '3.3.0', '3.3.1', '3.1.0a0'], pythons, ['linux_x86_64']),
    ),
    page('cu118', 'paddlepaddle-gpu', wheels('paddlepaddle-gpu', ['3.0.0', '3.1.1', '3.2.2', '3.3.1'], pythons, both)),
    page(
      'cu126',
      'paddlepaddle-gpu',
      wheels('paddlepaddle-gpu', ['3.0.0', '3.1.1', '3.2.2', '3.3.1', '3.2.0.dev20250904'], pythons, both),
    ),
    page('cu129', 'paddlepaddle-gpu', wheels('paddlepaddle-gpu', ['3.1.1', '3.2.2', '3.3.1'], pythons, both)),
    page('cu130', 'paddlepaddle-gpu', wheels('paddlepaddle-gpu', ['3.3.0', '3.3.1'], [11, 12, 13], both)),
    page('cu112', 'paddlepaddle-gpu', wheels('paddlepaddle-gpu', ['2.6.2.post112'], [8, 9, 10, 11, 12], both)),
    page(
      'xpu-p800',
      'paddlepaddle-xpu',
      wheels('paddlepaddle-xpu', ['3.0.0', '3.2.1', '3.3.1'], [9, 10], ['linux_x86_64']),
    ),
    page(
      'npu',
      'paddle-custom-npu',
      wheels('paddle-custom-npu', ['3.1.0', '3.2.0'], [9, 10, 11], ['linux_x86_64', 'linux_aarch64']),
    ),
    page('ixuca', 'paddle-iluvatar-gpu', wheels('paddle-iluvatar-gpu', ['3.1.1'], [10, 11], ['linux_x86_64'])),
  ],
};

/** Nightly folders: the development branch, and a release branch whose versions sort above it. */
export const nightlies: Listing = {
  pages: [
    page(
      'cpu',
      'paddlepaddle',
      wheels('paddlepaddle', ['3.4.0.dev20260901', '3.4.0.dev20260905', '3.4.0.post20260801+0123456789a'], pythons, [
        'linux_x86_64',
      ]),
    ),
    page(
      'mlu',
      'paddle-custom-mlu',
      wheels('paddle-custom-mlu', ['3.4.0.dev20260901', '3.4.0.dev20260907'], pythons, ['linux_x86_64']),
    ),
  ],
};
