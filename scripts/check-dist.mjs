/** Checks that dist/ is the build of src/: builds a copy elsewhere and compares byte for byte. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { copyTree, root } from './tree.mjs';

/**
 * Files of a dist folder, relative to it, with their content.
 * @param {string} folder
 */
function contents(folder) {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}

const copy = copyTree();
try {
  cpSync(join(root, 'node_modules'), join(copy, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  execFileSync(process.execPath, [join(copy, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  const committed = contents(join(root, 'dist'));
  const built = contents(join(copy, 'dist'));
  const names = [...new Set([...committed.keys(), ...built.keys()])].sort();
  const wrong = names.filter((name) => {
    const [is, should] = [committed.get(name), built.get(name)];
    return is === undefined || should === undefined || !is.equals(should);
  });
  if (wrong.length > 0 || built.size === 0) {
    console.error(`dist/ is not the build of src/. Run \`npm run build\` and commit dist/.\n${wrong.join('\n')}`);
    process.exitCode = 1;
  } else console.log(`${built.size} files of dist/ are the build of src/`);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
