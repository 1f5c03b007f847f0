import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { tinyWheel } from '../install/tiny-wheel.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, pythonFiles, type Shop, setup } from './shop.js';

const large = 3_000_000;
let machine: Machine;
let shop: Shop;

beforeEach(async () => {
  machine = await makeMachine();
  const member = randomBytes(large).toString('base64');
  const paddlepaddle = tinyWheel({
    name: 'paddlepaddle',
    version: '3.2.2',
    requires: ['numpy', 'idna'],
    members: { 'paddle/__init__.py': "__version__ = '3.2.2'\n", 'paddle/weights.txt': member },
  });
  shop = await openShop({ files: { ...pythonFiles(), paddlepaddle } });
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));

const paths = (): string[] => shop.index.requests.map(({ path }) => path);

describe('what is begun ahead of its turn', () => {
  test('costs no request twice: each page is asked for once, and each byte of a file comes once', async () => {
    const said = await setup(machine, shop, ['--venv', '.paddle', '--verify', 'off']);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    const pages = paths().filter((path) => path.startsWith('/simple/'));
    expect(pages.sort()).toEqual([...new Set(pages)].sort());
    const sizes = said.report.lock.files.reduce((sum, { size }) => sum + (size ?? 0), 0);
    // The end of the large wheel is read for its metadata before the whole is begun.
    expect(shop.bytes()).toBeLessThanOrEqual(sizes + 2 ** 17);
  });

  test('is no file where the requirements contradict each other', async () => {
    const packages = ['--packages', 'numpy<1'];
    const said = await setup(machine, shop, ['--venv', '.paddle', '--verify', 'off', ...packages]);
    expect(said.exitCode).toBe(2);
    expect(shop.bytes()).toBeLessThan(large);
    expect(await machine.files()).not.toContain('.paddle');
  });
});
