import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { InputName } from '../../src/request/inputs.js';
import { createRefusals } from './refusals.js';

const hash = 'a'.repeat(64);
const { cwd, answer } = createRefusals({
  'broken.txt': 'numpy\nscipy=1.0\n-r gone.txt\n--indx-url https://a.invalid\n',
  'latin.txt': Uint8Array.from([0x6e, 0x75, 0xe4, 0xf6]),
  'self.txt': '-r loop.txt\n',
  'loop.txt': '-r self.txt\n',
  'pylock.toml': 'lock-version = "1.0"\n[[packages]]\nname = "paddlepaddle"\nversion = "3.1.0"\n',
  'pylock.bad.toml': 'lock-version = \n',
  'pyproject.toml': '',
  'file-url.txt': '--index-url file:///simple\n',
  'secret.txt': 'a @ https://me:hunter2@h.invalid/a-1.0.zip\n',
  'torn.txt': [
    '--index-url https://me:hun ter2@h.invalid/simple',
    '--index-url https://me:hun -ter2@h.invalid/simple',
    'a @ https://me:hun ter2@h.invalid/a-1.0.zip',
  ].join('\n'),
  'hashes.txt': `--require-hashes\na==1 --hash=sha256:${hash}\nb==1\n`,
  'quote.txt': '--find-links "my wheels\n--pre numpy\n',
  'unset.txt': `--index-url https://$\{INDEX_TOKEN}@h.invalid/simple\n`,
  'foo-1.0-py3-none-any.whl': 'wheel',
  'local.txt': `./foo-1.0-py3-none-any.whl --hash=sha256:${hash}\n./bar-1.0-py3-none-any.whl\n`,
  'constraint.txt': '-c limits.txt\n',
  'limits.txt': '-e .\nnumpy[x]<2\n',
  'folder/inner': '',
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const relativeRemedy =
  'Name a requirements file; relative paths begin in the folder where the command runs, nested ones in that of their file.';
const lineRemedy =
  'Write one requirement a line, such as `name`, `name==1.2`, `name[extra]>=1,<2 ; python_version < "3.12"` or `name @ https://...`.';

describe('wrong requirements are answered with the file and line', () => {
  const rows: readonly (readonly [given: Partial<Record<InputName, string>>, ...answer: string[]])[] = [
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
      { requirements: 'torn.txt' },
      ...[1, 2, 3].map(
        (line) =>
          `torn.txt:${line}: The line can't be read: a blank in the user name or password of an address is written \`%20\`. Correct the line.`,
      ),
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
  ];

  test.each(rows.map(([raw, ...words]) => ({ given: JSON.stringify(raw), raw, words })))(
    '$given',
    async ({ raw, words }) => {
      expect(await answer(raw)).toEqual(words);
    },
  );
});
