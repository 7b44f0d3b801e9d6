import { type LogNormal } from '../health/latency.ts'

/** An adaptive limit never falls below this: a false time-out costs a whole answer. */
const FIRST_EVENT_MIN_MS = 3_000
/** Samples below which the measured distribution is not trusted with a limit. */
const ADAPTIVE_FROM = 20
/** One attempt leaves enough for another target. */
const SHARE_OF_REST = 0.6

/**
 * How long this attempt may take to its first event (resilience.md 3.2): what the target usually needs, `mostMs` at
 * most, and what the rest of the request's time allows.
 */
export function firstEventLimitMs(
  mostMs: number,
  measured: LogNormal | undefined,
  remainingMs: number,
  others: boolean,
): number {
  const adaptive =
    measured && measured.n >= ADAPTIVE_FROM ? 2 * Math.exp(measured.mu + 3.1 * measured.sigma) : mostMs
  const own = Math.min(mostMs, Math.max(FIRST_EVENT_MIN_MS, adaptive))
  return Math.max(1, Math.min(own, others ? SHARE_OF_REST * remainingMs : remainingMs))
}
