import { resolve } from 'node:path';
import { normalise } from '../packaging/name.js';
import { isExact, satisfies } from '../packaging/version.js';
import { Failure, type Problem } from '../values/failure.js';
import type { PaddleWish, Request } from '../values/request.js';
import { checkFiles, checkWarmUp } from './agreement.js';
import { readCacheUrl } from './cache-url.js';
import { readDevice } from './device.js';
import { type ReadRequirements, readRequirements } from './files.js';
import { readDockerMirrors, readImages } from './images.js';
import { readIndexCredentials } from './index-credentials.js';
import { type InputName, inputs } from './inputs.js';
import {
  checkContextFolder,
  checkFolder,
  checkOutputFile,
  checkReadFolder,
  checkVenv,
  hasControl,
  readPath,
} from './places.js';
import {
  type Given,
  type Report,
  readAddress,
  readChoice,
  readConfigure,
  readDuration,
  readList,
  readMinutes,
  readMirrors,
  readPaddleVersion,
  readSwitch,
  show,
} from './rules.js';
import { readSize } from './size.js';

/** What the parser has to know beside the inputs. */
export interface ParseContext {
  /** Absolute folder where relative paths begin. */
  readonly cwd: string;
  /** Variables that `${NAME}` in requirements files stands for. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Names of the catalogue. `distributions`: normalised names of what carries PaddlePaddle itself, plug-ins apart. */
  readonly known: {
    readonly devices: readonly string[];
    readonly mirrors: readonly string[];
    readonly distributions: ReadonlySet<string>;
  };
  /** How the user writes an input's name: `device` or `--device`. */
  readonly origin: 'input' | 'flag';
  /** The command looks after a cache that is there, as `cache ls` does: nothing has to be written into it. */
  readonly onlyLooks: boolean;
}

/**
 * Which PaddlePaddle the requirements or the lock pin, where `paddle-version` says nothing.
 * What stands under a marker counts only once the interpreter is known.
 */
function pinned({ set, lock }: ReadRequirements, distributions: ReadonlySet<string>, origin: string): PaddleWish {
  const pins = [
    ...(lock?.packages ?? []).map(({ name, marker, version }) => ({
      name: normalise(name),
      marker,
      specifier: version === null ? '' : `==${version}`,
      origin,
    })),
    ...set.requirements.map((line) => ({ ...line, name: line.normalised })),
  ];
  const pin = pins.find(
    ({ name, marker, specifier }) => distributions.has(name ?? '') && marker === null && isExact(specifier),
  );
  return pin === undefined ? { kind: 'newest' } : { kind: 'specifier', specifier: pin.specifier, origin: pin.origin };
}

/** A lock brings one PaddlePaddle; the wish may not say another. */
function checkLock(locked: PaddleWish, wish: PaddleWish | null, given: Given, report: Report): void {
  if (locked.kind !== 'specifier' || wish?.kind !== 'specifier') {
    return;
  }
  const version = locked.specifier.slice('=='.length);
  if (!satisfies(version, wish.specifier, { prereleases: true })) {
    report({
      where: given.where,
      what: `It is ${show(given.text)}, but the lock given as requirements brings PaddlePaddle ${version}.`,
      remedy: 'Leave it out, or make the lock for that version.',
    });
  }
}

/** Which store; a bucket has to be named for `s3`, and names it for `auto`. */
function readCache(read: (name: InputName) => Given, report: Report): Pick<Request, 'cache' | 'cacheUrl'> {
  const [given, url] = [read('cache'), read('cache-url')];
  const cache = readChoice(given, ['auto', 'github', 'directory', 's3', 'off'], report);
  const cacheUrl = readCacheUrl(url, report);
  if (cache === 's3' && url.text === '') {
    report({
      where: given.where,
      what: 'It is s3, but no bucket is named.',
      remedy: `Name one with ${url.where}, such as \`s3://my-bucket/wheels\`.`,
    });
  }
  if (cacheUrl !== null && (cache === 'github' || cache === 'directory' || cache === 'off')) {
    report({
      where: url.where,
      what: `It names a bucket, but ${given.where} is ${cache}.`,
      remedy: `Leave ${url.where} out, or set ${given.where} to s3.`,
    });
  }
  const folder = read('cache-path');
  if (cache === 'off' && folder.text !== '') {
    report({
      where: folder.where,
      what: `It names a folder, but ${given.where} is off: nothing is kept.`,
      remedy: `Leave ${folder.where} out, or set ${given.where} to directory.`,
    });
  }
  return { cache, cacheUrl };
}

