import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Ran, run } from '../process/run.js';
import type { Accelerators, Gpu } from '../values/runner.js';
import { complaint } from './complaint.js';
import { findProgram, isProgram } from './find-program.js';
import { parseList, visibleGpus } from './visible-gpus.js';

type Nvidia = Omit<Accelerators, 'others'>;

const limitMs = 5_000;
const fields = ['index', 'name', 'compute_cap', 'memory.total', 'driver_version'];
/** Where the driver puts its tool without putting the folder on PATH: WSL, and Windows services with a short PATH. */
const otherPlaces = ['/usr/lib/wsl/lib/nvidia-smi', 'C:\\Windows\\System32\\nvidia-smi.exe'];

async function findTool(environment: NodeJS.ProcessEnv): Promise<string | null> {
  const onPath = await findProgram('nvidia-smi', environment);
  if (onPath !== null) return onPath;
  for (const file of otherPlaces) if (path.isAbsolute(file) && (await isProgram(file))) return file;
  return null;
}

/** nvidia-smi writes `[N/A]`, `[Not Supported]`, `[Unknown Error]` for what it cannot tell. */
const known = (text: string | undefined) => (text === undefined || /^\[.*\]$/.test(text) || text === '' ? null : text);

/**
 * The GPUs and the driver in the CSV of `nvidia-smi --query-gpu` for the given columns (index and name first, without header and units).
 * Lines that are no rows (warnings) are passed over.
 */
export function parseQuery(csv: string, columns: readonly string[]): { driver: string | null; gpus: Gpu[] } {
  const rows = csv.split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.trim()));
  const whole = rows.filter((row) => row.length >= columns.length && /^\d+$/.test(row[0] ?? ''));
  const cell = (row: readonly string[], column: string) => {
    const at = columns.indexOf(column);
    // Counted from the end: a name may hold commas.
    return at < 0 ? null : known(row.at(at - columns.length));
  };
  const gpus = whole.map((row) => {
    const memory = Number(cell(row, 'memory.total') ?? Number.NaN);
    return {
      index: Number(row[0]),
      name: row.slice(1, row.length - columns.length + 2).join(', '),
      capability: cell(row, 'compute_cap'),
      memoryMiB: Number.isFinite(memory) ? memory : null,
      mig: [],
    };
  });
  const drivers = whole.map((row) => cell(row, 'driver_version'));
  return { driver: drivers.find((driver) => driver !== null) ?? null, gpus };
}

/** `CUDA Version: 12.4` of the table that plain `nvidia-smi` prints; newer drivers write `CUDA UMD Version`, old ones nothing. */
export function parseCudaVersion(table: string): string | null {
  return /CUDA(?: \w+)? Version\s*:\s*(\d+\.\d+)/.exec(table)?.[1] ?? null;
}

/** Drivers before 510 do not know `compute_cap` and refuse the whole question. */
const refusedField = (answer: Ran) => /not a valid field/i.test(answer.stdout + answer.stderr);

/** The version in `/proc/driver/nvidia/version`, which is there in a container too that was given no nvidia-smi; null for other texts. */
export function parseKernelModule(text: string): string | null {
  return /Kernel Module\b.*?\s(\d{3}\.\d+(?:\.\d+)?)\s/.exec(text)?.[1] ?? null;
}

const read = (file: string) => readFile(file, 'utf8').catch(() => '');

/** A driver without its tool tells nothing of GPUs, which is worth a word. */
async function withoutTool(): Promise<string[]> {
  const driver = parseKernelModule(await read('/proc/driver/nvidia/version'));
  return driver === null
    ? []
    : [
        `nvidia-smi: not on PATH, although the NVIDIA driver ${driver} is loaded ` +
          '(in a container NVIDIA_DRIVER_CAPABILITIES has to hold utility)',
      ];
}

/** What stands against GPUs that the driver has and no process can use. */
function hidden(all: readonly Gpu[], visible: readonly Gpu[], table: string, environment: NodeJS.ProcessEnv): string[] {
  if (all.length > 0 && visible.length === 0) {
    return [`nvidia-smi: CUDA_VISIBLE_DEVICES=${environment['CUDA_VISIBLE_DEVICES']} hides all ${all.length} GPUs`];
  }
  return /No MIG devices found/i.test(table) && visible.every(({ mig }) => mig.length === 0)
    ? ['nvidia-smi: MIG is on and no instance is made, so CUDA sees no GPU (make one: nvidia-smi mig -cgi ... -C)']
    : [];
}

/** What NVIDIA's tool says. Never fails: a tool that is not there gives nothing, one that fails or hangs a line in `failures`. */
export async function inspectNvidia(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<Nvidia> {
  const { environment } = options;
  const tool = await findTool(environment);
  const kernel = await read('/proc/version');
  // WSL 2 runs on a kernel that names its maker, in containers too.
  const driverSystem = process.platform === 'win32' || /microsoft/i.test(kernel) ? 'win32' : 'linux';
  const none = { nvidiaDriver: null, driverSystem, driverCuda: null, gpus: [] } as const;
  if (tool === null) return { ...none, failures: await withoutTool() };
  const ask = (args: readonly string[]) => run({ ...options, file: tool, args, limitMs });
  const query = (columns: readonly string[]) =>
    ask([`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits']);
  const [first, table, list] = await Promise.all([query(fields), ask([]), ask(['-L'])]);
  const columns = refusedField(first) ? fields.filter((name) => name !== 'compute_cap') : fields;
  const answer = columns === fields ? first : await query(columns);
  const { driver, gpus } = parseQuery(answer.stdout, columns);
  const listed = parseList(list.stdout);
  const split = gpus.map((gpu) => {
    const instances = listed.find(({ index }) => index === gpu.index)?.instances ?? [];
    return { ...gpu, mig: instances.map(({ profile }) => profile) };
  });
  const visible = visibleGpus(split, listed, environment);
  const failed = answer.code === 0 && gpus.length > 0 ? [] : [`nvidia-smi: ${complaint(answer)}`];
  const unusable = hidden(split, visible, table.stdout, environment);
  return {
    nvidiaDriver: driver,
    driverSystem,
    driverCuda: parseCudaVersion(table.stdout),
    gpus: unusable.length > 0 ? [] : visible,
    failures: [...failed, ...unusable],
  };
}
