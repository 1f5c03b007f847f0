import path from 'node:path';
import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import { runProgram } from './program.js';
import type { MakeEnvironment } from './uv-program.js';

/** Prints the `pyproject.toml` of the one top folder (PEP 517 asks for that layout); bounded, for an archive can claim any size. */
const script = `
import sys, tarfile, zipfile
limit = 1 << 20
def top(name):
    return name.count('/') == 1 and name.endswith('/pyproject.toml')
data = b''
if sys.argv[1].endswith('.zip'):
    with zipfile.ZipFile(sys.argv[1]) as archive:
        for info in archive.infolist():
            if top(info.filename):
                data = archive.open(info).read(limit)
else:
    with tarfile.open(sys.argv[1]) as archive:
        for member in archive:
            if top(member.name) and member.isfile():
                data = archive.extractfile(member).read(limit)
                break
sys.stdout.buffer.write(data)
`;

/** Milliseconds for reading one archive. */
const limitMs = 30_000;

/**
 * Text of an sdist's `pyproject.toml`, or null where it has none; nothing is unpacked and none of its code is run.
 * Throws Failure(1) where the archive can't be read.
 */
export async function sdistPyproject(
  sdist: string,
  interpreter: Pick<Interpreter, 'executable'>,
  environment: MakeEnvironment,
  signal: AbortSignal,
): Promise<string | null> {
  const purpose = `reading ${path.basename(sdist)}`;
  const args = ['-I', '-c', script, sdist];
  const call = { file: interpreter.executable, args, environment: environment({}), cwd: path.dirname(sdist) };
  const ran = await runProgram({ ...call, limitMs, signal, purpose });
  if (ran.code === 0) return ran.stdout === '' ? null : ran.stdout;
  const what = `It can't be read as a source distribution: ${ran.stderr.trim().split('\n').at(-1) ?? ''}.`;
  throw new Failure(1, [{ where: path.basename(sdist), what, remedy: 'Ask for another version of that package.' }]);
}
