/**
 * Real daemons take our mirrors and pull through them, the mirror's own log as witness: `npm run docker-proof`. Needs root, Linux and what
 * scripts/test installs. BuildKit and a newer dockerd than Debian's are built by Go and kept, which takes minutes the first time.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const tools = join(cache, 'paddle-mirror-setup-tools');

/**
 * Programs of a module that `go install` refuses for its replacements: a module of our own requires it. Gives their folder.
 * @param {string} module
 * @param {string} version
 * @param {string[]} programs
 * @param {string} variable the one that holds the program's own version
 * @param {string} told
 */
function build(module, version, programs, variable, told) {
  const folder = join(tools, `${programs[0]}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(tools, { recursive: true });
  console.log(`building ${programs.join(' and ')} ${version}`);
  const stub = mkdtempSync(join(tools, 'docker-proof-'));
  try {
    const packages = programs.map((name) => `${module}/cmd/${name}`);
    writeFileSync(join(stub, 'go.mod'), `module stub\n\ngo 1.24\n\nrequire ${module} ${version}\n`);
    const imports = packages.map((name) => `import _ "${name}"\n`).join('');
    writeFileSync(join(stub, 'tools.go'), `//go:build tools\n\npackage stub\n\n${imports}`);
    const env = { ...process.env, CGO_ENABLED: '0' };
    const go = (/** @type {string[]} */ ...args) => execFileSync('go', args, { cwd: stub, env, stdio: 'inherit' });
    const built = join(stub, 'built');
    mkdirSync(built);
    go('mod', 'tidy');
    go(
      'build',
      '-tags',
      'exclude_graphdriver_btrfs',
      '-ldflags',
      `-X ${module}/${variable}=${told}`,
      '-o',
      `${built}/`,
      ...packages,
    );
    renameSync(built, folder);
  } finally {
    rmSync(stub, { recursive: true, force: true });
  }
  return folder;
}

const buildkit = build('github.com/moby/buildkit', 'v0.24.0', ['buildkitd', 'buildctl'], 'version.Version', 'v0.24.0');
// Its module has versions of its own; the program's is 29.
const moby = build('github.com/moby/moby/v2', 'v2.0.0-beta.24', ['dockerd'], 'dockerversion.Version', '29.0.0');
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const run = spawnSync(process.execPath, [join('scripts', 'node24.mjs'), ...jest, '__tests__/images/daemons'], {
  cwd: root,
  env: {
    ...process.env,
    DOCKER_PROOF: 'full',
    NEW_DOCKERD: join(moby, 'dockerd'),
    PATH: [buildkit, process.env['PATH']].join(delimiter),
  },
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
