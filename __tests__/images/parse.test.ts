import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseImage, readDockerMirrors, readImages } from '../../src/request/images.js';
import type { Problem } from '../../src/values/failure.js';
import { fullName, shortName } from '../../src/values/images.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('the name of an image', () => {
  test.each([
    ['python', 'docker.io/library/python:latest'],
    ['paddlepaddle/paddle:3.3.1', 'docker.io/paddlepaddle/paddle:3.3.1'],
    ['index.docker.io/paddlepaddle/paddle', 'docker.io/paddlepaddle/paddle:latest'],
    ['localhost/a', 'localhost/a:latest'],
    ['127.0.0.1:5000/a/b/c:1.0', '127.0.0.1:5000/a/b/c:1.0'],
    [`harbor.example:8443/team/paddle@${digest}`, `harbor.example:8443/team/paddle@${digest}`],
    [`paddlepaddle/paddle:3.3.1@${digest}`, `docker.io/paddlepaddle/paddle:3.3.1@${digest}`],
  ])('%s is %s', (text, full) => {
    const image = parseImage(text);
    expect(image === null ? null : fullName(image)).toBe(full);
  });

  test.each([
    '',
    'Upper/case',
    'a b',
    'a:',
    ':1',
    '-x',
    '--privileged',
    'a/../b',
    'a@sha256:12',
    'https://a/b',
    'a//b',
    `a:${'x'.repeat(129)}`,
    '$(id)',
    'a;b',
    'a\u0000b',
    `${'a'.repeat(300)}`,
  ])('%j is none', (text) => expect(parseImage(text)).toBeNull());

  test('is read back from what it is written as', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(part, part, fc.stringMatching(/^[\w][\w.-]{0,20}$/), (user, name, tag) => {
        const image = parseImage(`${user}/${name}:${tag}`);
        expect(image).not.toBeNull();
        if (image !== null) expect(parseImage(shortName(image))).toEqual(image);
      }),
    );
  });

  test('takes no text long', () => {
    fc.assert(fc.property(fc.string({ maxLength: 5000 }), (text) => parseImage(text) !== undefined));
    expect(parseImage(`${'a-'.repeat(20_000)}!`)).toBeNull();
  });
});

const given = (text: string) => ({ name: 'docker-images' as const, where: 'docker-images', text });

function images(text: string) {
  const problems: Problem[] = [];
  return { wishes: readImages(given(text), (problem) => problems.push(problem)), problems };
}

describe('docker-images', () => {
  test('are one a line, with other registries behind commas and a name behind `as`', () => {
    const { wishes, problems } = images('python:3.12\nharbor.example/p:1, paddlepaddle/paddle:3.3.1 as paddle:ci\n\n');
    expect(problems).toEqual([]);
    expect(wishes.map(({ sources, name }) => [sources.map(fullName), name])).toEqual([
      [['docker.io/library/python:3.12'], 'python:3.12'],
      [['harbor.example/p:1', 'docker.io/paddlepaddle/paddle:3.3.1'], 'paddle:ci'],
    ]);
  });

  test('that are no names, or get one name twice, are all told', () => {
    expect(images(`Bad/Name\n--help\na:1 as b@${digest}`).problems).toHaveLength(3);
    expect(images('a:1 as x:1\nb:1 as x:1').problems).toHaveLength(1);
  });
});

describe('docker-mirrors', () => {
  const read = (text: string) => {
    const problems: Problem[] = [];
    const mirrors = readDockerMirrors(given(text), (problem) => problems.push(problem));
    return { mirrors: mirrors.map(({ url }) => url), problems: problems.map(({ what }) => what) };
  };

  test('are names of the catalogue and addresses, in the order given', () => {
    expect(read('https://mirror.example/, daocloud').mirrors).toEqual([
      'https://mirror.example',
      'https://docker.m.daocloud.io',
    ]);
  });

  test.each([
    ['daoclod', 'no mirror of Docker Hub called'],
    ['https://a.example/?x=1', 'a query or a fragment'],
    ['https://user:secret@a.example', 'a user name or password'],
    ['https://a.example,https://a.example/', 'stands in it twice'],
    ['https://a.example,https://a.example', 'stands in it twice'],
    ['ftp://a.example', "can't be used"],
    ['https://a.example/"];x', "can't be used"],
  ])('%s is refused', (text, what) => {
    const { problems } = read(text);
    expect(problems).toEqual([expect.stringContaining(what)]);
    expect(problems.join()).not.toContain('secret');
  });
});
