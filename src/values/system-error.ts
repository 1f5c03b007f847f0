/** Code of a system error (`ENOENT`, `ENOSPC`), or null for anything else. */
export function errorCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;
}

/** For `catch`: a file that is gone is null; any other error stays one. */
export function goneAsNull(error: unknown): null {
  if (errorCode(error) === 'ENOENT') {
    return null;
  }
  throw error;
}
