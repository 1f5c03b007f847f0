/**
 * The fault matrix: every fault against this program, uv, pip 23.2.1 and the newest pip, with real wheels from mirrors on loopback; the
 * bad mirror is named first, the good one in the way of each program's own manual. `--only WORD` takes the rows whose name holds it,
 * `--clients a,b` some of the programs, `--full` the real PaddlePaddle for a handful of rows. `--json FILE` writes every cell as soon as it
 * is there, and goes on where the file ends; `--page FILE` writes the whole table as a page.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clients } from './faults/clients.js';
import { type Row, rows } from './faults/rows.js';
import { bringSupplies } from './faults/supplies.js';
import { page, table, tally } from './faults/table.js';
import { type Outcome, trial, wheelBytes } from './faults/trial.js';

/** Rows that the real PaddlePaddle is tried with. */
const heavy = [
  'stall at 50 %',
  'reset at 90 %',
  'every connection reset after 1 MB',
  'one wrong byte',
  'killed at 50 % and run again',
];

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    only: { type: 'string', default: '' },
    clients: { type: 'string', default: '' },
    full: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '3' },
    limit: { type: 'string' },
    json: { type: 'string' },
    page: { type: 'string' },
  },
});

const supplies = bringSupplies(values.full);
const wanted = rows.filter(({ name }) => name.includes(values.only) && (!values.full || heavy.includes(name)));
const taking = clients.filter(
  ({ name }) => values.clients === '' || values.clients.split(',').some((word) => name.includes(word)),
);
/** The real PaddlePaddle takes pip a minute where the mirror is slow and nothing is wrong. */
const limit = Number(values.limit ?? (values.full ? 180 : 60));
const { json } = values;
const outcomes: Outcome[] = json !== undefined && existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : [];

const isTried = (row: Row, name: string): boolean =>
  outcomes.some((outcome) => outcome.row === row.name && outcome.client === name);

/** Ours has to survive what can be survived, and to fail plainly where nothing can. */
function isMissed({ row, client, verdict }: Outcome): boolean {
  const hopeless = rows.find(({ name }) => name === row)?.hopeless === true;
  return client === 'ours' && verdict !== 'left out' && verdict !== (hopeless ? 'failed plainly' : 'survived');
}

async function work(queue: Row[]): Promise<void> {
  for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
    const current = row;
    const untried = taking.filter(({ name }) => !isTried(current, name));
    const done = await Promise.all(untried.map((client) => trial(current, client, supplies, limit * 1000)));
    outcomes.push(...done);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(outcomes, null, 2)}\n`);
    console.error(`${current.name}: ${done.map(({ client, verdict }) => `${client} ${verdict}`).join(', ')}`);
  }
}

const queue = wanted.filter((row) => taking.some(({ name }) => !isTried(row, name)));
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(queue)));

const names = taking.map(({ name }) => name);
console.log(`${table(wanted, names, outcomes)}\n\n${tally(names, outcomes)}`);
if (values.page !== undefined) writeFileSync(values.page, page(wanted, names, outcomes, wheelBytes(supplies), limit));
const missed = outcomes.filter(isMissed);
for (const { row, verdict, said } of missed) console.log(`\nMISSED by ours: ${row}: ${verdict}\n${said}`);
if (missed.length > 0) process.exitCode = 1;
