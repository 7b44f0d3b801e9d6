/** Ten minutes: a longer wait is no rate limit but a fault or a trick (security.md P-11). */
export const MAX_RETRY_AFTER_MS = 600_000

/**
 * How long the upstream wants to be left alone: `retry-after-ms`, else `retry-after` in seconds, clamped to
 * 0…10 min; undefined where it says nothing usable. (Dates are not read: no provider here sends them.)
 */
export function retryAfterMs(headers: Headers): number | undefined {
  return wait(headers.get('retry-after-ms'), 1) ?? wait(headers.get('retry-after'), 1_000)
}

function wait(value: string | null, unitMs: number): number | undefined {
  if (value === null || !/^\d+(?:\.\d+)?$/.test(value.trim())) return undefined
  return Math.min(Number(value) * unitMs, MAX_RETRY_AFTER_MS)
}
