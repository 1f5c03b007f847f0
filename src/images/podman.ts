import { run } from '../process/run.js';
import { EngineFault, type ImageHolder } from '../values/engine.js';
import { fullName } from '../values/images.js';

const questionMs = 30_000;

/**
 * podman as a holder of images, for machines without Docker. It finds its own logins (`podman login`, and Docker's) and does not say how
 * many bytes came.
 */
export function openPodman(program: string, environment: NodeJS.ProcessEnv, pullMs: () => number): ImageHolder {
  const call = async (args: readonly string[], limitMs: number, signal: AbortSignal) => {
    const ran = await run({ file: program, args, environment, limitMs, graceMs: 2_000, signal });
    const said = ran.stderr.trim().split('\n').at(-1) ?? '';
    const why = ran.timedOut ? `it took longer than ${Math.round(limitMs / 1000)} s` : said || (ran.startError ?? '');
    return { ran, fault: new EngineFault(`podman ${args[0]}: ${why}`, ran.code, ran.startError) };
  };
  return {
    name: 'podman',
    async image(name, signal) {
      const { ran } = await call(['image', 'inspect', name], questionMs, signal);
      if (ran.code !== 0) return null;
      type Inspected = readonly { readonly Id: string; readonly RepoDigests?: readonly string[] | null }[];
      const [found] = JSON.parse(ran.stdout) as Inspected;
      return found === undefined ? null : { id: found.Id, digests: found.RepoDigests ?? [] };
    },
    async pull(image, _login, _progress, signal) {
      const byDigest = image.digest === null ? image : { ...image, tag: null };
      const { ran, fault } = await call(['pull', '--quiet', fullName(byDigest)], pullMs(), signal);
      if (ran.code !== 0) throw fault;
      return null;
    },
    async tag(image, name, signal) {
      const { ran, fault } = await call(['tag', image, name], questionMs, signal);
      if (ran.code !== 0) throw fault;
    },
  };
}