async function readPlaces(read: (name: InputName) => Given, cwd: string, onlyLooks: boolean, report: Report) {
  const at = async (
    name: InputName,
    check: (given: Given, path: string, report: Report) => Promise<unknown>,
  ): Promise<string | null> => {
    const given = read(name);
    const path = readPath(given, cwd, report);
    if (path !== null) {
      await check(given, path, report);
    }
    return path;
  };
  return {
    venv: await at('venv', checkVenv),
    envFile: await at('environment-file', checkOutputFile),
    cachePath: await at('cache-path', onlyLooks ? checkReadFolder : checkFolder),
    dockerContext: await at('docker-context', checkContextFolder),
    reportFile: await at('report', checkOutputFile),
  };
}

/**
 * Inputs as text → Request, parsed, validated and frozen; an input that is missing or blank has its default.
 * Reads requirements files and looks at the places that are named, changes nothing.
 * Throws one Failure (exit code 2) that names everything that is wrong. Whether versions, devices and requirements agree is the
 * plan's to say: markers need the interpreter.
 */
export async function parseRequest(
  raw: Readonly<Record<string, string | undefined>>,
  { cwd, environment, known, origin, onlyLooks }: ParseContext,
): Promise<Request> {
  const problems: Problem[] = [];
  const report: Report = (problem) => {
    problems.push(problem);
  };
  const read = (name: InputName): Given => {
    const given = raw[name]?.trim() ?? '';
    const fallback = inputs.find((input) => input.name === name)?.default ?? '';
    return { name, where: origin === 'flag' ? `--${name}` : name, text: given === '' ? fallback : given };
  };
  const python = read('python');
  if (hasControl(python.text)) {
    report({
      where: python.where,
      what: `${show(python.text)} holds a control character.`,
      remedy: 'Write one name or path on one line.',
    });
  }
  const version = read('paddle-version');
  const wish = readPaddleVersion(version, report);
  const [files, packages] = [read('requirements'), read('packages')];
  const paths = files.text
    .split(/\r?\n/)
    .map((path) => path.trim())
    .filter((path) => path !== '');
  const readSet = await readRequirements(
    paths,
    packages.text,
    { requirements: files.where, packages: packages.where },
    { cwd, environment },
  );
  problems.push(...readSet.problems);
  const pin = pinned(readSet, known.distributions, files.text);
  if (readSet.lock !== null) {
    checkLock(pin, wish, version, report);
  }
  const paddleIndex = read('paddle-index');
  const dockerMirrors = readDockerMirrors(read('docker-mirrors'), report);
  const request: Request = {
    paddle: wish ?? pin,
    device: readDevice(read('device'), known.devices, report),
    requirements: readSet.set,
    python: python.text,
    install: readSwitch(read('install'), report),
    installer: readChoice(read('installer'), ['uv', 'pip'], report),
    mirrors: readMirrors(read('mirrors'), known.mirrors, report),
    paddleIndexes: readList(paddleIndex).flatMap((text) => readAddress(paddleIndex, text, report) ?? []),
    indexCredentials: readIndexCredentials(read('index-credentials'), report),
    pipConfig: readChoice(read('pip-config'), ['env', 'user', 'system'], report),
    configure: readConfigure(read('configure'), dockerMirrors.length > 0, report),
    dockerMirrors,
    dockerImages: readImages(read('docker-images'), report),
    scope: readChoice(read('scope'), ['job', 'keep'], report),
    ...readCache(read, report),
    cacheWrite: readChoice(read('cache-write'), ['auto', 'always', 'never'], report),
    cacheLimit: readSize(read('cache-limit'), report),
    verify: readChoice(read('verify'), ['full', 'import', 'off'], report),
    gpu: readChoice(read('gpu'), ['required', 'optional'], report),
    lockMaxAgeMs: readDuration(read('lock-max-age'), report),
    timeoutMs: readMinutes(read('timeout-minutes'), report),
    ...(await readPlaces(read, cwd, onlyLooks, report)),
  };
  const where = (name: InputName): string => read(name).where;
  const named = paths.map((path) => resolve(cwd, path));
  checkFiles(request, named, where, report);
  checkWarmUp(request, where, report);
  if (problems.length > 0) {
    throw new Failure(2, problems);
  }
  return Object.freeze(request);
}
