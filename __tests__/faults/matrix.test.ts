import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Row, rows } from '../../bench/faults/rows.js';
import { openStage, type Stage } from '../../bench/faults/stage.js';
import { sha256 } from '../transfer/setup.js';
import { filename, type House, makeWheel, openHouse, project } from './house.js';

const wheel = makeWheel();
let stage: Stage;
let house: House | null = null;

async function open(row: Row, count = 3): Promise<House> {
  stage = openStage({ [project]: { [filename]: wheel } });
  const scene = await row.open(stage);
  house = await openHouse({ ...scene, indexes: scene.indexes.slice(0, count) });
  return house;
}

/** Hashes of all that lies among the store's wheels. */
async function stored({ root }: House): Promise<string[]> {
  const found = await readdir(join(root, 'wheels'), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => sha256(await readFile(file))));
}

afterEach(async () => {
  await house?.close();
  house = null;
  await stage.close();
});

/** The others are about a whole program: they are in cli.test.ts. */
const networks = rows.filter((row) => row.killed === undefined && row.diskBytes === undefined);

describe('with a good source behind the bad one the right bytes come, and no others enter the store:', () => {
  test.each(networks.filter(({ hopeless }) => hopeless === undefined))(
    '$name',
    async (row) => {
      const opened = await open(row);
      const { sha256: hash } = await opened.bring();
      expect(hash).toBe(sha256(wheel));
      expect(await stored(opened)).toEqual([sha256(wheel)]);
    },
    30_000,
  );
});

describe('without a good source the message names the source and the reason:', () => {
  const alone = [
    'connection refused',
    'TLS: expired certificate',
    'TLS: unknown authority',
    'TLS: certificate of another name',
    'stall at 50 %',
    'truncated, length announced',
    'truncated, no length',
    'one wrong byte',
    'wrong hash on the page',
    'page empty with 200',
    'page is a login',
    'page is 2 MB of garbage',
    'hostile link: file:',
    '403 on the page',
    '404 on the page',
    '403 on the file',
    '404 on the file',
    'redirect loop',
    '206 with another range',
    'gzip on a wheel',
    'all dead',
  ];
  test.each(rows.filter(({ name }) => alone.includes(name)))(
    '$name',
    async (row) => {
      const opened = await open(row, row.hopeless ? 2 : 1);
      const failure = await opened.bring().then(
        () => null,
        (error: Error) => error,
      );
      expect(failure?.message).toMatch(row.reason);
      expect(failure?.message).toMatch(/\b0-127\.0\.0\.1:\d+/);
      expect(await stored(opened)).toEqual([]);
    },
    30_000,
  );

  test('every row of the list is one of the matrix', () => {
    const names = rows.map(({ name }) => name);
    expect(alone.filter((name) => !names.includes(name))).toEqual([]);
  });
});
