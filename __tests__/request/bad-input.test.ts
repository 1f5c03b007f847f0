import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type InputName, inputs } from '../../src/request/inputs.js';
import { type ParseContext, parseRequest } from '../../src/request/parse.js';
import { Failure } from '../../src/values/failure.js';

const cwd = mkdtempSync(join(tmpdir(), 'request-'));
const context: ParseContext = {
  cwd,
  environment: {},
  known: {
    devices: ['cpu', 'cu118', 'cu126', 'cu129', 'xpu', 'npu'],
    mirrors: ['official', 'tuna', 'aliyun'],
    distributions: new Set(['paddlepaddle', 'paddlepaddle-gpu']),
  },
  origin: 'input',
};
const hash = 'a'.repeat(64);

/** A message with this machine's folder and separators taken out. */
function plain(message: string): string {
  return message.replaceAll(JSON.stringify(cwd).slice(1, -1), '/project').replaceAll('\\\\', '/');
}

/** What the user reads: one line a problem. */
async function answer(
  raw: Partial<Record<InputName, string>>,
  origin: ParseContext['origin'] = 'input',
): Promise<string[]> {
  try {
    await parseRequest(raw, { ...context, origin });
  } catch (error) {
    if (error instanceof Failure && error.exitCode === 2) {
      return error.problems.map(({ where, what, remedy }) => plain(`${where}: ${what} ${remedy}`));
    }
    throw error;
  }
  return [];
}

