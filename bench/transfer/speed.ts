import { clients } from '../faults/clients.js';
import { openStage } from '../faults/stage.js';
import { bringSupplies, type Supplies } from '../faults/supplies.js';
import { goal } from '../goal.js';
import { median } from '../stopwatch.js';
import { installOnce } from './launch.js';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/**
 * Seconds of each client, cold, from one mirror; medians, the clients in turn. `lastByte`: until the mirror had handed its last byte to this
 * program, which hands it on; what follows is the installer's own work.
 */
async function race(
  supplies: Supplies,
  rounds: number,
  shape: { readonly latencyMs?: number; readonly bytesPerSecondPerConnection?: number },
): Promise<{
  readonly pip: number;
  readonly uv: number;
  readonly ours: number;
  readonly lastByte: number;
  readonly peakBytes: number;
}> {
  const times = new Map<string, number[]>();
  const lastBytes: number[] = [];
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const client of clients.filter(({ name }) => name !== 'newest pip')) {
      const stage = openStage(supplies.files);
      try {
        let handedMs = 0;
        const handed = (): void => {
          handedMs = performance.now();
        };
        const mirror = await stage.good({ ...shape, metadata: supplies.metadata, handed });
        const paddle = await stage.empty();
        const ended = await installOnce(client, supplies, [mirror.index], paddle.index);
        times.set(client.name, [...(times.get(client.name) ?? []), ended.ms]);
        const lastByte = handedMs - ended.begunMs;
        if (client.name === 'ours') {
          peaks.push(ended.peakBytes);
          lastBytes.push(lastByte);
        }
        console.log(`    ${client.name} ${seconds(ended.ms)}, the mirror's last byte after ${seconds(lastByte)}`);
      } finally {
        await stage.close();
      }
    }
  }
  const of = (start: string): number =>
    median([...times].flatMap(([name, list]) => (name.startsWith(start) ? list : [])));
  const [ours, lastByte] = [of('ours'), median(lastBytes)];
  const result = { pip: of('pip'), uv: of('uv'), ours, lastByte, peakBytes: Math.max(...peaks) };
  console.log(`  pip ${seconds(result.pip)}  uv ${seconds(result.uv)}  ours ${seconds(result.ours)}`);
  return result;
}

/** P1: a network that gives each connection little. */
export async function shaped(): Promise<void> {
  console.log('P1: PaddlePaddle 3.2.2 and dependencies, 4 MB/s a connection, 60 ms');
  const { pip, uv, ours, lastByte } = await race(bringSupplies(true), 1, {
    latencyMs: 60,
    bytesPerSecondPerConnection: 4_000_000,
  });
  goal('time against pip', ours / pip, 1 / 10, '');
  goal('time against uv', ours / uv, 1 / 8, '');
  // What this program does is bring the bytes; uv unpacks a wheel on one thread.
  goal('time until the last byte against the whole of pip', lastByte / pip, 1 / 10, '');
  goal('time until the last byte against the whole of uv', lastByte / uv, 1 / 8, '');
}

/** P2: nothing is in the way but the computer itself. */
export async function unshaped(): Promise<void> {
  console.log('P2: PaddlePaddle 3.2.2 and dependencies, loopback without limits, medians of 3');
  const { pip, uv, ours, peakBytes } = await race(bringSupplies(true), 3, {});
  goal('time against uv', ours / uv, 1.15, '');
  goal('time against pip', ours / pip, 0.35, '');
  // uv does the unpacking here too: where it takes more than the goal itself, this program can not take less.
  console.log(`  uv itself takes ${(uv / pip).toFixed(2)} of pip's time on this computer.`);
  if (peakBytes > 0) goal("this program's own peak memory", peakBytes / 1e6, 150, ' MB');
}
