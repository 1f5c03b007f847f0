import { type Mirror, startMirror } from '../../__tests__/support/mirror.js';
import { clients } from '../faults/clients.js';
import { bringSupplies } from '../faults/supplies.js';
import { goal } from '../goal.js';
import { median } from '../stopwatch.js';
import { installOnce } from './launch.js';

const rounds = 3;
const MB = 1_000_000;

/** P8: what slow and dying mirrors cost beside a fast one. */
export async function threeMirrors(): Promise<void> {
  const supplies = bringSupplies(true);
  const [ours] = clients;
  if (ours === undefined) throw new Error('there is no client');
  const { files, metadata } = supplies;
  const paddle = await startMirror({ files: {}, paddle: true });
  const times = { alone: [] as number[], three: [] as number[] };
  console.log('P8: three mirrors, in the order slow (0.2 MB/s a connection), dying (after 20 MB), fast (10 MB/s)');
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of ['alone', 'three'] as const) {
        const fast = await startMirror({ files, metadata, latencyMs: 20, bytesPerSecondPerConnection: 10 * MB });
        const slow = await startMirror({ files, metadata, latencyMs: 60, bytesPerSecondPerConnection: 0.2 * MB });
        const dying: Mirror = await startMirror({
          files,
          metadata,
          latencyMs: 20,
          bytesPerSecondPerConnection: 10 * MB,
          fault: () => (dying.bytes > 20 * MB ? { kind: 'reset', after: 0 } : null),
        });
        try {
          const chosen = kind === 'alone' ? [fast] : [slow, dying, fast];
          const indexes = chosen.map(({ index }) => index);
          const { ms } = await installOnce(ours, supplies, indexes, paddle.index);
          times[kind].push(ms);
          const parts = [slow, dying, fast].map(({ bytes }) => `${(bytes / MB).toFixed(0)} MB`).join(', ');
          console.log(`    ${kind}: ${(ms / 1000).toFixed(2)} s (${parts})`);
        } finally {
          await Promise.all([fast, slow, dying].map((mirror) => mirror.close()));
        }
      }
    }
  } finally {
    await paddle.close();
  }
  goal('time against the fast one alone', median(times.three) / median(times.alone), 1.2, '');
}
