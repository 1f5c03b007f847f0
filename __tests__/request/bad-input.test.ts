import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type InputName, inputs } from '../../src/request/inputs.js';
import { createRefusals } from './refusals.js';

const { cwd, answer } = createRefusals({ 'a-file': '', 'folder/inner': '' });
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const devices = 'there are auto, cpu, gpu, cu118, cu126, cu129, xpu, npu.';
const versionWhat = 'allowed is a version (3.2.2), a series (3.2.*), clauses (>=3.1,<3.3), latest or nightly.';
const untold = 'but install is off: that only fills the cache, and later steps are not told.';
const venvRemedy = 'Name a folder that is a virtual environment, is empty or is not there yet.';

describe('a wrong input is answered with what was given, what is allowed and what to write', () => {
  const rows: readonly (readonly [given: Partial<Record<InputName, string>>, ...answer: string[]])[] = [
    [{ device: 'cu12' }, `device: There is no device "cu12"; ${devices} Write \`device: cu126\`.`],
    [{ device: 'cu127' }, `device: There is no device "cu127"; ${devices} Write \`device: cu126\`.`],
    [{ device: 'cuda' }, `device: There is no device "cuda"; ${devices} Write \`device: gpu\`.`],
    [{ device: 'cudaa' }, `device: There is no device "cudaa"; ${devices} Write \`device: gpu\`.`],
    [{ device: 'gpus' }, `device: There is no device "gpus"; ${devices} Write \`device: gpu\`.`],
    [
      { device: 'rocm' },
      `device: There is no device "rocm": GPUs of AMD are served by AMD's own distribution alone (amd-paddlepaddle on AMD's index); \`dcu\` is Hygon's; ${devices} Write \`device: cpu\`.`,
    ],
    [
      { device: 'jetson-orin' },
      `device: There is no device "jetson-orin": NVIDIA's Jetson has no build on any index, only wheels for single versions of JetPack on PaddlePaddle's download pages; ${devices} Write \`device: cpu\`.`,
    ],
    [{ device: 'cuda-12.6' }, `device: There is no device "cuda-12.6"; ${devices} Write \`device: cu126\`.`],
    [{ device: 'Ascend' }, `device: There is no device "Ascend"; ${devices} Write \`device: npu\`.`],
    [{ device: 'GPU' }, `device: There is no device "GPU"; ${devices} Write \`device: gpu\`.`],
    [{ device: 'cpu\nx' }, `device: There is no device "cpu\\nx"; ${devices} Write \`device: cpu\`.`],
    [{ device: '$(id);"' }, `device: There is no device "$(id);\\""; ${devices} Write \`device: auto\`.`],
    [
      { 'paddle-version': 'lastest' },
      `paddle-version: It is "lastest"; ${versionWhat} Write \`paddle-version: latest\`.`,
    ],
    [{ 'paddle-version': '3.x' }, `paddle-version: It is "3.x"; ${versionWhat} Write \`paddle-version: '3.*'\`.`],
    [{ 'paddle-version': '3.2.x' }, `paddle-version: It is "3.2.x"; ${versionWhat} Write \`paddle-version: '3.2.*'\`.`],
    [{ 'paddle-version': '=3.2' }, `paddle-version: It is "=3.2"; ${versionWhat} Write \`paddle-version: '3.2.*'\`.`],
    [
      { 'paddle-version': '3.2.2; rm -rf $(x)' },
      `paddle-version: It is "3.2.2; rm -rf $(x)"; ${versionWhat} Write \`paddle-version: '3.2.*'\`.`,
    ],
    [
      { 'paddle-version': '3.2.2\0' },
      `paddle-version: It is "3.2.2\\u0000"; ${versionWhat} Write \`paddle-version: '3.2.*'\`.`,
    ],
    [{ install: 'yes' }, 'install: It is "yes"; allowed is on or off. Write `install: on`.'],
    [{ install: 'False' }, 'install: It is "False"; allowed is on or off. Write `install: off`.'],
    [{ install: 'ON' }, 'install: It is "ON"; allowed is on or off. Write `install: on`.'],
    [{ installer: 'pipp' }, 'installer: It is "pipp"; allowed is uv or pip. Write `installer: pip`.'],
    [{ cache: 'dir' }, 'cache: It is "dir"; allowed is auto, github, directory, s3 or off. Write `cache: directory`.'],
    ...(['20', '20kB', '0GB', '-1GB', 'all', '1e3GB', '20GBs'] as const).map(
      (size): readonly [Partial<Record<InputName, string>>, string] => [
        { 'cache-limit': size },
        `cache-limit: It is "${size}"; allowed is a size with MB, GB, TB (or MiB, GiB, TiB), or off for no limit. Write \`cache-limit: ${/^20|^1e/.test(size) ? `${Number.parseInt(size, 10)}GB` : '30GB'}\`.`,
      ],
    ),
    [{ verify: 'none' }, 'verify: It is "none"; allowed is full, import or off. Write `verify: off`.'],
    [{ gpu: 'option' }, 'gpu: It is "option"; allowed is required or optional. Write `gpu: optional`.'],
    [
      { configure: 'pip,dockr' },
      'configure: It names "dockr"; allowed is pip, docker, buildkit, containerd, podman or conda, or off alone. Write `configure: docker`.',
    ],
    [
      { configure: 'pip, off' },
      'configure: It names "off"; allowed is pip, docker, buildkit, containerd, podman or conda, or off alone. Write `configure: pip`.',
    ],
    [
      { configure: 'podman' },
      'configure: It names podman, but no `docker-mirrors` are given, so there is nothing to tell. Name mirrors in `docker-mirrors`, or leave these out.',
    ],
    [
      { configure: 'pip', 'docker-mirrors': 'daocloud' },
      'configure: `docker-mirrors` are given, but no tool is to be told of them. Write `configure: pip,docker`.',
    ],
    [
      { 'timeout-minutes': '30 min' },
      'timeout-minutes: It is "30 min"; allowed is a number of minutes above 0 and up to 10080. Write `timeout-minutes: 30`.',
    ],
    [
      { 'timeout-minutes': '0' },
      'timeout-minutes: It is "0"; allowed is a number of minutes above 0 and up to 10080. Write `timeout-minutes: 30`.',
    ],
    [
      { 'timeout-minutes': '1e99' },
      'timeout-minutes: It is "1e99"; allowed is a number of minutes above 0 and up to 10080. Write `timeout-minutes: 30`.',
    ],
    [
      { 'timeout-minutes': '99999' },
      'timeout-minutes: It is "99999"; allowed is a number of minutes above 0 and up to 10080. Write `timeout-minutes: 10080`.',
    ],
    [
      { 'lock-max-age': '7' },
      'lock-max-age: It is "7"; allowed is a number with m (minutes), h (hours) or d (days), or 0. Write `lock-max-age: 7d`.',
    ],
    [
      { 'lock-max-age': 'week' },
      'lock-max-age: It is "week"; allowed is a number with m (minutes), h (hours) or d (days), or 0. Write `lock-max-age: 7d`.',
    ],
    [
      { mirrors: 'tunna' },
      'mirrors: There is no mirror "tunna"; there are official, tuna, aliyun, and addresses. Write `mirrors: tuna`.',
    ],
    [
      { mirrors: 'auto, tuna' },
      'mirrors: `auto` stands alone: a list is exclusive. Take `auto` out, or write nothing else.',
    ],
    [
      { mirrors: 'ftp://m.invalid/simple' },
      'mirrors: "ftp://m.invalid/simple" can\'t be used: its scheme is `ftp:`, not http or https. Write the whole address of an index, such as `https://mirror.example/simple/`.',
    ],
    [
      { 'paddle-index': 'https:/oops' },
      'paddle-index: "https:/oops" can\'t be used: two slashes and a host must stand behind the scheme. Write the whole address of an index, such as `https://mirror.example/simple/`.',
    ],
    [
      { 'paddle-index': 'file:///srv/paddle' },
      'paddle-index: "file:///srv/paddle" can\'t be used: its scheme is `file:`, not http or https. Write the whole address of an index, such as `https://mirror.example/simple/`.',
    ],
    [
      { 'paddle-index': 'https://me:hunter2@h.invalid/a b' },
      'paddle-index: "https://***@h.invalid/a b" can\'t be used: it holds the character " ". Write the whole address of an index, such as `https://mirror.example/simple/`.',
    ],
    [
      { requirements: '.' },
      'requirements: "/project" is a folder. Name a requirements file; relative paths begin in the folder where the command runs, nested ones in that of their file.',
    ],
    [{ venv: 'a-file' }, `venv: "/project/a-file" is a file or lies in one. ${venvRemedy}`],
    [{ venv: 'a-file/venv' }, `venv: "/project/a-file/venv" is a file or lies in one. ${venvRemedy}`],
    [
      { venv: 'folder' },
      `venv: "/project/folder" is a folder with other things in it (inner) and no virtual environment. ${venvRemedy}`,
    ],
    [
      { venv: 'https://h.invalid/venv' },
      'venv: "https://h.invalid/venv" is an address, not a path. Write a path of this machine.',
    ],
    [{ venv: 'a\nb' }, 'venv: The path "a\\nb" holds a control character. Write one path on one line.'],
    [{ python: 'py\0thon' }, 'python: "py\\u0000thon" holds a control character. Write one name or path on one line.'],
    [
      { 'cache-path': 'a-file' },
      'cache-path: "/project/a-file" can\'t be a folder: "/project/a-file" is a file. Name a folder that exists or can be made.',
    ],
    [
      { 'cache-path': 'a-file/cache' },
      'cache-path: "/project/a-file/cache" can\'t be a folder: "/project/a-file/cache" is a file. Name a folder that exists or can be made.',
    ],
    [
      { report: 'gone/report.json' },
      'report: The folder "/project/gone" does not exist. Make it first, or name a file elsewhere.',
    ],
    [{ report: 'folder' }, 'report: "/project/folder" is a folder. Name a file in it.'],
    [
      { 'environment-file': 'gone/env' },
      'environment-file: The folder "/project/gone" does not exist. Make it first, or name a file elsewhere.',
    ],
    [
      { cache: 'off', 'cache-url': 's3://bucket/wheels', 'cache-path': 'kept' },
      'cache-url: It names a bucket, but cache is off. Leave cache-url out, or set cache to s3.',
      'cache-path: It names a folder, but cache is off: nothing is kept. Leave cache-path out, or set cache to directory.',
    ],
    [
      { install: 'off', 'environment-file': 'later.sh', 'pip-config': 'user', configure: 'pip,conda' },
      `environment-file: It is given, ${untold} Leave it out here; it belongs to the jobs that install.`,
      `pip-config: It is given, ${untold} Leave it out here; it belongs to the jobs that install.`,
      `configure: It names conda, ${untold} Leave conda out here; it belongs to the jobs that install.`,
    ],
    // A matrix copies these from the jobs that install.
    [{ install: 'off', venv: 'new', verify: 'import', configure: 'pip', 'pip-config': 'env' }],
    [
      { 'environment-file': 'later.sh', report: './later.sh' },
      'report: It is "/project/later.sh", which environment-file is too. Name another file.',
    ],
    [
      { requirements: 'a-file', 'environment-file': 'a-file', report: 'folder/../a-file' },
      'environment-file: It is "/project/a-file", which requirements is too. Name another file.',
      'report: It is "/project/a-file", which requirements is too. Name another file.',
    ],
  ];

  test.each(rows.map(([raw, ...words]) => ({ given: JSON.stringify(raw), raw, words })))(
    '$given',
    async ({ raw, words }) => {
      expect(await answer(raw)).toEqual(words);
    },
  );

  test('a flag is named and corrected as a flag', async () => {
    expect(await answer({ device: 'cu127' }, { origin: 'flag' })).toEqual([
      `--device: There is no device "cu127"; ${devices} Write \`--device cu126\`.`,
    ]);
  });

  test('everything wrong is told at once', async () => {
    const problems = await answer({
      device: 'cu12',
      install: 'yes',
      mirrors: 'x',
      requirements: 'gone.txt',
      venv: 'a-file',
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'requirements',
      'device',
      'install',
      'mirrors',
      'venv',
    ]);
  });

  test('a folder that this user may not write is no place for cache and report', async () => {
    if (process.getuid?.() === 0 || process.platform === 'win32') {
      process.stderr.write('left out: root may write everywhere, and Windows keeps rights elsewhere\n');
      return;
    }
    const closed = join(cwd, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    expect(
      await answer({ 'cache-path': 'closed/cache', venv: 'closed/new/venv', report: 'closed/report.json' }),
    ).toEqual([
      'venv: "/project/closed/new/venv" can\'t be written: this user may not write in "/project/closed". Name a folder of this user, or let the user write there.',
      'cache-path: "/project/closed/cache" can\'t be written: this user may not write in "/project/closed". Name a folder of this user, or let the user write there.',
      'report: This user may not write in "/project/closed". Name a file in a folder of this user.',
    ]);
    expect(await answer({ 'cache-path': 'closed' }, { onlyLooks: true })).toEqual([]);
  });

  test('a file is no cache to look at', async () => {
    expect(await answer({ 'cache-path': 'a-file' }, { onlyLooks: true })).toEqual([
      'cache-path: "/project/a-file" can\'t be a folder: "/project/a-file" is a file. Name a folder that exists or can be made.',
    ]);
  });

  test('an environment in a place that parts PATH, or below a file, is refused', async () => {
    writeFileSync(join(cwd, 'below'), '');
    expect(await answer({ venv: `a${delimiter}b` })).toEqual([
      expect.stringMatching(/^venv: .* which parts the folders of PATH/),
    ]);
    expect(await answer({ venv: 'below/x/venv' })).toEqual([
      expect.stringMatching(/^venv: .* is a file or lies in one/),
    ]);
  });

  test('a pipe, a device and a file that this user may not write are no place for a report', async () => {
    if (process.platform === 'win32') {
      process.stderr.write('left out: Windows has no such files\n');
      return;
    }
    const regular = 'Name a file that exists or can be made.';
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    expect(await answer({ report: 'pipe' })).toEqual([`report: "/project/pipe" is no regular file. ${regular}`]);
    expect(await answer({ report: '/dev/null' })).toEqual([`report: "/dev/null" is no regular file. ${regular}`]);
    if (process.getuid?.() === 0) {
      process.stderr.write('left out: root may write everywhere\n');
      return;
    }
    writeFileSync(join(cwd, 'kept.json'), '', { mode: 0o444 });
    expect(await answer({ report: 'kept.json' })).toEqual([
      'report: This user may not write "/project/kept.json". Name a file in a folder of this user.',
    ]);
  });

  test('any text in any input is a Request or a Failure, and no secret is shown', async () => {
    const named = fc.constantFrom(...inputs.map(({ name }) => name as InputName));
    const text = fc.oneof(
      fc.string(),
      fc.string().map((tail) => `https://me:hunter2@h.invalid/${tail}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(named, text, { maxKeys: 5 }), async (raw) => {
        expect((await answer(raw)).join('\n')).not.toContain('hunter2');
      }),
    );
  });
});
