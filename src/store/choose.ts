import { createHash } from 'node:crypto';
import path from 'node:path';

/** Which store, where, and why. */
export interface StoreChoice {
  readonly kind: 'github' | 'directory' | 's3' | 'off';
  /** Folder of the store; null with `off`: a temporary one that goes at the end of the run. */
  readonly folder: string | null;
  readonly reason: string;
}

/** The user's own cache folder by platform: XDG base directories, Apple's and Microsoft's guidelines. */
function userCacheFolder(os: 'linux' | 'darwin' | 'win32', environment: NodeJS.ProcessEnv, home: string): string {
  if (os === 'win32') return environment['LOCALAPPDATA'] ?? path.win32.join(home, 'AppData', 'Local');
  if (os === 'darwin') return path.posix.join(home, 'Library', 'Caches');
  const xdg = environment['XDG_CACHE_HOME'];
  return xdg !== undefined && path.posix.isAbsolute(xdg) ? xdg : path.posix.join(home, '.cache');
}

/**
 * The folder that keeps what outlives a run. In a job: the runner's tool cache, which a self-hosted runner keeps on the file system
 * of its workspace (there uv links instead of copying) and which `RUNNER_TEMP`'s emptying leaves alone; in a shell the user's cache folder.
 */
export function keptFolder(os: 'linux' | 'darwin' | 'win32', environment: NodeJS.ProcessEnv, home: string): string {
  const base = environment['RUNNER_TOOL_CACHE'] || userCacheFolder(os, environment, home);
  return (os === 'win32' ? path.win32 : path.posix).join(base, 'paddle-mirror-setup');
}

/**
 * Where a user's unpacked wheels of the store `root` are kept when that is on another file system than the workspace: in a job beside
 * `RUNNER_TEMP`, which is on that of the workspace (GitHub's runner keeps its `_tool` folder there by default). What is kept there is a copy
 * that the store can make again. Each store has its own: what one evicts, a run in another one may be linking from.
 */
export function spareFolder(
  os: 'linux' | 'darwin' | 'win32',
  environment: NodeJS.ProcessEnv,
  home: string,
  user: string,
  root: string,
): string {
  const at = os === 'win32' ? path.win32 : path.posix;
  const temp = environment['RUNNER_TEMP'] || null;
  const kept =
    temp === null ? keptFolder(os, environment, home) : at.join(at.dirname(temp), '_tool', 'paddle-mirror-setup');
  const own = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return at.join(kept, 'users', user, 'elsewhere', own);
}

/** `auto` is the bucket, where one is named; else GitHub's cache on GitHub's own machines, and a folder everywhere else: from there GitHub's cache is slower than a mirror. */
export function chooseStore(options: {
  readonly wish: 'auto' | 'github' | 'directory' | 's3' | 'off';
  /** A bucket is named. */
  readonly bucket: boolean;
  readonly cachePath: string | null;
  readonly host: 'github-hosted' | 'self-hosted' | 'shell';
  readonly kept: string;
}): StoreChoice {
  const folder = options.cachePath ?? options.kept;
  if (options.wish === 'off') return { kind: 'off', folder: null, reason: 'cache: off' };
  if (options.wish !== 'auto') return { kind: options.wish, folder, reason: `cache: ${options.wish}` };
  if (options.bucket) return { kind: 's3', folder, reason: 'auto: cache-url names a bucket' };
  return options.host === 'github-hosted'
    ? { kind: 'github', folder, reason: 'auto: a GitHub-hosted machine keeps nothing itself' }
    : {
        kind: 'directory',
        folder,
        reason: `auto: ${options.host === 'shell' ? 'a shell' : 'a self-hosted runner'} keeps its own folder`,
      };
}
