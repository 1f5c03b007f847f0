/**
 * Builds dist/: one bundle for each face of the program, byte-identical wherever and with whichever Node it is built.
 * TypeScript is checked and compiled once into .build/ and bundled from there. The bundles stay readable: minified ones
 * start no faster, and nobody can review them.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, '.build');
const dist = join(root, 'dist');

/**
 * Runs a tool of node_modules with this Node, its output shown only when it fails.
 * @param {string} script
 * @param {string[]} options
 */
function run(script, ...options) {
  const tool = join(root, 'node_modules', script);
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, ...options], { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${script} ${options.join(' ')} failed:\n${stdout}${stderr}`);
  process.exit(1);
}

/**
 * Files below a folder, as absolute paths.
 * @param {string} folder
 * @param {string} extension
 */
function filesOf(folder, extension) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => join(folder, name));
}

/** Python helpers are found next to the running file: next to the source in tests, next to the bundle in dist/. */
function checkHelpers() {
  // The bundler turns `new URL(..., import.meta.url)` into a plain path, which fileURLToPath() refuses.
  const wrong = filesOf(join(root, 'src'), '.ts').filter((file) =>
    /new URL\([^)]*import\.meta\.url/.test(readFileSync(file, 'utf8')),
  );
  if (wrong.length > 0) {
    throw new Error(`write join(import.meta.dirname, 'name.py') instead of new URL(..., import.meta.url) in ${wrong}`);
  }
  const helpers = filesOf(join(root, 'src'), '.py');
  if (new Set(helpers.map((file) => basename(file))).size < helpers.length) {
    throw new Error(`two Python helpers share a name, and dist/ holds them in one folder: ${helpers.join(', ')}`);
  }
  return helpers;
}

/**
 * The helpers that a bundle needs: those that its code names, and those that these import.
 * @param {string[]} code
 * @param {string[]} all
 */
function neededHelpers(code, all) {
  const needed = new Set(all.filter((file) => code.some((text) => text.includes(basename(file)))));
  for (const helper of needed) {
    for (const [, module] of readFileSync(helper, 'utf8').matchAll(/^(?:from|import) (\w+)/gm)) {
      const imported = join(dirname(helper), `${module}.py`);
      if (all.includes(imported)) needed.add(imported);
    }
  }
  return needed;
}

const helpers = checkHelpers();
rmSync(compiled, { recursive: true, force: true });
rmSync(dist, { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
for (const entry of ['main', 'post', 'cli']) {
  const bundle = join(dist, entry);
  const input = join(compiled, 'src', `${entry}.js`);
  run('@vercel/ncc/dist/ncc/cli.js', 'build', input, '-o', bundle, '--no-cache', '--license', 'licenses.txt');
  const code = filesOf(bundle, '.js').map((file) => readFileSync(file, 'utf8'));
  // ncc bundles a missing module without a word; it would fail only when it is first needed.
  if (code.some((text) => text.includes('webpackMissingModule'))) throw new Error(`${bundle} lacks a module`);
  for (const helper of neededHelpers(code, helpers)) copyFileSync(helper, join(bundle, basename(helper)));
}
rmSync(compiled, { recursive: true });
