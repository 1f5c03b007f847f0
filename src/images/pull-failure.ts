import { knownTags } from '../catalog/images.js';
import type { Problem } from '../values/failure.js';
import { fullName, type ImageReference } from '../values/images.js';

interface Meaning {
  readonly pattern: RegExp;
  readonly what: string;
  readonly remedy: string;
}

/** What daemons say when a pull fails, most telling first. */
const meanings: readonly Meaning[] = [
  {
    pattern: /toomanyrequests|rate limit/i,
    what: "the registry's limit is reached",
    remedy: 'Log in with `docker login`, name a mirror in `docker-mirrors`, or wait.',
  },
  {
    pattern:
      /no basic auth credentials|unauthorized|authentication required|access to the resource is denied|requested access|denied/i,
    what: 'the registry wants a login, or has no such image for this user',
    remedy:
      'Give a line for it in `index-credentials`, or log in with `docker login` before this step; and check the name.',
  },
  {
    pattern: /manifest unknown|not found|name unknown|repository name not known/i,
    what: 'the registry has no image of that name and tag',
    remedy: 'Check the name and the tag.',
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    what: 'the registry speaks plain http',
    remedy: "Give it https, or name it in the daemon's `insecure-registries`.",
  },
  {
    pattern: /x509|certificate|tls:/i,
    what: 'its certificate is not trusted by the daemon',
    remedy: "Put the authority's certificate into /etc/docker/certs.d/HOST/ca.crt.",
  },
  {
    pattern: /no space left/i,
    what: 'the disk of the daemon is full',
    remedy: 'Free some space, for example with `docker image prune`.',
  },
  {
    pattern:
      /no such host|connection refused|i\/o timeout|deadline exceeded|timeout|no route|unreachable|EOF|reset|dial tcp|Client\.Timeout/i,
    what: 'the registry does not answer',
    remedy:
      'Name a mirror in `docker-mirrors`, or another registry that has the image in front of it, parted by a comma.',
  },
];

/** One source of an image that failed, in plain words and with the daemon's own. */
export function pullProblem(image: ImageReference, said: string): Problem {
  const meaning = meanings.find(({ pattern }) => pattern.test(said));
  const flat = said.replace(/\s+/g, ' ').slice(0, 300);
  const missing = meaning?.what.includes('no image of that name') === true;
  const tags = missing && image.repository === 'paddlepaddle/paddle' ? knownTags(image.tag ?? '') : [];
  const known = tags.length > 0 ? ` Known tags: ${tags.join(', ')}.` : '';
  return {
    where: fullName(image),
    what:
      meaning === undefined ? `It could not be pulled: ${flat}` : `It could not be pulled: ${meaning.what} (${flat}).`,
    remedy: `${meaning?.remedy ?? 'Try `docker pull` by hand to see more.'}${known}`,
  };
}
