import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const helpers = join(import.meta.dirname, '..', '..', 'src', 'verify');
const windows = process.platform === 'win32';
const code = `
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from answer import Wrong
from memory_limits import cgroup_files, check_memory
try:
    check_memory(cgroup_files(sys.argv[2], sys.argv[3]))
except Wrong as wrong:
    print(wrong)
`;

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'memory-limits-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What is told of a process with this `/proc/self/cgroup` where these files limit memory; '' for nothing. */
async function told(processes: string, limits: Readonly<Record<string, string>>): Promise<string> {
  count += 1;
  const mount = join(root, String(count));
  await mkdir(mount);
  const file = join(mount, 'processes');
  await writeFile(file, processes);
  for (const [name, text] of Object.entries(limits)) {
    await mkdir(dirname(join(mount, name)), { recursive: true });
    await writeFile(join(mount, name), `${text}\n`);
  }
  const ran = spawnSync(windows ? 'python' : 'python3', ['-c', code, helpers, file, mount], { encoding: 'utf8' });
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return ran.stdout.trim().replace(mount, 'MOUNT');
}

describe('the memory that a cgroup allows', () => {
  test('is told where it is too little, by the file that says so', async () => {
    expect(await told('0::/job\n', { 'job/memory.max': '512000000' })).toBe(
      '512 MB of memory are allowed (MOUNT/job/memory.max), 700 MB are needed',
    );
  });

  test('is the least of the whole path, in both versions of cgroups', async () => {
    const limits = { 'a/b/memory.max': 'max', 'a/memory.max': '300000000', 'memory.max': '600000000' };
    expect(await told('0::/a/b\n', limits)).toContain('300 MB of memory are allowed (MOUNT/a/memory.max)');
    const first = {
      'memory/a/memory.limit_in_bytes': '400000000',
      'memory/memory.limit_in_bytes': '9223372036854771712',
    };
    expect(await told('4:memory:/a\n2:cpu:/b\n', first)).toContain('400 MB of memory are allowed');
  });

  test("is found in a container whose path is the host's", async () => {
    const limits = { 'memory/memory.limit_in_bytes': '200000000' };
    expect(await told('9:cpu,memory:/docker/0123abcd\n0::/\n', limits)).toContain('200 MB');
    expect(await told('0::/../../other\n', { 'memory.max': '100000000' })).toContain('100 MB');
  });

  test.each([
    ['there is enough', '0::/\n', { 'memory.max': '2000000000' }],
    ['nothing is limited', '4:memory:/a\n', { 'memory/memory.limit_in_bytes': '9223372036854771712' }],
    ['there are no cgroups', '', {}],
  ])('is not told where %s', async (_, processes, limits) => {
    expect(await told(processes, limits)).toBe('');
  });
});
