/** What a RECORD says of a file. */
export interface Recorded {
  /** Base64url without padding; empty where there is none, as for the RECORD itself and what some builders leave out. */
  readonly sha256: string;
  /** Bytes; null where it is not told. */
  readonly size: number | null;
}

/** A RECORD by path (binary distribution format): CSV of path, hash and size; a quoted path may hold commas and doubled quotes. */
export function parseRecord(text: string): ReadonlyMap<string, Recorded> {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  return new Map(
    lines.flatMap((line) => {
      const [, quoted, bare, sha256, size] =
        /^(?:"((?:[^"]|"")*)"|([^,]*)),(?:sha256=([\w-]*)|[^,]*)(?:,(\d*))?/.exec(line) ?? [];
      const path = quoted?.replaceAll('""', '"') ?? bare;
      return path === undefined ? [] : [[path, { sha256: sha256 ?? '', size: size ? Number(size) : null }] as const];
    }),
  );
}
