import { WILSON_Z } from './constants.ts'

/** Lower end of the Wilson interval: what share of failures we can be sure of, few or many samples alike. */
export function lowerBound(failed: number, total: number): number {
  if (total <= 0 || failed <= 0) return 0
  const p = Math.min(1, failed / total)
  const z2 = WILSON_Z * WILSON_Z
  const middle = p + z2 / (2 * total)
  const spread = WILSON_Z * Math.sqrt((p * (1 - p)) / total + z2 / (4 * total * total))
  return Math.max(0, (middle - spread) / (1 + z2 / total))
}

/** What is left of a weight after `elapsedMs`. */
export function decay(elapsedMs: number, halfLifeMs: number): number {
  return elapsedMs <= 0 ? 1 : 0.5 ** (elapsedMs / halfLifeMs)
}
