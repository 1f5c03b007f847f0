import { describe, expect, test } from '@jest/globals';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { decide, draft } from '../../src/plan.js';
import type { Plan } from '../../src/values/plan.js';
import type { Request } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import { listing, machine, request, wanted } from './machines.js';

const plan = (asked: Request, runner: Runner): Plan => decide(draft(asked, runner), asked, runner, listing);

describe('a version by name', () => {
  test('a series without a star is one release, and said so with the line that takes the newest', () => {
    const { version, notices } = plan(request(wanted('==3.2')), machine());
    expect(version).toBe('3.2.0');
    expect(notices).toEqual([
      {
        id: 'series-read-as-release',
        text: '"3.2" means PaddlePaddle 3.2.0 alone; "paddle-version: 3.2.*" takes 3.2.2, the newest of its series.',
      },
    ]);
    const { notices: known } = plan(request(wanted('==3.3')), machine());
    expect(known.map(({ text }) => text).join()).toContain('Write "paddle-version: 3.2.2"');
  });

  test('a requirements file may name both of a pair, each by its own version', () => {
    const both = ['paddlepaddle==3.1.0a0', 'paddle-custom-npu==3.1.0'];
    const requirements = both.map((text, i) => parseRequirement(text, `requirements.txt:${i + 1}`));
    const seen = plan(request({ device: 'npu' }, { requirements }), machine('linux-x64', { version: '3.10.13' }));
    expect(seen.pins.slice(0, 2).map(({ name, specifier }) => name + specifier)).toEqual([
      'paddlepaddle==3.1.0a0',
      'paddle-custom-npu==3.1.0',
    ]);
  });
});
