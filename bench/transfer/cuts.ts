import { statSync } from 'node:fs';
import { startMirror } from '../../__tests__/support/mirror.js';
import { type Client, clients } from '../faults/clients.js';
import { bringSupplies, type Supplies } from '../faults/supplies.js';
import { goal } from '../goal.js';
import { launch, prepare } from './launch.js';

const damages = ['cut at 90 % once', 'cut after every 5 MB', 'killed at 90 %'] as const;
type DamageName = (typeof damages)[number];

/** Bytes over the size of the largest wheel, in percent of it; null when the client did not get it at all. */
async function overhead(client: Client, supplies: Supplies, damage: DamageName): Promise<number | null> {
  const [filename, file] = Object.entries(supplies.files['paddlepaddle'] ?? {})[0] ?? ['', ''];
  const { size } = statSync(file);
  const at = Math.floor(size * 0.9);
  let cut = damage !== 'cut at 90 % once';
  let kill: (() => void) | null = null;
  const mirror = await startMirror({
    files: supplies.files,
    metadata: supplies.metadata,
    // Faster than the clients read, the sockets would fill with bytes that no client has seen.
    latencyMs: 20,
    bytesPerSecondPerConnection: 6_000_000,
    fault: ({ path, headers }) => {
      if (!path.endsWith(filename)) return null;
      if (damage === 'cut after every 5 MB') return { kind: 'reset', after: 5_000_000 };
      const [from = 0, to = size] = (/bytes=(\d+)-(\d*)/.exec(headers.range ?? '')?.slice(1) ?? []).map((text) =>
        text === '' ? size : Number(text),
      );
      if (cut || from > at || to < at) return null;
      cut = true;
      return { kind: 'reset', after: at - from };
    },
    // At the very byte: a look from time to time would count what came until the next one.
    handed: () => {
      if (kill === null || fetched() < at) return;
      kill();
      kill = null;
    },
  });
  const paddle = await startMirror({ files: {}, paddle: true });
  const task = prepare(client, supplies, [mirror.index], paddle.index);
  const fetched = (): number =>
    mirror.requests.reduce((sum, { path, bytes }) => (path.endsWith(filename) ? sum + bytes : sum), 0);
  try {
    const watch = (): void => undefined;
    if (damage === 'killed at 90 %') {
      await launch(client.install(task), 300_000, watch, (killing) => {
        kill = killing;
      });
    }
    const { exitCode } = await launch(client.install(task), 300_000, watch);
    return exitCode === 0 ? (fetched() / size - 1) * 100 : null;
  } finally {
    await mirror.close();
    await paddle.close();
    task.remove();
  }
}

/** P7: a transfer that is broken off goes on where it stopped. */
export async function cuts(): Promise<void> {
  const supplies = bringSupplies(true);
  console.log("P7: bytes of PaddlePaddle's wheel over its size");
  for (const damage of damages) {
    for (const client of clients) {
      const extra = await overhead(client, supplies, damage);
      console.log(`    ${damage}, ${client.name}: ${extra === null ? 'failed' : `${extra.toFixed(2)} % more`}`);
      if (client.name === 'ours') goal(damage, extra ?? Number.POSITIVE_INFINITY, 1, ' %');
    }
  }
}
