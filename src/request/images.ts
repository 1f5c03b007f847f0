import { dockerMirrors } from '../catalog/images.js';
import type { ImageReference, ImageWish } from '../values/images.js';
import { shortName } from '../values/images.js';
import type { Request } from '../values/request.js';
import { type Given, type Report, readAddress, readList, show } from './rules.js';

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?';
/** The grammar of github.com/distribution/reference; digests of SHA-256 alone, which is what every registry gives. */
const grammar = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?$`,
);
/** Longer ones are refused by every registry. */
const longestName = 255;

/** Reads an image's name as docker does: without a host it is Docker Hub's, one word is in `library/`, without tag and digest it is `latest`. Null: it is none. */
export function parseImage(text: string): ImageReference | null {
  const [, found, path, tag = null, digest = null] = grammar.exec(text) ?? [];
  if (path === undefined || text.length > longestName + 128 + 72) return null;
  // Docker's own rule: a first part without dot and port, other than localhost, is no host.
  const isHost = found !== undefined && (/[.:[]/.test(found) || found === 'localhost');
  // A word before the first slash that is no host must itself be a name, which has no capitals.
  if (found !== undefined && !isHost && found !== found.toLowerCase()) return null;
  const given = isHost ? found.toLowerCase() : 'docker.io';
  const registry = given === 'index.docker.io' || given === 'registry-1.docker.io' ? 'docker.io' : given;
  const whole = found === undefined || isHost ? path : `${found}/${path}`;
  const repository = registry === 'docker.io' && !whole.includes('/') ? `library/${whole}` : whole;
  if (repository.length > longestName) return null;
  return { registry, repository, tag: tag ?? (digest === null ? 'latest' : null), digest };
}

function readName(given: Given, text: string, report: Report): ImageReference | null {
  const image = parseImage(text);
  if (image === null) {
    report({
      where: given.where,
      what: `${show(text)} is not the name of an image.`,
      remedy:
        'Write it as `docker pull` takes it, in small letters: `paddlepaddle/paddle:3.3.1` or `harbor.example/team/image@sha256:...`.',
    });
  }
  return image;
}

/** Images one a line: sources in order, separated by commas, and ` as NAME` for the name the image gets. */
export function readImages(given: Given, report: Report): readonly ImageWish[] {
  const lines = [...new Set(given.text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '');
  const wishes = lines.flatMap((line): ImageWish[] => {
    const [, list = line, alias] = /^(.*?)\s+as\s+(\S+)$/.exec(line) ?? [];
    const sources = readList({ ...given, text: list }).flatMap((text) => readName(given, text, report) ?? []);
    const named = alias === undefined ? sources[0] : readName(given, alias, report);
    if (alias !== undefined && named !== null && named !== undefined && named.digest !== null) {
      report({
        where: given.where,
        what: `${show(alias)} holds a digest, which comes from the content and can't be given.`,
        remedy: 'Write a name and a tag behind `as`.',
      });
    }
    const [first] = sources;
    if (first === undefined || named === null || named === undefined) return [];
    const name = named.tag === null ? null : shortName({ ...named, digest: null });
    return [{ sources, name }];
  });
  const names = wishes.flatMap(({ name }) => name ?? []);
  for (const name of new Set(names.filter((one, at) => names.indexOf(one) !== at))) {
    report({
      where: given.where,
      what: `Two lines would both be tagged ${show(name)}.`,
      remedy: 'Name each image once, or give one of them another name with `as`.',
    });
  }
  return wishes;
}

/** Names of the catalogue and addresses in order of wish, each once; what no daemon would take is told. */
export function readDockerMirrors(given: Given, report: Report): Request['dockerMirrors'] {
  // Not readList, which would drop what stands twice without a word.
  const words = given.text
    .split(/[,\n\r]/)
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const found = words.flatMap((word): { readonly id: string; readonly url: string }[] => {
    const named = dockerMirrors.find(({ id }) => id === word);
    if (named !== undefined) return [{ id: named.id, url: named.url }];
    if (!/[:/]/.test(word)) {
      report({
        where: given.where,
        what: `There is no mirror of Docker Hub called ${show(word)}; there are ${dockerMirrors.map(({ id }) => id).join(', ')}, and addresses.`,
        remedy: 'Write one of these names, or the address with `https://` in front.',
      });
      return [];
    }
    const address = readAddress(given, word, report);
    if (address === null) return [];
    const { host: name, search, hash } = new URL(address.url);
    // dockerd: "invalid mirror", and with it the whole file is refused.
    if (address.credentials !== null || search !== '' || hash !== '') {
      report({
        where: given.where,
        what: `${show(word)} holds ${address.credentials === null ? 'a query or a fragment' : 'a user name or password'}, which no daemon takes in the address of a mirror.`,
        remedy:
          'Write the address alone; a registry with a login is no mirror: name its images with their host in `docker-images`.',
      });
      return [];
    }
    return [{ id: name, url: address.url.replace(/\/+$/, '') }];
  });
  const twice = found.find(({ url }, at) => found.findIndex((other) => other.url === url) !== at);
  if (twice !== undefined) {
    report({
      where: given.where,
      what: `${twice.url} stands in it twice.`,
      remedy: 'Name each mirror once: the order says which is asked first.',
    });
  }
  return found;
}
