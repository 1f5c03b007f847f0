import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeScratch } from '../process/folders.js';
import { Failure, type Problem } from '../values/failure.js';
import { type Gateway, type GatewayProblem, servingProblems } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Log } from '../values/log.js';
import type { Requirement } from '../values/requirement.js';
import { explainNoSolution, linesNamed } from './explain.js';
import { formatArguments } from './formats.js';
import { parsePins, type ResolvedPin } from './pins.js';

/** Runs uv with these arguments to its end; limits, cache and environment are its maker's. */
type RunUv = (
  args: readonly string[],
  purpose: string,
) => Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;

/** The gateway with what resolving needs of it. */
interface ResolvingGateway extends Pick<Gateway, 'indexUrl' | 'stats'> {
  /** Address behind the gateway of a public `https` link. */
  publishDirect(url: string): string;
  /** Projects and files that could not be served when they were last asked for. */
  problems(): readonly GatewayProblem[];
}

interface Wishes {
  readonly uv: RunUv;
  readonly interpreter: Pick<Interpreter, 'executable'>;
  readonly gateway: ResolvingGateway;
  /** PaddlePaddle's pins are lines like the user's, with the input that asked for them as origin. */
  readonly lines: { readonly requirements: readonly Requirement[]; readonly constraints: readonly Requirement[] };
  readonly preReleases: boolean;
  /** `--no-binary`/`--only-binary` lines as given. */
  readonly formats: readonly string[];
  /** Asks more sources for the pages seen so far, which may be stale or wrong; whether that changed any. */
  readonly confirm: () => Promise<boolean>;
  readonly log: Log;
}

/** Lines for uv, direct links led through the gateway; `published` takes the way back. */
function linesForUv(lines: readonly Requirement[], gateway: ResolvingGateway, published: Map<string, string>): string {
  const texts = lines.map((line) => {
    if (line.kind !== 'url' || line.url === null) return line.text;
    const address = gateway.publishDirect(line.url.replace(/#.*$/s, ''));
    published.set(address, line.url.replace(/#.*$/s, ''));
    return line.text.replace(line.url, address);
  });
  return texts.map((text) => `${text}\n`).join('');
}

/** What is left: a repository that can't be fetched, an sdist that does not build. */
function otherProblem(stderr: string, lines: readonly Requirement[]): Problem {
  const said = stderr
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const last = said.slice(-6).join(' / ');
  const line =
    lines.find((candidate) => candidate.url !== null && stderr.includes(candidate.url)) ?? linesNamed(stderr, lines)[0];
  return {
    where: line?.origin ?? 'resolving',
    what: `uv could not resolve the requirements: ${last}`,
    remedy: 'See the lines above; a source distribution or repository needs its build tools on this machine.',
  };
}

/**
 * Resolves the lines to versions with uv, through the gateway alone; for either installer.
 * Throws Failure(2) with uv's explanation in our words where there is no solution, Failure(1) where a source or a build failed:
 * the gateway's own record tells the two apart, never uv's text.
 */
export async function resolve(wishes: Wishes): Promise<ResolvedPin[]> {
  const { gateway, lines } = wishes;
  // In one go: beside a download at full speed each asynchronous step waits longer than all of these take.
  const folder = makeScratch();
  try {
    const published = new Map<string, string>();
    const files = {
      requirements: path.join(folder, 'requirements.in'),
      constraints: path.join(folder, 'constraints.in'),
    };
    writeFileSync(files.requirements, linesForUv(lines.requirements, gateway, published));
    writeFileSync(files.constraints, linesForUv(lines.constraints, gateway, published));
    const args = [
      ...['pip', 'compile', '--python', wishes.interpreter.executable, '--default-index', gateway.indexUrl],
      ...['--no-annotate', '--no-header', '--strip-extras', '--no-sources'],
      ...(wishes.preReleases ? ['--prerelease', 'allow'] : []),
      ...formatArguments(wishes.formats),
      ...['--constraints', files.constraints, files.requirements],
    ];
    const broken = gateway.stats().broken.length;
    const first = await wishes.uv(args, 'uv pip compile');
    const repaired = gateway.stats().broken.length > broken;
    const again = first.code !== 0 && (repaired || (await wishes.confirm()));
    const ran = again ? await wishes.uv(args, 'uv pip compile') : first;
    wishes.log.debug(ran.stderr.trim());
    if (ran.code === 0) return parsePins(ran.stdout, published);

    const network = servingProblems(gateway.problems());
    if (network.length > 0) throw new Failure(1, network);
    const all = [...lines.requirements, ...lines.constraints];
    const noSolution = explainNoSolution(ran.stderr, all);
    throw noSolution === null ? new Failure(1, [otherProblem(ran.stderr, all)]) : new Failure(2, [noSolution]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
