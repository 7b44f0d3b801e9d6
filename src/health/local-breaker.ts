import { LOCAL_OPEN_MAX_MS, LOCAL_OPEN_MS, LOCAL_TRIAL_MS, LOCAL_TRIP_STREAK } from './constants.ts'

/** One isolate's own breaker: what it decides by while the object is out of reach, and evidence for it otherwise. */
export interface LocalBreaker {
  /** Weighted failures in a row. */
  readonly streak: number
  readonly trips: number
  /** 0: closed. */
  readonly openUntil: number
  /** Start of the trial that is under way; 0: none. */
  readonly trialAt: number
}
export const LOCAL_CLOSED: LocalBreaker = { streak: 0, trips: 0, openUntil: 0, trialAt: 0 }

export function localAdmission(breaker: LocalBreaker, now: number): 'yes' | 'trial' | 'no' {
  if (breaker.openUntil === 0) return 'yes'
  if (now < breaker.openUntil) return 'no'
  return breaker.trialAt === 0 || now - breaker.trialAt >= LOCAL_TRIAL_MS ? 'trial' : 'no'
}

export const beginTrial = (breaker: LocalBreaker, now: number): LocalBreaker => ({ ...breaker, trialAt: now })

/** `failed` is the failure's weight, 0 for a success. */
export function observeLocal(
  breaker: LocalBreaker,
  failed: number,
  now: number,
  random: () => number,
): LocalBreaker {
  if (failed === 0) return breaker.streak === 0 && breaker.openUntil === 0 ? breaker : LOCAL_CLOSED
  const streak = breaker.streak + failed
  // Results of attempts that were under way when it opened change nothing.
  if (breaker.openUntil > now) return { ...breaker, streak }
  if (breaker.openUntil === 0 && streak < LOCAL_TRIP_STREAK) return { ...breaker, streak }
  const interval = Math.min(LOCAL_OPEN_MAX_MS, LOCAL_OPEN_MS * 2 ** breaker.trips)
  return { streak, trips: breaker.trips + 1, openUntil: now + interval * (0.5 + random()), trialAt: 0 }
}
