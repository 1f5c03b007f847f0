import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { writePermission } from '../../src/store/write-permission.js';
import { temporaryFolder } from '../install/machine.js';

const repository = { GITHUB_REPOSITORY: 'owner/project' };

async function pullRequest(event: string): Promise<NodeJS.ProcessEnv> {
  const file = join(temporaryFolder(), 'event.json');
  await writeFile(file, event);
  return { ...repository, GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: file };
}

const from = (full_name: string) => JSON.stringify({ pull_request: { head: { repo: { full_name } } } });

describe('a cache that others read', () => {
  test.each(['push', 'schedule', 'workflow_dispatch', 'merge_group'])('is written by the event %s', async (name) => {
    expect(await writePermission('auto', { GITHUB_EVENT_NAME: name })).toEqual({
      allowed: true,
      why: `the event is ${name}`,
    });
  });

  test.each(['pull_request_target', 'issue_comment', 'workflow_run', 'issues', 'fork', 'an_event_of_the_future'])(
    'is not written by the event %s, which a stranger may cause',
    async (name) => {
      const { allowed, why } = await writePermission('auto', { ...repository, GITHUB_EVENT_NAME: name });
      expect([allowed, why]).toEqual([false, `the event is ${name}`]);
    },
  );

  test('is written by a pull request of the repository itself', async () => {
    const { allowed } = await writePermission('auto', await pullRequest(from('owner/project')));
    expect(allowed).toBe(true);
  });

  test.each([
    ['from a fork', from('stranger/project'), 'the pull request comes from the fork stranger/project'],
    ['from a fork that is gone', '{"pull_request":{"head":{"repo":null}}}', 'does not tell where it comes from'],
    ['whose event is no JSON', '<html>', 'does not tell where it comes from'],
  ])('is not written by a pull request %s', async (_name, event, why) => {
    const permission = await writePermission('auto', await pullRequest(event));
    expect(permission).toEqual({ allowed: false, why: expect.stringContaining(why) });
  });

  test('is not written by a pull request whose event is missing', async () => {
    const { allowed } = await writePermission('auto', { ...repository, GITHUB_EVENT_NAME: 'pull_request' });
    expect(allowed).toBe(false);
  });

  test('is written outside of a job', async () => {
    expect((await writePermission('auto', {})).allowed).toBe(true);
  });

  test('obeys who says so', async () => {
    const target = { GITHUB_EVENT_NAME: 'pull_request_target' };
    expect(await writePermission('always', target)).toEqual({ allowed: true, why: 'cache-write is always' });
    expect(await writePermission('never', {})).toEqual({ allowed: false, why: 'cache-write is never' });
  });
});
