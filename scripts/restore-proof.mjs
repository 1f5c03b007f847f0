/** The whole proof that a machine is as before, with a job killed at every single write: `npm run restore-proof`. Takes minutes. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const run = spawnSync(process.execPath, [join('scripts', 'node24.mjs'), ...jest, '__tests__/proof'], {
  cwd: root,
  env: { ...process.env, RESTORE_PROOF: 'full' },
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
