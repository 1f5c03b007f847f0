import { distance } from 'fastest-levenshtein';
import type { S3Place } from '../values/s3.js';
import { type Given, type Report, show } from './rules.js';

const example = '`s3://my-bucket/wheels?endpoint=https://s3.example:9000&region=us-east-1`';
const parameters = ['endpoint', 'region', 'path-style'] as const;

/** Bucket names (Amazon S3, "General purpose bucket naming rules"); underscores and capitals are taken by some servers and by none of them in a host name. */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What is wrong with the server's address; null where nothing is. */
function endpointProblem(text: string): string | null {
  if (!URL.canParse(text) || !/^https?:\/\/[^/]/.test(text))
    return `endpoint is ${show(text)}, which is no http or https address`;
  const { pathname, search, username, password } = new URL(text);
  if (username !== '' || password !== '')
    return 'endpoint holds a user name or password; keys are taken from the environment';
  return pathname === '/' && search === ''
    ? null
    : 'endpoint has a path; the bucket and the prefix stand in front of the question mark';
}

function problemsOf(url: URL, bucket: string): string[] {
  const { searchParams, username, password } = url;
  const known: readonly string[] = parameters;
  const problems = [...new Set(searchParams.keys())].flatMap((name) => {
    if (!known.includes(name)) {
      const near = parameters.reduce((best, one) => (distance(name, one) < distance(name, best) ? one : best));
      return [`it has the parameter ${show(name)}; there are ${parameters.join(', ')} (did you mean ${near}?)`];
    }
    return searchParams.getAll(name).length > 1 ? [`it has ${name} twice`] : [];
  });
  if (username !== '' || password !== '')
    problems.push('it holds a user name or password; keys are taken from the environment');
  else if (!bucketName.test(bucket) || bucket.includes('..')) problems.push(`${show(bucket)} is no name of a bucket`);
  const endpoint = searchParams.get('endpoint');
  const [region, style] = [searchParams.get('region'), searchParams.get('path-style')];
  const wrongEndpoint = endpoint === null ? null : endpointProblem(endpoint);
  if (wrongEndpoint !== null) problems.push(wrongEndpoint);
  if (region !== null && !/^[A-Za-z0-9-]{1,64}$/.test(region)) problems.push(`region is ${show(region)}`);
  if (style !== null && style !== 'true' && style !== 'false')
    problems.push(`path-style is ${show(style)}; allowed is true or false`);
  return problems;
}

/**
 * Reads `s3://bucket/prefix?endpoint=&region=&path-style=`; null where nothing was given or after a report that names all that is wrong.
 * Left out, `path-style` is true for servers other than Amazon's, and for buckets with a dot, whose names no certificate covers.
 */
export function readCacheUrl(given: Given, report: Report): S3Place | null {
  const { text, where } = given;
  if (text === '') return null;
  // Whoever writes keys into the query does so by mistake, and has them printed by nobody.
  const refuse = (what: string): null => {
    report({
      where,
      what: `${show(text.replace(/\?.*$/s, ''))} can't be used: ${what}.`,
      remedy: `Write an address such as ${example}.`,
    });
    return null;
  };
  if (!/^s3:\/\//.test(text)) return refuse('it does not begin with `s3://`');
  if (/[\p{Cc}\s#]/u.test(text) || !URL.canParse(text)) return refuse('it is no address');
  const url = new URL(text);
  const bucket = url.host;
  const prefix = decodePath(url.pathname);
  const problems = [
    ...problemsOf(url, bucket),
    ...(prefix === null ? ['its prefix has parts other than letters, digits and `._-`'] : []),
  ];
  if (problems.length > 0 || prefix === null) return refuse(problems.join('; '));
  const { searchParams } = url;
  const endpoint = searchParams.get('endpoint');
  const style = searchParams.get('path-style');
  return {
    bucket,
    prefix,
    endpoint: endpoint === null ? null : new URL(endpoint).origin,
    region: searchParams.get('region'),
    pathStyle: style === null ? endpoint !== null || bucket.includes('.') : style === 'true',
  };
}

/** The prefix without slashes at its ends; null where it holds what keys should not. */
function decodePath(pathname: string): string | null {
  const parts = pathname.split('/').filter((part) => part !== '');
  return parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(part)) ? parts.join('/') : null;
}
