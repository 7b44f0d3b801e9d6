import { type Failure, FAILURES, type FailureKind } from '../providers/failure.ts'

export interface RetryPolicy {
  readonly maxAttempts: number
  readonly maxPerTarget: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** A longer Retry-After is the next target's chance. */
  readonly maxRetryAfterMs: number
  /** A failure that took longer has used up its patience. */
  readonly quickMs: number
  /** No attempt is started with less time left. */
  readonly leastMs: number
}
export const RETRY_POLICY: RetryPolicy = {
  maxAttempts: 3,
  maxPerTarget: 2,
  baseDelayMs: 200,
  maxDelayMs: 2_000,
  maxRetryAfterMs: 2_000,
  quickMs: 1_000,
  leastMs: 2_000,
}

/** Where this request stands after a failed attempt. */
export interface Progress {
  /** Attempts made, this one included. */
  readonly attempts: number
  /** Of them, in a row on this target. */
  readonly onThisTarget: number
  readonly tookMs: number
  /** Until the request's deadline. */
  readonly remainingMs: number
  /** This isolate's failures in a row at this target. */
  readonly streak: number
  /** From the health view: whether the budget allows a retry of this target. */
  readonly retryAllowed: boolean
  /** Somebody else could be tried now. */
  readonly elsewhere: boolean
  /** Usual wait for the first event, here and at the next candidate. */
  readonly p50Ms: number
  readonly nextP50Ms: number
  /** Another target failed in the same way. */
  readonly sameElsewhere: boolean
}

export type Decision =
  | { readonly act: 'retry' | 'next'; readonly afterMs: number }
  | {
      readonly act: 'stop'
      readonly why: 'final' | 'attempts' | 'deadline' | 'exhausted' | 'same-everywhere'
    }

/** Kinds with a delay of their own; the others jitter over an exponential range. */
const DELAYS: { readonly [K in FailureKind]?: (random: number) => number } = {
  // Nothing was sent, nothing was processed.
  network: () => 0,
  // A lock: it needs a moment, not a back-off.
  conflict: (random) => 100 + 200 * random,
}

/** What to do after a failed attempt, before anything has reached the client. */
export function decide(
  failure: Failure,
  progress: Progress,
  policy: RetryPolicy,
  random: () => number,
): Decision {
  if (FAILURES[failure.kind].act === 'stop') return { act: 'stop', why: 'final' }
  if (failure.kind === 'server_error' && progress.sameElsewhere)
    return { act: 'stop', why: 'same-everywhere' }
  if (progress.attempts >= policy.maxAttempts) return { act: 'stop', why: 'attempts' }
  const afterMs = retryDelayMs(failure, progress, policy, random())
  if (afterMs !== undefined && fits(afterMs + progress.p50Ms, afterMs, progress, policy))
    return { act: 'retry', afterMs }
  if (!progress.elsewhere) return { act: 'stop', why: 'exhausted' }
  return fits(progress.nextP50Ms, 0, progress, policy)
    ? { act: 'next', afterMs: 0 }
    : { act: 'stop', why: 'deadline' }
}

const fits = (needMs: number, afterMs: number, progress: Progress, policy: RetryPolicy): boolean =>
  progress.remainingMs >= Math.max(policy.leastMs + afterMs, needMs)

/** Undefined: not again at this target. */
function retryDelayMs(
  failure: Failure,
  progress: Progress,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  if (progress.onThisTarget >= policy.maxPerTarget || !progress.retryAllowed || progress.streak >= 2)
    return undefined
  const { kind, retryAfterMs } = failure
  // A model that misspoke had to speak first, which takes its time.
  const quick = progress.tookMs < policy.quickMs || kind === 'misspoken'
  if (!isPatient(kind, progress) || !quick) return undefined
  if (retryAfterMs !== undefined)
    return retryAfterMs <= policy.maxRetryAfterMs ? retryAfterMs * (1 + 0.2 * random) : undefined
  if (kind === 'rate_limited') return undefined
  const own = DELAYS[kind]
  const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (progress.attempts - 1))
  return own ? own(random) : ceiling * random
}

/** A gateway's quick failure is worth a second try only where there is no other target. */
const isPatient = (kind: FailureKind, progress: Progress): boolean =>
  FAILURES[kind].act === 'retry' || kind === 'rate_limited' || (kind === 'bad_gateway' && !progress.elsewhere)
