import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startMirror } from '../../__tests__/support/mirror.js';
import { clients } from '../faults/clients.js';
import { bringSupplies, describeWheels, type Supplies } from '../faults/supplies.js';
import { goal } from '../goal.js';
import { launch, prepare } from './launch.js';

/** A wheel of 3.3 GB: thirty-three members of 100 MB that don't compress, stored. */
const makeWheel = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_STORED, allowZip64=True) as wheel:
    block = os.urandom(2 ** 20)
    for number in range(33):
        with wheel.open(f'large/{number}.bin', 'w', force_zip64=True) as member:
            for _ in range(95):
                member.write(block)
    info = 'large-1.0.dist-info'
    wheel.writestr('large/__init__.py', '')
    wheel.writestr(f'{info}/METADATA', 'Metadata-Version: 2.1\\nName: large\\nVersion: 1.0\\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: bench\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{info}/RECORD', ''.join(f'{name},,\\n' for name in wheel.namelist() + [f'{info}/RECORD']))
`;

/** Bytes below a folder; what vanishes meanwhile counts nothing. */
function diskUse(folder: string): number {
  let sum = 0;
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of entries) {
    const found = lstatSync(path.join(folder, name), { throwIfNoEntry: false });
    if (found?.isFile() === true) sum += found.size;
  }
  return sum;
}

/** Installs with this program, and says what it held: memory, and the disk beside uv's cache and the environment. */
async function measure(supplies: Supplies, wheel: string, inputs: Readonly<Record<string, string>>): Promise<void> {
  const [ours] = clients;
  if (ours === undefined) throw new Error('there is no client');
  const mirror = await startMirror({ files: supplies.files });
  const paddle = await startMirror({ files: {}, paddle: true });
  const task = prepare(ours, supplies, [mirror.index], paddle.index);
  const wheels = Object.values(supplies.files).flatMap((files) => Object.values(files));
  const total = wheels.reduce((sum, file) => sum + statSync(file).size, 0);
  let disk = 0;
  let looked = 0;
  try {
    const command = ours.install(task);
    const args = [...command.args];
    for (const [name, value] of Object.entries(inputs)) {
      const at = args.indexOf(`--${name}`);
      args.splice(at < 0 ? args.length : at, at < 0 ? 0 : 2, `--${name}`, value);
    }
    const ended = await launch({ ...command, args }, 900_000, () => {
      if (performance.now() - looked > 250) {
        looked = performance.now();
        const parts = ['partial', 'wheels', 'staging'].map((name) => diskUse(path.join(task.folder, 'cache', name)));
        disk = Math.max(
          disk,
          parts.reduce((sum, bytes) => sum + bytes, 0),
        );
      }
    });
    if (ended.exitCode !== 0) throw new Error(`the setup ended with ${ended.exitCode}:\n${ended.said}`);
    console.log(
      `  ${path.basename(wheel)}, ${(statSync(wheel).size / 1e6).toFixed(0)} MB: ${(ended.ms / 1000).toFixed(1)} s`,
    );
    if (ended.peakBytes > 0) goal("this program's own peak memory", ended.peakBytes / 1e6, 150, ' MB');
    goal('disk beside what the installer unpacks, against all wheels', disk / total, 1.05, '');
    goal('bytes fetched of all wheels, against their size', mirror.bytes / total, 1.05, '');
  } finally {
    await mirror.close();
    await paddle.close();
    task.remove();
  }
}

/** P6: the size of a wheel shows neither in memory nor twice on the disk. */
export async function largeWheels(): Promise<void> {
  console.log('P6: large wheels, with uv');
  const small = bringSupplies(false);
  const base = path.join(tmpdir(), 'paddle-mirror-setup-bench');
  const gpu = path.join(base, 'gpu-2.6.2');
  if (!existsSync(gpu)) {
    const arriving = `${gpu}.arriving`;
    rmSync(arriving, { recursive: true, force: true });
    mkdirSync(arriving, { recursive: true });
    const flags = ['-q', '--only-binary', ':all:', '--disable-pip-version-check', '-d', arriving];
    execFileSync(small.python, ['-m', 'pip', 'download', ...flags, 'paddlepaddle-gpu==2.6.2', 'setuptools'], {
      stdio: 'inherit',
    });
    renameSync(arriving, gpu);
  }
  const real = { ...small, version: '2.6.2', ...describeWheels(small.python, gpu) };
  const [wheel = ''] = Object.values(real.files['paddlepaddle-gpu'] ?? {});
  await measure(real, wheel, { device: 'cu118', gpu: 'optional' });

  const folder = path.join(base, `large-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    const large = path.join(folder, 'large-1.0-py3-none-any.whl');
    execFileSync(small.python, ['-c', makeWheel, large]);
    const files = { ...small.files, large: { [path.basename(large)]: large } };
    await measure({ ...small, files }, large, { packages: 'large==1.0' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
