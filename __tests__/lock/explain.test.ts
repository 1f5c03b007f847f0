import { describe, expect, test } from '@jest/globals';
import { explainNoSolution } from '../../src/lock/explain.js';
import { parseRequirement } from '../../src/packaging/requirement.js';

function explain(stderr: string, ...lines: string[]): ReturnType<typeof explainNoSolution> {
  return explainNoSolution(
    stderr,
    lines.map((line, index) => parseRequirement(line, `requirements.txt:${index + 1}`)),
  );
}

describe("uv's explanation in our words, as uv 0.13.9 gives it", () => {
  test('an unknown package', () => {
    const stderr = `error: No solution found when resolving dependencies
  cause: Because no-such-package-xyz was not found in the package registry and you require no-such-package-xyz, we can conclude that your requirements are unsatisfiable.
`;
    expect(explain(stderr, 'numpy', 'no-such-package-xyz')).toEqual({
      where: 'requirements.txt:2',
      what: 'No set of versions fulfils `no-such-package-xyz`: no-such-package-xyz is on no index that was asked and the request asks for no-such-package-xyz.',
      remedy:
        'Check the spelling of no-such-package-xyz; where it is on a private index, name that with --extra-index-url in the requirements file.',
    });
  });

  test('versions that contradict PaddlePaddle', () => {
    const stderr = `error: No solution found when resolving dependencies
  cause: Because all versions of paddlepaddle depend on numpy==2.4.6 and only numpy==2.4.6 is available, we can conclude that all versions of paddlepaddle depend on numpy==2.4.6.
         And because you require numpy<2 and paddlepaddle==3.2.2, we can conclude that your requirements are unsatisfiable.
`;
    const problem = explain(stderr, 'numpy<2', 'paddlepaddle==3.2.2', 'six');
    expect(problem?.where).toBe('requirements.txt:1, requirements.txt:2');
    expect(problem?.what).toBe(
      'No set of versions fulfils `numpy<2`, `paddlepaddle==3.2.2`: all versions of paddlepaddle depend on numpy==2.4.6 and only numpy==2.4.6 is available; the request asks for numpy<2 and paddlepaddle==3.2.2.',
    );
    expect(problem?.remedy).toMatch(/Loosen one/);
  });

  test('no wheel for this Python: which Pythons there are wheels for is said', () => {
    const stderr = `error: No solution found when resolving dependencies
  cause: Because numpy==2.4.6 has no wheels with a matching Python ABI tag (e.g., \`cp312\`) and you require numpy==2.4.6, we can conclude that your requirements are unsatisfiable.

hint: You require CPython 3.12 (\`cp312\`), but we only found wheels for \`numpy\` (v2.4.6) with the following Python ABI tag: \`cp311\`
`;
    const problem = explain(stderr, 'numpy==2.4.6');
    expect(problem?.what).toContain('has no wheels with a matching Python ABI tag such as cp312');
    expect(problem?.what).toContain(
      'Wheels were found only for numpy (v2.4.6) with the following Python ABI tag: cp311.',
    );
    expect(problem?.remedy).toMatch(/another interpreter with python/);
  });

  test('no wheel for this platform', () => {
    const stderr = `error: No solution found when resolving dependencies
  cause: Because wrongplat==1.0 has no wheels with a matching platform tag (e.g., \`manylinux_2_36_x86_64\`) and only wrongplat==1.0 is available, we can conclude that all versions of wrongplat cannot be used.
         And because you require wrongplat, we can conclude that your requirements are unsatisfiable.

hint: Wheels are available for \`wrongplat\` (v1.0) on the following platform: \`win_amd64\`
`;
    const problem = explain(stderr, 'wrongplat');
    expect(problem?.what).toContain('Wheels are available for wrongplat (v1.0) on the following platform: win_amd64.');
    expect(problem?.remedy).toMatch(/wheel for this machine/);
  });

  test('a version that there is not', () => {
    const stderr = `error: No solution found when resolving dependencies
  cause: Because there is no version of shared==3.0 and you require shared==3.0, we can conclude that your requirements are unsatisfiable.
`;
    expect(explain(stderr, 'Shared==3.0')?.remedy).toBe('Ask for a version that there is.');
  });
});

describe('as uv 0.8.4 gives it, wrapped and with arrows', () => {
  test('another Python is needed', () => {
    const stderr = `  × No solution found when resolving dependencies:
  ╰─▶ Because only newpy==1.0 is available and newpy==1.0 requires Python
      >=3.99, we can conclude that all versions of newpy cannot be used.
      And because you require newpy, we can conclude that your requirements
      are unsatisfiable.
`;
    expect(explain(stderr, 'newpy')).toEqual({
      where: 'requirements.txt:1',
      what: 'No set of versions fulfils `newpy`: only newpy==1.0 is available and newpy==1.0 requires Python >=3.99; the request asks for newpy.',
      remedy: 'Ask for another version of that package, or choose another interpreter with python.',
    });
  });

  test('only a pre-release is there', () => {
    const stderr = `  × No solution found when resolving dependencies:
  ╰─▶ Because only shared<2.5 is available and you require shared>2.5, we can
      conclude that your requirements are unsatisfiable.

      hint: Pre-releases are available for \`shared\` in the requested
      range (e.g., 3.0rc1), but pre-releases weren't enabled (try:
      \`--prerelease=allow\`)
`;
    expect(explain(stderr, 'shared>2.5')?.remedy).toMatch(/^Put --pre into the requirements file/);
  });

  test('two packages that contradict one another', () => {
    const stderr = `  × No solution found when resolving dependencies:
  ╰─▶ Because only confa==1.0 is available and confa==1.0 depends on
      shared==1.0, we can conclude that all versions of confa depend on
      shared==1.0.
      And because confb==1.0 depends on shared==2.0 and only confb==1.0 is
      available, we can conclude that all versions of confa and all versions
      of confb are incompatible.
      And because you require confa and confb, we can conclude that your
      requirements are unsatisfiable.
`;
    const problem = explain(stderr, 'confa', 'confb');
    expect(problem?.where).toBe('requirements.txt:1, requirements.txt:2');
    expect(problem?.what).toContain('confa==1.0 depends on shared==1.0');
    expect(problem?.what).toContain('confb==1.0 depends on shared==2.0');
    expect(problem?.what).not.toMatch(/conclude|╰/);
  });
});

test('a text about something else is no explanation', () => {
  expect(explain('error: Request failed after 3 retries in 5.9s', 'numpy')).toBeNull();
});