beforeAll(() => {
  const files: Record<string, string | Uint8Array> = {
    'broken.txt': 'numpy\nscipy=1.0\n-r gone.txt\n--indx-url https://a.invalid\n',
    'latin.txt': Uint8Array.from([0x6e, 0x75, 0xe4, 0xf6]),
    'self.txt': '-r loop.txt\n',
    'loop.txt': '-r self.txt\n',
    'pylock.toml': 'lock-version = "1.0"\n[[packages]]\nname = "paddlepaddle"\nversion = "3.1.0"\n',
    'pylock.bad.toml': 'lock-version = \n',
    'pyproject.toml': '',
    'file-url.txt': '--index-url file:///simple\n',
    'secret.txt': 'a @ https://me:hunter2@h.invalid/a-1.0.zip\n',
    'hashes.txt': `--require-hashes\na==1 --hash=sha256:${hash}\nb==1\n`,
    'quote.txt': '--find-links "my wheels\n--pre numpy\n',
    'unset.txt': `--index-url https://$\{INDEX_TOKEN}@h.invalid/simple\n`,
    'foo-1.0-py3-none-any.whl': 'wheel',
    'local.txt': `./foo-1.0-py3-none-any.whl --hash=sha256:${hash}\n./bar-1.0-py3-none-any.whl\n`,
    'constraint.txt': '-c limits.txt\n',
    'limits.txt': '-e .\nnumpy[x]<2\n',
    'a-file': '',
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(cwd, name), content);
  }
  mkdirSync(join(cwd, 'folder', 'inner'), { recursive: true });
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const devices = 'there are auto, cpu, gpu, cu118, cu126, cu129, xpu, npu.';
const relativeRemedy =
  'Name a requirements file; relative paths begin in the folder where the command runs, nested ones in that of their file.';
const lineRemedy =
  'Write one requirement a line, such as `name`, `name==1.2`, `name[extra]>=1,<2 ; python_version < "3.12"` or `name @ https://...`.';
const versionWhat = 'allowed is a version (3.2.2), a series (3.2.*), clauses (>=3.1,<3.3), latest or nightly.';
const venvRemedy = 'Name a folder that is a virtual environment, is empty or is not there yet.';

describe('a wrong input is answered with what was given, what is allowed and what to write', () => {
  const rows: [Partial<Record<InputName, string>>, ...string[]][] = [
    [{ device: 'cu12' }, `device: There is no device "cu12"; ${devices} Write \`device: cu126\`.`],
    [{ device: 'cu127' }, `device: There is no device "cu127"; ${devices} Write \`device: cu126\`.`],
    [{ device: 'GPU' }, `device: There is no device "GPU"; ${devices} Write \`device: gpu\`.`],
    [{ device: 'cpu\nx' }, `device: There is no device "cpu\\nx"; ${devices} Write \`device: cpu\`.`],
    [{ device: '$(id);"' }, `device: There is no device "$(id);\\""; ${devices} Write \`device: auto\`.`],
    [
      { 'paddle-version': 'lastest' },
      `paddle-version: It is "lastest"; ${versionWhat} Write \`paddle-version: latest\`.`,
    ],
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
    [{ cache: 'dir' }, 'cache: It is "dir"; allowed is auto, github, directory or off. Write `cache: directory`.'],
    [{ verify: 'none' }, 'verify: It is "none"; allowed is full, import or off. Write `verify: off`.'],
    [{ gpu: 'option' }, 'gpu: It is "option"; allowed is required or optional. Write `gpu: optional`.'],
    [{ configure: 'pip,dockr' }, 'configure: It names "dockr"; allowed is pip, or off alone. Write `configure: pip`.'],
    [{ configure: 'pip, off' }, 'configure: It names "off"; allowed is pip, or off alone. Write `configure: pip`.'],
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
    [{ requirements: 'gone.txt' }, `requirements: The file "gone.txt" does not exist. ${relativeRemedy}`],
    [{ requirements: 'folder' }, `requirements: "folder" is a folder. ${relativeRemedy}`],
    [{ requirements: 'latin.txt' }, 'requirements: The file "latin.txt" is not UTF-8. Save it as UTF-8.'],
    [
      { requirements: 'broken.txt' },
      `broken.txt:2: \`scipy=1.0\` is no requirement: \`=1.0\` is no version clause. ${lineRemedy}`,
      `broken.txt:3: The file "gone.txt" does not exist. ${relativeRemedy}`,
      "broken.txt:4: The line can't be read: `--indx-url` is no option of a requirements file; the nearest is `--index-url`. Correct the line.",
    ],
    [
      { requirements: 'self.txt' },
      'loop.txt:1: "self.txt" names itself, by way of 2 files. Take one of the lines out.',
    ],
    [
      { requirements: 'file-url.txt' },
      "file-url.txt:1: The line can't be read: its scheme is `file:`, not http or https. Correct the line.",
    ],
    [
      { requirements: 'secret.txt' },
      'secret.txt:1: `a @ https://***@h.invalid/a-1.0.zip` is no requirement: credentials in a direct link would end up in the lock. Name a private index by `--extra-index-url` instead, or let git ask its credential helper.',
    ],
    [
      { requirements: 'hashes.txt' },
      'hashes.txt:3: `b==1` has no hash, which hashes.txt:1 requires (--require-hashes). Write `--hash=sha256:...` behind it.',
    ],
    [
      { requirements: 'quote.txt' },
      "quote.txt:1: The line can't be read: a quote is not closed. Correct the line.",
      "quote.txt:2: The line can't be read: `numpy` belongs to no option. Correct the line.",
    ],
    [
      { requirements: 'unset.txt' },
      "unset.txt:1: The line can't be read: the environment variable `INDEX_TOKEN` is not set. Correct the line.",
    ],
    [
      { requirements: 'local.txt' },
      `local.txt:1: "/project/foo-1.0-py3-none-any.whl" has another hash than the line says: sha256:ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91. Get the file again, or correct the hash.`,
      'local.txt:2: "/project/bar-1.0-py3-none-any.whl" does not exist. Relative paths begin in the folder where the command runs.',
    ],
    [
      { requirements: 'constraint.txt' },
      "limits.txt:1: The line can't be read: `-e .` can't be a constraint: it takes a name and no extras. Correct the line.",
      "limits.txt:2: The line can't be read: `numpy[x]<2` can't be a constraint: it takes a name and no extras. Correct the line.",
    ],
    [
      { requirements: 'pyproject.toml' },
      'requirements: "pyproject.toml" is no requirements file; of TOML files only `pylock.toml` and `pylock.NAME.toml` are read. Give a requirements file, or lock the project first.',
    ],
    [{ requirements: 'pylock.bad.toml' }, 'pylock.bad.toml:1: It is no TOML: invalid value. Write the lock again.'],
    [
      { requirements: 'pylock.toml', packages: 'numpy' },
      'requirements: "pylock.toml" is a lock and complete; nothing can be added to it by another file or by `packages`. Give the lock alone, or the requirements it was made from.',
    ],
    [
      { requirements: 'pylock.toml', 'paddle-version': '3.2.2' },
      'paddle-version: It is "3.2.2", but the lock given as requirements brings PaddlePaddle 3.1.0. Leave it out, or make the lock for that version.',
    ],
    [
      { packages: 'numpy scipy\n$(id)' },
      `packages:1: \`numpy scipy\` is no requirement: \`scipy\` is no version clause. ${lineRemedy}`,
      `packages:2: \`$(id)\` is no requirement: it begins with no name. ${lineRemedy}`,
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
    [
      { requirements: 'https://me:hunter2@h.invalid/r.txt' },
      'requirements: "https://***@h.invalid/r.txt" is an address, not a file. Download the file first and name it by its path.',
    ],
    [
      { packages: './foo.whl\n-f file:///%2Fx\n-e file:///%2Fy' },
      `packages:1: \`./foo.whl\` is no requirement: \`foo.whl\` is no name of a wheel. ${lineRemedy}`,
      "packages:2: The line can't be read: `file:///%2Fx` is no address of a file on this machine. Correct the line.",
      "packages:3: The line can't be read: `file:///%2Fy` is no address of a file on this machine. Correct the line.",
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
      { 'env-file': 'gone/env' },
      'env-file: The folder "/project/gone" does not exist. Make it first, or name a file elsewhere.',
    ],
  ];

  test.each(rows.map(([raw, ...words]) => ({ given: JSON.stringify(raw), raw, words })))(
    '$given',
    async ({ raw, words }) => {
      expect(await answer(raw)).toEqual(words);
    },
  );

  test('a flag is named and corrected as a flag', async () => {
    expect(await answer({ device: 'cu127' }, 'flag')).toEqual([
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
    expect(await answer({ 'cache-path': 'closed/cache', report: 'closed/report.json' })).toEqual([
      'cache-path: "/project/closed/cache" can\'t be written: this user may not write in "/project/closed". Name a folder of this user, or let the user write there.',
      'report: This user may not write in "/project/closed". Name a file in a folder of this user.',
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
