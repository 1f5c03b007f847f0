import pep440 from '@renovatebot/pep440';

type Explained = NonNullable<ReturnType<typeof pep440.explain>>;

interface Clause {
  readonly operator: string;
  /** The version behind the operator, without `.*`. */
  readonly version: string;
  readonly prefix: boolean;
  /** Null for `===` on a text that is no version. */
  readonly explained: Explained | null;
}

/** Whether `text` is a version (PEP 440). */
export function isVersion(text: string): boolean {
  return pep440.valid(text) !== null;
}

/** Orders found so far: a plan compares the same few hundred pairs many times, and the library parses both texts each time. */
const orders = new Map<string, number>();

/** Order of two versions (PEP 440): negative, zero or positive. Throws TypeError for a text that is none. */
export function compareVersions(a: string, b: string): number {
  const pair = `${a} ${b}`;
  const known = orders.get(pair);
  if (known !== undefined) return known;
  const order = pep440.compare(a, b);
  orders.set(pair, order);
  return order;
}

/** Whether a version is an alpha, beta, candidate or development release (PEP 440). */
export function isPreRelease(version: string): boolean {
  return pep440.explain(version)?.is_prerelease ?? false;
}

/** The version without its local label: `3.2.2+cu126` gives `3.2.2`. */
function publicVersion(version: string): string {
  return version.split('+', 1)[0] ?? version;
}

function parseClause(text: string): Clause | null {
  const match = /^(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;()]+)$/.exec(text.trim());
  const [, operator = '', operand = ''] = match ?? [];
  if (match === null) {
    return null;
  }
  if (operator === '===') {
    return { operator, version: operand, prefix: false, explained: pep440.explain(operand) };
  }
  const prefix = operand.endsWith('.*');
  const version = prefix ? operand.slice(0, -2) : operand;
  const explained = pep440.explain(version);
  const equality = operator === '==' || operator === '!=';
  if (
    explained === null ||
    (explained.local !== null && !equality) ||
    (prefix && (!equality || !/^[\d!.]+$/.test(version))) ||
    (operator === '~=' && explained.release.length < 2)
  ) {
    return null;
  }
  return { operator, version, prefix, explained };
}

/** The clauses of a specifier in the order written; null where one of them is wrong. */
function parseClauses(specifier: string): readonly Clause[] | null {
  if (specifier.trim() === '') {
    return [];
  }
  const clauses = specifier.split(',').map(parseClause);
  return clauses.every((clause) => clause !== null) ? clauses : null;
}

/** Whether `text` is a list of version clauses such as `>=3.1,<3.3` (PEP 440); the empty list holds for every version. */
export function isSpecifier(text: string): boolean {
  return parseClauses(text) !== null;
}

/** Whether a specifier names one version: a clause `==` without `.*`, or `===`. */
export function isExact(specifier: string): boolean {
  return (parseClauses(specifier) ?? []).some(
    ({ operator, prefix }) => operator === '===' || (operator === '==' && !prefix),
  );
}

/** `==V.*`: the release begins with V's, missing segments counted as zero. */
function startsWith(version: Explained, epoch: number, release: readonly number[]): boolean {
  return version.epoch === epoch && release.every((segment, i) => segment === (version.release[i] ?? 0));
}

function sameBase(a: Explained, b: Explained): boolean {
  return compareVersions(a.base_version, b.base_version) === 0;
}

function holds(version: string, explained: Explained, clause: Clause): boolean {
  const wanted = clause.explained;
  if (clause.operator === '===' || wanted === null) {
    return version.toLowerCase() === clause.version.toLowerCase();
  }
  const order = compareVersions(publicVersion(version), publicVersion(clause.version));
  const equal = (): boolean =>
    clause.prefix
      ? startsWith(explained, wanted.epoch, wanted.release)
      : compareVersions(wanted.local === null ? publicVersion(version) : version, clause.version) === 0;
  switch (clause.operator) {
    case '==':
      return equal();
    case '!=':
      return !equal();
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '~=':
      return order >= 0 && startsWith(explained, wanted.epoch, wanted.release.slice(0, -1));
    case '<':
      return order < 0 && (wanted.is_prerelease || !explained.is_prerelease || !sameBase(explained, wanted));
    default:
      return order > 0 && (wanted.is_postrelease || !explained.is_postrelease || !sameBase(explained, wanted));
  }
}

/**
 * Whether a version satisfies every clause (PEP 440). Pre-releases count where `prereleases` says so, or, left out, where a clause names one.
 * Order and parsing are the library's; the clauses are judged here, because its own judgement takes `3.2.2+cu118` for `==3.2.2+cu126`,
 * misses `3.3` for `==3.3.0.*` and refuses `3.3.0rc1` for `<3.3.0rc2`.
 * False for a version or specifier that is none.
 */
export function satisfies(
  version: string,
  specifier: string,
  options: { readonly prereleases?: boolean } = {},
): boolean {
  const explained = pep440.explain(version);
  const clauses = parseClauses(specifier);
  if (explained === null || clauses === null) {
    return false;
  }
  const named = clauses.some(({ operator, explained: wanted }) => operator !== '!=' && wanted?.is_prerelease === true);
  if (explained.is_prerelease && !(options.prereleases ?? named)) {
    return false;
  }
  return clauses.every((clause) => holds(version, explained, clause));
}

/**
 * The `n` versions of `available` nearest to the one wanted, nearest first: the difference of the first release segment counts most,
 * then of the second; of equally near ones the newer comes first. `wanted` may be a specifier: its first version counts.
 */
export function nearestVersions(wanted: string, available: readonly string[], n: number): string[] {
  const release = (/\d+(?:\.\d+)*/.exec(wanted)?.[0] ?? '').split('.').map(Number);
  const distance = (version: string): number[] => {
    const own = pep440.explain(version)?.release ?? [];
    return Array.from({ length: Math.max(own.length, release.length) }, (_, i) =>
      Math.abs((own[i] ?? 0) - (release[i] ?? 0)),
    );
  };
  const order = (a: string, b: string): number => {
    const [near, far] = [distance(a), distance(b)];
    const length = Math.max(near.length, far.length);
    const difference = Array.from({ length }, (_, i) => (near[i] ?? 0) - (far[i] ?? 0)).find((delta) => delta !== 0);
    return difference ?? compareVersions(b, a);
  };
  return available.filter(isVersion).sort(order).slice(0, n);
}
