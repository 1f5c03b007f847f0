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
  /** Model names in the answer. */
  readonly model: RegExp;
  /** What the answer must hold, and what it must not. */
  readonly of?: RegExp;
  readonly notOf?: RegExp;
}

const limitMs = 5_000;
const vendorTools: readonly VendorTool[] = [
  // Intel's GPU tool is called xpu-smi too.
  { device: 'xpu', programs: ['xpu-smi', 'xpu_smi'], args: [], model: /\b[PR]\d{3}\b(?: \w+)?/g, notOf: /intel/i },
  { device: 'npu', programs: ['npu-smi'], args: ['info'], model: /(?<=^\|[ \t]*\d+[ \t]+)(?:Ascend)?\d{3}\S*/gm },
  { device: 'dcu', programs: ['hy-smi'], args: [], model: /\b(?:K100\w*|Z100\w*|BW\d+)\b/g },
  // Hygon's toolkit brings its own rocm-smi; AMD's says nothing of a DCU.
  { device: 'dcu', programs: ['rocm-smi'], args: [], model: /\b(?:K100\w*|Z100\w*|BW\d+)\b/g, of: /\bDCU\b|hygon/i },
  { device: 'mlu', programs: ['cnmon'], args: [], model: /\bMLU\d+\S*/g },
  { device: 'gcu', programs: ['efsmi'], args: [], model: /(?<=^\|[ \t]*\d+[ \t]+(?:Enflame )?)[A-Z]\d+\w*/gm },
  // Moffett's tool is called mx-smi too.
  { device: 'maca', programs: ['mx-smi'], args: [], model: /\b(?:MX|MetaX )[CN]\d+/g, notOf: /moffett/i },
  { device: 'ixuca', programs: ['ixsmi'], args: [], model: /\b(?:BI|MR)-V\d+\w*/g },
];

/**
 * Number of devices in the table that a vendor's tool prints: its distinct PCI addresses (`0000:c1:00.0`, Enflame's `00:2d:00.0`), of
 * which the lists of processes below have none; a table without addresses counts by the numbers that its rows begin with. A PCI device
 * number has five bits, so a time of day is none.
 */
export function countDevices(table: string): number {
  const addresses = table.match(/(?<![\w:.])(?:[0-9a-f]{2,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7](?![\w.])/gi) ?? [];
  if (addresses.length > 0) return new Set(addresses.map((address) => address.toLowerCase())).size;
  const rows = [...table.matchAll(/^[| \t]*(\d{1,3})[ \t]{2,}\S.*(?:[ \t]{2,}|\|)/gm)].map((match) => match[1]);
  return new Set(rows).size;
}

async function askVendor(
  tool: VendorTool,
  options: { readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<{
  readonly device: string;
  readonly count: number;
  readonly models: readonly string[];
  readonly failure: string | null;
} | null> {
  const found = await Promise.all(tool.programs.map((name) => findProgram(name, options.environment)));
  const program = found.find((file) => file !== null);
  if (program === undefined || program === null) return null;
  const answer = await run({ ...options, file: program, args: tool.args, limitMs });
  if (tool.notOf?.test(answer.stdout + answer.stderr)) return null;
  const ours = tool.of?.test(answer.stdout) ?? true;
  const count = answer.code === 0 && ours ? countDevices(answer.stdout) : 0;
  if (count === 0 && !ours) return null;
  const models = [...new Set(answer.stdout.match(tool.model) ?? [])];
  // Kunlun's two generations have one tool and a build each.
  const older = tool.device === 'xpu' && models.length > 0 && models.every((model) => model.startsWith('R'));
  return {
    device: older ? 'xpu2' : tool.device,
    count,
    models,
    failure: count > 0 ? null : `${tool.programs[0]}: ${complaint(answer)}`,
  };
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
  const others = new Map<string, Accelerators['others'][number]>();
  for (const answer of answers) {
    if (answer !== null && answer.count > (others.get(answer.device)?.count ?? 0)) {
      const { device, count, models } = answer;
      others.set(device, { device, count, models });
    }
  }
  return {
    ...nvidia,
    others: [...others.values()],
    failures: [...nvidia.failures, ...answers.flatMap((answer) => answer?.failure ?? [])],
  };
}
