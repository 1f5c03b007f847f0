import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { leaveOut } from './left-out.js';

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');

/** A program of the environment with real peers from the Python index that `./scripts/test` makes; it throws where CI promises one, else says that it is missing. */
export function peer(name: 'python' | 'devpi-init' | 'devpi-server'): string | null {
  const file = join(cache, 'paddle-mirror-setup-tools', 'peers', 'bin', name);
  if (existsSync(file)) return file;
  leaveOut(file);
  return null;
}
