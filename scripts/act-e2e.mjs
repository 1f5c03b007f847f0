/**
 * Runs the action as a workflow of somebody else does: `act` in host mode takes it as org/paddle-mirror-setup@v1 from a local
 * repository, in a matrix of two Pythons and two releases of PaddlePaddle. Checked for every job: main and post succeeded,
 * a later step imports the release that was asked for with the Python that was asked for, outputs and job summary are there.
 *
 *   node scripts/act-e2e.mjs [--paddle VERSION]... [--python PATH]... [--with INPUT=VALUE]... [--env NAME=VALUE]...
 *
 * `--env` reaches every step (an index on loopback, say); `--with` adds inputs. Needs act and git on PATH.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { copyTree, root } from './tree.mjs';

const limitMs = 20 * 60_000;
/** What a machine's network needs to be told, and nothing else of this environment. */
const network = /^(PIP_\w+|\w+_PROXY|\w*_CA_\w+|SSL_CERT_\w+|\w+_CA_BUNDLE)$/i;

const { values: options } = parseArgs({
  options: {
    paddle: { type: 'string', multiple: true, default: ['3.1.1', '3.2.2'] },
    python: { type: 'string', multiple: true, default: [] },
    with: { type: 'string', multiple: true, default: [] },
    env: { type: 'string', multiple: true, default: [] },
  },
});

/** Interpreters of this machine that PaddlePaddle has wheels for: real paths by minor version. */
function pythons() {
  const pyenv = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  /** @type {string[]} */
  let kept = [];
  try {
    kept = readdirSync(pyenv).map((name) => join(pyenv, name, 'bin', 'python'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  const code = 'import sys; print("%d.%d" % sys.version_info[:2]); print(sys.executable)';
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const candidate of [...['3.9', '3.10', '3.11', '3.12', '3.13'].map((minor) => `python${minor}`), ...kept]) {
    const [minor, path] = (spawnSync(candidate, ['-c', code], { encoding: 'utf8' }).stdout ?? '').split('\n');
    if (minor && path && !found.has(minor)) found.set(minor, realpathSync(path));
  }
  return ['3.11', '3.12', '3.10', '3.13', '3.9'].flatMap((minor) => found.get(minor) ?? []);
}

/**
 * Makes a folder a git repository with one commit.
 * @param {string} folder
 */
function commit(folder) {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid', '-c', 'commit.gpgsign=false'];
  for (const command of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...author, 'commit', '-q', '-m', 'test'],
  ]) {
    execFileSync('git', command, { cwd: folder, stdio: 'pipe' });
  }
}

/** @param {string[]} pairs */
const record = (pairs) =>
  Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]));

const interpreters = options.python.length > 0 ? options.python : pythons().slice(0, 2);
if (interpreters.length < 2)
  throw new Error(`a matrix needs two Pythons from 3.9 to 3.13, found: ${interpreters.join(', ')}`);
const inputs = { device: 'cpu', ...record(options.with) };

const later = `import json, os, sys, paddle
name = '%s-%s.json' % (os.environ['PADDLE'], sys.version_info[1])
said = {'base': os.path.realpath(sys.executable), 'paddle': paddle.__version__, 'outputs': json.loads(os.environ['OUTPUTS'])}
json.dump(said, open(os.path.join(os.environ['RESULTS'], name), 'w'))`;
const workflow = {
  name: 'consumer',
  on: 'push',
  jobs: {
    paddle: {
      'runs-on': 'ubuntu-latest',
      strategy: { 'fail-fast': false, 'max-parallel': 2, matrix: { python: interpreters, paddle: options.paddle } },
      steps: [
        {
          id: 'paddle',
          uses: 'org/paddle-mirror-setup@v1',
          with: {
            ...inputs,
            python: `\${{ matrix.python }}`,
            'paddle-version': `\${{ matrix.paddle }}`,
            venv: `\${{ github.workspace }}/.paddle`,
          },
        },
        {
          name: 'a later step',
          env: { PADDLE: `\${{ matrix.paddle }}`, OUTPUTS: `\${{ toJSON(steps.paddle.outputs) }}`, LATER: later },
          run: 'python -c "$LATER"',
        },
      ],
    },
  },
};

