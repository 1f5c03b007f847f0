import { expect, test } from '@jest/globals';
import { readIndexCredentials, secretTexts } from '../../src/request/index-credentials.js';
import type { Problem } from '../../src/values/failure.js';

function parse(text: string) {
  const problems: Problem[] = [];
  const given = { name: 'index-credentials', where: 'index-credentials', text } as const;
  return { found: readIndexCredentials(given, (problem) => problems.push(problem)), problems };
}

test('a line is an address and a user with a password, which may hold anything', () => {
  expect(parse('https://nexus.invalid/repository/simple me:p w:d@/#\n\n http://h.invalid:81  __token__:t\n')).toEqual({
    found: [
      { origin: 'https://nexus.invalid', credentials: { username: 'me', password: 'p w:d@/#' } },
      { origin: 'http://h.invalid:81', credentials: { username: '__token__', password: 't' } },
    ],
    problems: [],
  });
});

test.each([
  'https://nexus.invalid',
  'https://nexus.invalid hunter2',
  'https://nexus.invalid me:',
  'https://nexus.invalid :hunter2',
  'nexus.invalid me:hunter2',
  'me:hunter2',
  'https://me:hunter2@nexus.invalid me:hunter2',
  'https://nexus.invalid me:hunter1\nhttps://nexus.invalid/b me:hunter2',
])('%j is refused by its line, and no word of it is repeated', (text) => {
  const { problems } = parse(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.where).toMatch(/^index-credentials, line [12]$/);
  expect(JSON.stringify(problems)).not.toMatch(/hunter|nexus/);
});

test('what is masked is the password, the pair and its header, also of a wrong line', () => {
  expect(secretTexts('nexus me:p:w\n')).toEqual(['me:p:w', 'p:w', Buffer.from('me:p:w').toString('base64')]);
  expect(secretTexts('nexus token')).toContain('token');
});
