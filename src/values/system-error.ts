/** Code of a system error (`ENOENT`, `ENOSPC`), or null for anything else. */
export function errorCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;
}

/**
 * For `catch` in a folder that others write, too: what is gone, closed to this user, or no folder or file where one was expected, is null;
 * any other error stays one.
 */
export function strangeAsNull(error: unknown): null {
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '')) {
    return null;
  }
  throw error;
}

/** Whether the system does not let this user change something: it is another user's, or on a file system that is read-only. */
export function isRefused(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '');
}

/** For `catch`: a file that is gone is null; any other error stays one. */
export function goneAsNull(error: unknown): null {
  if (errorCode(error) === 'ENOENT') {
    return null;
  }
  throw error;
}
