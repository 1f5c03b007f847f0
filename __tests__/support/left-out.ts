/**
 * Says that tests are left out for want of `what` (`act on PATH`). Throws where it has to be there: in CI on Linux, where
 * `./scripts/test` brings every program; on other systems CI runs what can run without.
 */
export function leaveOut(
  what: string,
  cause: unknown = null,
  { ci, platform } = { ci: process.env['CI'] === 'true', platform: process.platform },
): void {
  if (ci && platform === 'linux') throw new Error(`CI needs ${what}`, { cause });
  process.stdout.write(`left out: there is no ${what} (./scripts/test brings what it can)\n`);
}
