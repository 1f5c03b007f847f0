/**
 * How fast, how lean and how stubborn a download is, beside pip and uv: `npm run bench -- transfer`, or parts of it:
 * `npm run bench -- transfer P2 P7`. Real wheels from mirrors on loopback that are shaped per connection; ratios of one run.
 */
import { cuts } from './transfer/cuts.js';
import { largeWheels } from './transfer/large.js';
import { removeUsed } from './transfer/launch.js';
import { threeMirrors } from './transfer/mirrors.js';
import { shaped, unshaped } from './transfer/speed.js';

const parts = new Map([
  ['P1', shaped],
  ['P2', unshaped],
  ['P6', largeWheels],
  ['P7', cuts],
  ['P8', threeMirrors],
]);

const wanted = process.argv.length > 3 ? process.argv.slice(3) : [...parts.keys()];
const unknown = wanted.filter((name) => !parts.has(name));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(', ')}: there are ${[...parts.keys()].join(', ')}`);
  process.exitCode = 2;
} else {
  for (const name of wanted) {
    try {
      await parts.get(name)?.();
    } finally {
      removeUsed();
    }
  }
}
