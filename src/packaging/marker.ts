import type { MarkerEnvironment } from './marker-environment.js';
import { isVersion, satisfies } from './version.js';

/** What is asked for beside the environment: `extra` of a dependency (PEP 508), extras and groups of a lock (PEP 751). */
export interface MarkerExtras {
  readonly extra?: string;
  readonly extras?: readonly string[];
  readonly dependencyGroups?: readonly string[];
}

type Operand = { readonly kind: 'variable'; readonly name: string } | { readonly kind: 'text'; readonly value: string };

/** A parsed marker (PEP 508). */
export type Marker =
  | { readonly kind: 'and' | 'or'; readonly left: Marker; readonly right: Marker }
  | { readonly kind: 'compare'; readonly operator: string; readonly left: Operand; readonly right: Operand };

const variables: ReadonlySet<string> = new Set([
  'implementation_name',
  'implementation_version',
  'os_name',
  'platform_machine',
  'platform_python_implementation',
  'platform_release',
  'platform_system',
  'platform_version',
  'python_full_version',
  'python_version',
  'sys_platform',
  'extra',
  'extras',
  'dependency_groups',
]);
/** Spellings from before PEP 508 that installers still read. */
const oldSpellings: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};
const token =
  /\s*(?:(?<text>"[^"]*"|'[^']*')|(?<operator>===|==|~=|!=|<=|>=|<|>|not\s+in\b|in\b)|(?<word>[a-z_][a-z0-9_.]*)|(?<bracket>[()]))\s*/iy;

interface Token {
  readonly kind: 'text' | 'operator' | 'word' | 'bracket';
  readonly value: string;
}

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  const matcher = new RegExp(token);
  while (matcher.lastIndex < text.length) {
    const start = matcher.lastIndex;
    const groups = matcher.exec(text)?.groups;
    const kind = (['text', 'operator', 'word', 'bracket'] as const).find((name) => groups?.[name] !== undefined);
    if (groups === undefined || kind === undefined) {
      throw new SyntaxError(`unexpected \`${text.slice(start).trim()}\``);
    }
    tokens.push({ kind, value: (groups[kind] ?? '').replace(/\s+/g, kind === 'operator' ? ' ' : '$&') });
  }
  return tokens;
}

/**
 * Reads a marker (PEP 508). Throws SyntaxError with a phrase that says what is wrong, e.g. ``expected a comparison behind `os_name` ``.
 */
export function parseMarker(text: string): Marker {
  const tokens = tokenise(text);
  let next = 0;

  function operand(): Operand {
    const found = tokens[next];
    next += 1;
    if (found?.kind === 'text') {
      return { kind: 'text', value: found.value.slice(1, -1) };
    }
    const name = found === undefined ? '' : (oldSpellings[found.value] ?? found.value);
    if (found?.kind !== 'word' || !variables.has(name)) {
      throw new SyntaxError(
        found === undefined ? 'it ends too early' : `\`${found.value}\` is neither a quoted text nor a marker variable`,
      );
    }
    return { kind: 'variable', name };
  }

  function comparison(): Marker {
    if (tokens[next]?.value === '(' && tokens[next]?.kind === 'bracket') {
      next += 1;
      const inner = disjunction();
      if (tokens[next]?.value !== ')') {
        throw new SyntaxError('a closing bracket is missing');
      }
      next += 1;
      return inner;
    }
    const left = operand();
    const operator = tokens[next];
    if (operator?.kind !== 'operator') {
      throw new SyntaxError(`expected a comparison behind \`${left.kind === 'text' ? left.value : left.name}\``);
    }
    next += 1;
    const right = operand();
    if (left.kind === 'text' && right.kind === 'text') {
      throw new SyntaxError('a comparison needs a marker variable on one side');
    }
    return { kind: 'compare', operator: operator.value, left, right };
  }

  function chain(word: 'and' | 'or', part: () => Marker): Marker {
    let left = part();
    while (tokens[next]?.kind === 'word' && tokens[next]?.value === word) {
      next += 1;
      left = { kind: word, left, right: part() };
    }
    return left;
  }

  function disjunction(): Marker {
    return chain('or', () => chain('and', comparison));
  }

  const marker = disjunction();
  const rest = tokens[next];
  if (rest !== undefined) {
    throw new SyntaxError(`unexpected \`${rest.value}\``);
  }
  return marker;
}

function formatOperand(operand: Operand): string {
  if (operand.kind === 'variable') {
    return operand.name;
  }
  return operand.value.includes('"') ? `'${operand.value}'` : `"${operand.value}"`;
}

/** One spelling for equal markers: double quotes, single blanks, only the brackets that are needed. */
export function formatMarker(marker: Marker): string {
  if (marker.kind === 'compare') {
    return `${formatOperand(marker.left)} ${marker.operator} ${formatOperand(marker.right)}`;
  }
  const part = (side: Marker, bracketed: boolean): string =>
    bracketed ? `(${formatMarker(side)})` : formatMarker(side);
  const left = part(marker.left, marker.kind === 'and' && marker.left.kind === 'or');
  const right = part(
    marker.right,
    marker.right.kind === marker.kind || (marker.kind === 'and' && marker.right.kind === 'or'),
  );
  return `${left} ${marker.kind} ${right}`;
}

function compareTexts(left: string, operator: string, right: string): boolean {
  switch (operator) {
    case '==':
    case '===':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case 'in':
      return right.includes(left);
    case 'not in':
      return !right.includes(left);
    default:
      return false;
  }
}

/**
 * Whether a marker holds (PEP 508): versions are compared as versions where both sides are some, else as texts; a comparison by `~=`
 * of texts never holds. `extras` and `dependency_groups` are sets (PEP 751). Throws SyntaxError as parseMarker does.
 */
export function evaluateMarker(
  marker: string | Marker,
  environment: MarkerEnvironment,
  asked: MarkerExtras = {},
): boolean {
  const tree = typeof marker === 'string' ? parseMarker(marker) : marker;
  if (tree.kind !== 'compare') {
    const left = evaluateMarker(tree.left, environment, asked);
    const right = (): boolean => evaluateMarker(tree.right, environment, asked);
    return tree.kind === 'and' ? left && right() : left || right();
  }
  const sets: Readonly<Record<string, readonly string[]>> = {
    extras: asked.extras ?? [],
    dependency_groups: asked.dependencyGroups ?? [],
  };
  const values: Readonly<Record<string, string>> = { ...environment, extra: asked.extra ?? '' };
  const value = (operand: Operand): string => (operand.kind === 'text' ? operand.value : (values[operand.name] ?? ''));
  const set = tree.right.kind === 'variable' ? sets[tree.right.name] : undefined;
  if (set !== undefined) {
    return set.includes(value(tree.left)) === (tree.operator === 'in');
  }
  const [left, right] = [value(tree.left), value(tree.right)];
  const versions = isVersion(left) && isVersion(right.replace(/\.\*$/, '')) && !tree.operator.endsWith('in');
  return versions
    ? satisfies(left, `${tree.operator}${right}`, { prereleases: true })
    : compareTexts(left, tree.operator, right);
}
