import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { verify } from '../../src/verify/verify.js';
import { leaveOut } from '../support/left-out.js';
import { realEnvironment } from './environments.js';

const MINUTES = 60_000;
const there = spawnSync('qemu-x86_64', ['--version']).status === 0 && process.arch === 'x64';
if (!there) leaveOut('qemu-x86_64 (qemu-user), a processor without AVX');

(there ? test : test.skip)(
  'a processor without AVX is a finding: PaddlePaddle dies of an illegal instruction at its import',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'verify-processor-'));
    try {
      const real = await realEnvironment('paddle-3.2.2', ['paddlepaddle==3.2.2', 'setuptools']);
      const python = join(folder, 'python');
      await writeFile(python, `#!/bin/sh\nexec qemu-x86_64 -cpu Nehalem '${real}' "$@"\n`);
      await chmod(python, 0o755);
      const seen = await verify({
        ...{ python, device: 'cpu', level: 'full', expect: { version: null, cuda: null }, knownDefects: [] },
        ...{ environment: process.env as Record<string, string>, remainingMs: 4 * MINUTES },
        signal: new AbortController().signal,
      });
      expect(seen).toMatchObject({
        verified: false,
        findings: [{ id: 'illegal-instruction', checks: ['import'], remedy: expect.stringContaining('-cpu host') }],
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  10 * MINUTES,
);
