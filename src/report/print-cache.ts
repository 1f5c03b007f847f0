import type { HoldingReport, Report } from '../values/report.js';
import { formatBytes } from './progress.js';

const minute = (time: string): string => time.slice(0, 16).replace('T', ' ');
const sum = (holdings: readonly HoldingReport[]): number => holdings.reduce((total, { bytes }) => total + bytes, 0);

function line({ kind, name, user, bytes, lastUsed }: HoldingReport): string {
  const what = kind === 'wheel' ? name : `${name}, unpacked for user ${user}`;
  return `  ${formatBytes(bytes).padStart(8)}  ${minute(lastUsed)}  ${what}`;
}

function group(title: string, holdings: readonly HoldingReport[]): string[] {
  if (holdings.length === 0) return [];
  const largest = holdings.toSorted((a, b) => b.bytes - a.bytes);
  return ['', `${title}: ${formatBytes(sum(holdings))}`, ...largest.map(line)];
}

/** What `cache ls`, `prune` and `verify` print: the folder with its size and limit, then what it holds, by key (times are UTC). */
export function formatCache({ store, command }: Report): string {
  if (store === null) return '';
  const limit = store.limit === null ? 'no limit' : `limit ${formatBytes(store.limit)}`;
  const lines = [`${store.folder}: ${formatBytes(store.bytes)}, ${limit}`];
  if (command === 'cache ls') {
    const keys = [...new Set(store.holdings.flatMap((one) => one.keys))];
    const of = (key: string) => store.holdings.filter((one) => one.keys.includes(key));
    for (const key of keys.sort()) lines.push(...group(key, of(key)));
    lines.push(
      ...group(
        'of no key',
        store.holdings.filter((one) => one.keys.length === 0),
      ),
    );
    if (keys.length > 1)
      lines.push('', 'What several keys use is listed under each, and counted once in the first line.');
  }
  if (command === 'cache prune') {
    lines.push(store.evicted.length === 0 ? 'Nothing had to go.' : `${formatBytes(sum(store.evicted))} went:`);
    lines.push(...store.evicted.map(line));
  }
  return `${lines.join('\n')}\n`;
}
