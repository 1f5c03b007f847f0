import path from 'node:path';

/**
 * The folder that remembers what was changed on this machine: outside `RUNNER_TEMP`, which is emptied around every job, and outside the
 * cache, which anyone may delete. XDG base directories on Linux, Apple's and Microsoft's guidelines elsewhere.
 */
export function stateFolder(
  os: 'linux' | 'darwin' | 'win32',
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  if (os === 'win32') {
    return path.win32.join(
      environment['LOCALAPPDATA'] ?? path.win32.join(home, 'AppData', 'Local'),
      'paddle-mirror-setup',
      'state',
    );
  }
  if (os === 'darwin') return path.posix.join(home, 'Library', 'Application Support', 'paddle-mirror-setup');
  const given = environment['XDG_STATE_HOME'];
  // A relative path in it is to be ignored, says the specification.
  const base = given !== undefined && path.posix.isAbsolute(given) ? given : path.posix.join(home, '.local', 'state');
  return path.posix.join(base, 'paddle-mirror-setup');
}
