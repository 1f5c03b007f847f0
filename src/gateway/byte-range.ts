/** Which bytes of a file are wanted: all of it, `[from, to)`, or a part that it does not have. */
export type ByteRange = 'whole' | 'unsatisfiable' | { readonly from: number; readonly to: number };

/**
 * Reads a `Range` header for a file of `size` bytes (RFC 9110, section 14.1.2). Several ranges at once and other units are answered
 * with the whole, as the RFC allows. `current`: an `If-Range`, if there is one, names the file as it is.
 */
export function readByteRange(header: string | undefined, size: number, current: boolean): ByteRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null || !current) {
    return 'whole';
  }
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  if (first === '' && last === '') {
    return 'whole';
  }
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { from: size - length, to: size };
  }
  const from = Number(first);
  const to = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < from) {
    return 'whole';
  }
  return from >= size ? 'unsatisfiable' : { from, to };
}
