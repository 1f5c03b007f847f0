import type { Interpreter } from '../values/interpreter.js';

/** Everything that the interpreter says of itself; the tags follow from it. */
export type InterpreterFacts = Omit<Interpreter, 'tags'>;

const marker = 'paddle-mirror-setup-probe:';

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isTable =
  (check: Check): Check =>
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(check);
const hasTexts =
  (...names: readonly string[]): Check =>
  (value) =>
    typeof value === 'object' && value !== null && names.every((name) => isText(Reflect.get(value, name)));

const shape: Readonly<Record<keyof InterpreterFacts, Check>> = {
  executable: isText,
  version: (value) => typeof value === 'string' && /^\d+\.\d+\.\d+/.test(value),
  implementation: isText,
  bits: (value) => value === 32 || value === 64,
  platform: isText,
  freeThreaded: isBoolean,
  glibc: orNull(isText),
  musl: orNull(isText),
  macos: orNull(hasTexts('version', 'machine')),
  prefix: isText,
  basePrefix: isText,
  virtual: isBoolean,
  externallyManaged: orNull(isText),
  pip: orNull(isText),
  setuptools: orNull(isText),
  paddle: isTable(isText),
  purelib: isText,
  writable: isBoolean,
  pipSettings: isTable(hasTexts('value', 'origin')),
  pipProblems: (value) => Array.isArray(value) && value.every(isText),
  officialIndex: orNull(hasTexts('url', 'origin')),
};

/**
 * What `probe.py` answered, found behind its marker whatever else the interpreter printed; null where there is no whole answer, which
 * is what any program that is no Python gives. `executable` may be '' (an embedded Python does not know it).
 */
export function readAnswer(stdout: string): InterpreterFacts | null {
  const line = stdout.split(/\r?\n/).findLast((text) => text.startsWith(marker));
  if (line === undefined) return null;
  try {
    const answer: unknown = JSON.parse(line.slice(marker.length));
    const whole =
      typeof answer === 'object' &&
      answer !== null &&
      Object.entries(shape).every(([name, check]) => check(Reflect.get(answer, name)));
    return whole ? (answer as InterpreterFacts) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
