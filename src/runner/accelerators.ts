import { run } from '../process/run.js';
import type { Accelerators } from '../values/runner.js';
import { complaint } from './complaint.js';
import { findProgram } from './find-program.js';
import { inspectNvidia } from './nvidia.js';

/** How a vendor's tool is asked, and which answers are another vendor's tool of the same name. */
interface VendorTool {
  /** Device id of the catalogue. */
  readonly device: string;
  /** Program names, the first one on PATH is run. */
  readonly programs: readonly string[];
  readonly args: readonly string[];
  /** What the answer must hold, and what it must not. */
  readonly of?: RegExp;
  readonly notOf?: RegExp;
}

const limitMs = 5_000;
const vendorTools: readonly VendorTool[] = [
  // Intel's GPU tool is called xpu-smi too.
  { device: 'xpu', programs: ['xpu-smi', 'xpu_smi'], args: [], notOf: /intel/i },
  { device: 'npu', programs: ['npu-smi'], args: ['info'] },
  { device: 'dcu', programs: ['hy-smi'], args: [] },
  // Hygon's toolkit brings its own rocm-smi; AMD's says nothing of a DCU.
  { device: 'dcu', programs: ['rocm-smi'], args: [], of: /\bDCU\b|hygon/i },
  { device: 'mlu', programs: ['cnmon'], args: [] },
  { device: 'gcu', programs: ['efsmi'], args: [] },
  { device: 'maca', programs: ['mx-smi'], args: [] },
  { device: 'ixuca', programs: ['ixsmi'], args: [] },
];

/**
 * Number of devices in the table that a vendor's tool prints: its distinct PCI addresses (`0000:c1:00.0`), of which the lists of
 * processes below have none; a table without addresses counts by the numbers that its rows begin with.
 */
export function countDevices(table: string): number {
  const addresses = table.match(/(?<![\w:.])(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?![\w.])/gi) ?? [];
  if (addresses.length > 0) return new Set(addresses.map((address) => address.toLowerCase())).size;
  const rows = [...table.matchAll(/^[| \t]*(\d{1,3})[ \t]{2,}\S.*(?:[ \t]{2,}|\|)/gm)].map((match) => match[1]);
  return new Set(rows).size;
}

async function askVendor(
  tool: VendorTool,
  options: { readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<{ readonly device: string; readonly count: number; readonly failure: string | null } | null> {
  const found = await Promise.all(tool.programs.map((name) => findProgram(name, options.environment)));
  const program = found.find((file) => file !== null);
  if (program === undefined || program === null) return null;
  const answer = await run({ ...options, file: program, args: tool.args, limitMs });
  if (tool.notOf?.test(answer.stdout + answer.stderr)) return null;
  const ours = tool.of?.test(answer.stdout) ?? true;
  const count = answer.code === 0 && ours ? countDevices(answer.stdout) : 0;
  if (count === 0 && !ours) return null;
  return { device: tool.device, count, failure: count > 0 ? null : `${tool.programs[0]}: ${complaint(answer)}` };
}

/**
 * The accelerators of the machine by the word of their vendors' tools, all asked at once, 5 s each; nothing is started that is not on
 * PATH. Nothing here fails but an aborted signal (its reason is thrown).
 */
export async function inspectAccelerators(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<Accelerators> {
  const [nvidia, ...answers] = await Promise.all([
    inspectNvidia(options),
    ...vendorTools.map((tool) => askVendor(tool, options)),
  ]);
  const others = new Map<string, number>();
  for (const answer of answers) {
    if (answer !== null && answer.count > 0) {
      others.set(answer.device, Math.max(answer.count, others.get(answer.device) ?? 0));
    }
  }
  return {
    ...nvidia,
    others: [...others].map(([device, count]) => ({ device, count })),
    failures: [...nvidia.failures, ...answers.flatMap((answer) => answer?.failure ?? [])],
  };
}
