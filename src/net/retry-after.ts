/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), as ms from now; null where it says nothing. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) {
    return null;
  }
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