const scratch = mkdtempSync(join(tmpdir(), 'paddle-mirror-setup-act-'));
const action = copyTree();
try {
  const [consumer, results, cache] = ['consumer', 'results', 'cache'].map((name) => join(scratch, name));
  if (!consumer || !results || !cache) throw new Error('three folders');
  for (const folder of [join(consumer, '.github', 'workflows'), results, cache]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(consumer, '.github', 'workflows', 'paddle.yml'), stringify(workflow));
  commit(consumer);
  commit(action);
  const handed = Object.entries(process.env).flatMap(([name, value]) =>
    network.test(name) ? [`${name}=${value}`] : [],
  );
  const environment = [...handed, `RESULTS=${results}`, `XDG_CACHE_HOME=${cache}`, ...options.env];
  const node24 = execFileSync(process.execPath, [join(root, 'scripts', 'node24.mjs'), '-p', 'process.execPath'], {
    encoding: 'utf8',
  }).trim();
  const act = spawnSync(
    'act',
    [
      ...['push', '--json', '-P', 'ubuntu-latest=-self-hosted'],
      ...['--local-repository', `org/paddle-mirror-setup@v1=${action}`],
      ...['--cache-server-addr', '127.0.0.1', '--artifact-server-addr', '127.0.0.1'],
      ...environment.flatMap((pair) => ['--env', pair]),
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
  const log = act.stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const problems = act.status === 0 ? [] : [`act ended with ${act.status ?? act.signal}`];
  for (const python of interpreters) {
    for (const paddle of options.paddle) {
      const job = `Python ${python}, PaddlePaddle ${paddle}`;
      const own = log.filter((entry) => entry.matrix?.python === python && entry.matrix?.paddle === paddle);
      for (const stage of ['Main', 'Post']) {
        const done = own.some(
          (entry) => entry.stage === stage && entry.stepID?.[0] === 'paddle' && entry.stepResult === 'success',
        );
        if (!done) problems.push(`${job}: the action's ${stage.toLowerCase()} did not succeed`);
      }
      if (!own.some((entry) => entry.command === 'summary' && entry.content.includes(paddle))) {
        problems.push(`${job}: no job summary that names the release`);
      }
      const minor = execFileSync(python, ['-c', 'import sys; print(sys.version_info[1])'], { encoding: 'utf8' }).trim();
      const name = `${paddle}-${minor}.json`;
      if (!readdirSync(results).includes(name)) {
        problems.push(`${job}: the later step could not import PaddlePaddle with this Python`);
        continue;
      }
      const said = JSON.parse(readFileSync(join(results, name), 'utf8'));
      const verified = inputs['verify'] === 'off' ? 'false' : 'true';
      if (said.paddle !== paddle) problems.push(`${job}: imported ${said.paddle}`);
      if (said.base !== realpathSync(python)) problems.push(`${job}: ran in ${said.base}`);
      if (said.outputs['paddle-version'] !== paddle) problems.push(`${job}: outputs ${JSON.stringify(said.outputs)}`);
      if (said.outputs.verified !== verified) problems.push(`${job}: the output verified is not ${verified}`);
    }
  }
  if (problems.length > 0) {
    console.error(
      act.stderr,
      log.map((entry) => `[${entry.matrix?.paddle ?? ''}] ${entry.msg}`).join('\n'),
      '\n',
      problems.join('\n'),
    );
    process.exitCode = 1;
  } else
    console.log(
      `${interpreters.length * options.paddle.length} jobs: main, post, later step, outputs and summary are right`,
    );
} finally {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(action, { recursive: true, force: true });
}
