/**
 * Runs the README's example of a warm-up job by act, with act's own cache service (version 1 of the protocol): one job fills the cache
 * with `install: off`, the jobs of a matrix that need it take everything from there. Each job begins with an empty cache folder, as on a
 * new machine. Needs act and git on PATH.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { copyTree, root } from './tree.mjs';

const limitMs = 15 * 60_000;
/** What a machine's network needs to be told, and nothing else of this environment. */
const network = /^(PIP_\w+|\w+_PROXY|\w*_CA_\w+|SSL_CERT_\w+|\w+_CA_BUNDLE)$/i;

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const block = /<!-- warm-up:start -->\n```yaml\n([\s\S]*?)```/.exec(readme)?.[1];
if (block === undefined) throw new Error('README.md has no example between the marks `warm-up`');

const scratch = mkdtempSync(join(tmpdir(), 'paddle-mirror-setup-act-'));
const action = copyTree();

/** @param {string} folder */
function commit(folder) {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid', '-c', 'commit.gpgsign=false'];
  const commands = [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...author, 'commit', '-q', '-m', 'test'],
  ];
  for (const command of commands) execFileSync('git', command, { cwd: folder, stdio: 'pipe' });
}

/**
 * The example with what act needs: a file in place of the checkout, a machine's own Python, and a cache folder that each job finds empty.
 * @param {string} cache
 * @param {string} results
 */
function adapt(cache, results) {
  const workflow = { name: 'warm-up', on: 'push', ...parse(/** @type {string} */ (block)) };
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const own = job.steps.filter((/** @type {{ uses?: string }} */ step) => !step.uses?.startsWith('actions/'));
    const ours = own.find((/** @type {{ uses?: string }} */ step) => step.uses?.startsWith('org/'));
    ours.id = 'paddle';
    Object.assign(ours.with, { cache: 'github', 'cache-path': cache, device: 'cpu', verify: 'off', python: 'python3' });
    const result = `${name}-\${{ matrix.shard }}.json`;
    const record = {
      env: { OUTPUTS: `\${{ toJSON(steps.paddle.outputs) }}` },
      run: `echo "$OUTPUTS" > "${results}/${result}"`,
    };
    const checkout = { run: `rm -rf "${cache}"; echo 'paddlepaddle==3.2.2' > requirements.txt` };
    job.steps = [checkout, ...own, record];
    if (job.strategy) job.strategy['max-parallel'] = 1;
  }
  return workflow;
}

try {
  const [consumer, results, cache] = ['consumer', 'results', 'cache'].map((name) => join(scratch, name));
  if (!consumer || !results || !cache) throw new Error('three folders');
  for (const folder of [join(consumer, '.github', 'workflows'), results]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(consumer, '.github', 'workflows', 'warm-up.yml'), stringify(adapt(cache, results)));
  for (const folder of [consumer, action]) commit(folder);
  const handed = Object.entries(process.env).flatMap(([name, value]) =>
    network.test(name) ? [`${name}=${value}`] : [],
  );
  const node24 = execFileSync(process.execPath, [join(root, 'scripts', 'node24.mjs'), '-p', 'process.execPath'], {
    encoding: 'utf8',
  }).trim();
  const act = spawnSync(
    'act',
    [
      ...['push', '--json', '-P', 'ubuntu-latest=-self-hosted'],
      ...['--local-repository', `org/paddle-mirror-setup@v1=${action}`],
      ...['--cache-server-addr', '127.0.0.1', '--artifact-server-addr', '127.0.0.1'],
      ...['--cache-server-path', join(scratch, 'service')],
      ...[...handed, `XDG_CACHE_HOME=${join(scratch, 'home')}`].flatMap((pair) => ['--env', pair]),
    ],
    {
      cwd: consumer,
      encoding: 'utf8',
      env: { ...process.env, PATH: [dirname(node24), process.env['PATH']].join(delimiter) },
      maxBuffer: 256 * 1024 * 1024,
      timeout: limitMs,
      killSignal: 'SIGKILL',
    },
  );
  if (act.error) throw new Error(`act could not be run: ${act.error.message}`);
  const said = act.stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const text = said.map((entry) => entry.msg).join('\n');
  const problems = act.status === 0 ? [] : [`act ended with ${act.status ?? act.signal}`];
  if (!/Saved \d+ files, .* to GitHub's cache/.test(text)) problems.push('the warm-up job saved nothing');
  const shards = readdirSync(results).filter((name) => name.startsWith('test-'));
  if (shards.length !== 3) problems.push(`3 shards were to run, ${shards.length} did`);
  for (const name of shards) {
    const outputs = JSON.parse(readFileSync(join(results, name), 'utf8'));
    if (outputs['cache-hit'] !== 'true') problems.push(`${name}: ${JSON.stringify(outputs)}`);
  }
  if (problems.length > 0) {
    console.error(act.stderr, text, '\n', problems.join('\n'));
    process.exitCode = 1;
  } else console.log('a warm-up job and 3 jobs that took everything from the cache');
} finally {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(action, { recursive: true, force: true });
}
