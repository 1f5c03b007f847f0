import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { InputName } from '../../src/request/inputs.js';
import { type ParseContext, parseRequest } from '../../src/request/parse.js';
import { Failure } from '../../src/values/failure.js';

/** A folder with the given files, in which requests are refused. */
export function createRefusals(files: Readonly<Record<string, string | Uint8Array>>) {
  const cwd = mkdtempSync(join(tmpdir(), 'request-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  const context: ParseContext = {
    cwd,
    environment: {},
    known: {
      devices: ['cpu', 'cu118', 'cu126', 'cu129', 'xpu', 'npu'],
      mirrors: ['official', 'tuna', 'aliyun'],
      distributions: new Set(['paddlepaddle', 'paddlepaddle-gpu']),
    },
    origin: 'input',
    onlyLooks: false,
  };

  /** A message with this machine's folder and separators taken out. */
  function plain(message: string): string {
    return message.replaceAll(JSON.stringify(cwd).slice(1, -1), '/project').replaceAll('\\\\', '/');
  }

  /** What the user reads: one line a problem; nothing where the request is right. */
  async function answer(
    raw: Partial<Record<InputName, string>>,
    asking: Partial<Pick<ParseContext, 'origin' | 'onlyLooks'>> = {},
  ): Promise<string[]> {
    try {
      await parseRequest(raw, { ...context, ...asking });
    } catch (error) {
      if (error instanceof Failure && error.exitCode === 2) {
        return error.problems.map(({ where, what, remedy }) => plain(`${where}: ${what} ${remedy}`));
      }
      throw error;
    }
    return [];
  }

  return { cwd, answer };
}
