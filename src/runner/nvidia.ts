import path from 'node:path';
import { type Ran, run } from '../process/run.js';
import type { Accelerators, Gpu } from '../values/runner.js';
import { complaint } from './complaint.js';
import { findProgram, isProgram } from './find-program.js';

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

/** What NVIDIA's tool says. Never fails: a tool that is not there gives nothing, one that fails or hangs a line in `failures`. */
export async function inspectNvidia(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<Nvidia> {
  const none = { nvidiaDriver: null, driverCuda: null, gpus: [], failures: [] };
  const tool = await findTool(options.environment);
  if (tool === null) return none;
  const ask = (args: readonly string[]) => run({ ...options, file: tool, args, limitMs });
  const query = (columns: readonly string[]) =>
    ask([`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits']);
  const [first, table] = await Promise.all([query(fields), ask([])]);
  const columns = refusedField(first) ? fields.filter((name) => name !== 'compute_cap') : fields;
  const answer = columns === fields ? first : await query(columns);
  const { driver, gpus } = parseQuery(answer.stdout, columns);
  const failures = answer.code === 0 && gpus.length > 0 ? [] : [`nvidia-smi: ${complaint(answer)}`];
  return { nvidiaDriver: driver, driverCuda: parseCudaVersion(table.stdout), gpus, failures };
}
