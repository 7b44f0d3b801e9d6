/** How old an isolate's copy of a key may be (design.md 12). */
export interface FreshnessPolicy {
  /** Used as it is; older copies are used, and refreshed behind the request. */
  readonly freshMs: number
  /** From here on a request waits for a refresh: a key that was revoked meanwhile must not be served. */
  readonly usableMs: number
  /** How long, while the object is known to be out of reach. */
  readonly waitMs: number
  /** While the object cannot be reached: how long the last copy serves on. A revoked key can live that long. */
  readonly staleMs: number
  /** How long a look-up may take: an object that is slow, or has to be woken, is not out of reach. */
  readonly coldWaitMs: number
}

export const FRESHNESS: FreshnessPolicy = {
  freshMs: 5_000,
  usableMs: 10_000,
  waitMs: 150,
  staleMs: 900_000,
  coldWaitMs: 2_000,
}

export type Freshness = 'fresh' | 'refresh' | 'wait' | 'cold'

/** A copy from the future is of unknown age: the clock went back. */
export function freshnessOf(
  copy: { readonly at: number; readonly known: boolean } | undefined,
  now: number,
  policy: FreshnessPolicy,
): Freshness {
  if (copy === undefined) return 'cold'
  const age = now - copy.at
  if (age >= 0 && age < policy.freshMs) return 'fresh'
  if (!copy.known) return 'cold' // "no such key" is believed while fresh and never after
  if (age < 0) return 'wait'
  return age < policy.usableMs ? 'refresh' : 'wait'
}

/** Whether the last copy may serve although it could not be refreshed. */
export function mayServeStale(copyAt: number, now: number, policy: FreshnessPolicy): boolean {
  return now - copyAt < policy.staleMs
}
