import {
  ALONE_MS,
  NEWBORN_MS,
  ONE_ISOLATE_SHARE,
  RATE_FROM_MS,
  RATE_HALF_LIFE_MS,
  RATE_MIN_PER_S,
  RATE_OUTGROWN,
  RATE_TO_MS,
  TRUST_WINDOW_MS,
  WARM_UP_WAIT_MS,
} from './constants.ts'
import { decay, lowerBound } from './statistics.ts'
import { shareOf, type TargetState } from './target.ts'
import { type Counts, sumBetween, sumSince } from './windows.ts'

interface Rule {
  readonly windowMs: number
  readonly leastFailures: number
  /** Smallest failure share that opens, with and without a healthy alternative; undefined: never. */
  readonly withAlternative: number
  readonly alone: number | undefined
}
/** Short windows find an outage, long ones a brown-out; picky only where there is somewhere better to go. */
const RULES: readonly Rule[] = [
  { windowMs: 1_000, leastFailures: 4, withAlternative: 0.5, alone: 0.5 },
  { windowMs: 3_000, leastFailures: 4, withAlternative: 0.25, alone: 0.35 },
  { windowMs: 10_000, leastFailures: 3, withAlternative: 0.2, alone: 0.4 },
  { windowMs: 60_000, leastFailures: 8, withAlternative: 0.15, alone: undefined },
]
/** An alternative counts as one while its own failures are surely below this. */
const ALTERNATIVE_MAX = 0.05

const badOf = (c: Counts): number => c.failed + c.suppressed
const allOf = (c: Counts): number => c.ok + c.failed + c.suppressed

/**
 * Failures are reported at once and successes later, so that the reported total is too small: what the fleet is
 * known to send is the floor of the denominator.
 */
export function expected(target: TargetState, counts: Counts, windowMs: number, now: number): number {
  const elapsedMs = Math.min(windowMs, now - target.since)
  const known = Math.round(((target.ratePerS ?? 0) * shareOf(target) * elapsedMs) / 1_000)
  return Math.max(allOf(counts), known)
}

export function isAlternative(target: TargetState, now: number): boolean {
  if (shareOf(target) < 1) return false
  const counts = sumSince(target.buckets, now - 10_000)
  return lowerBound(badOf(counts), expected(target, counts, 10_000, now)) < ALTERNATIVE_MAX
}

/** More than one isolate sees it, or nobody sees anything else, or there is nobody else to see it. */
function trusted(target: TargetState, now: number): boolean {
  const recent = target.reporters.filter((r) => r.at > now - TRUST_WINDOW_MS)
  const total = recent.reduce((sum, r) => sum + r.failed, 0)
  const most = recent.reduce((max, r) => Math.max(max, r.failed), 0)
  if (recent.length >= 2 && most <= ONE_ISOLATE_SHARE * total) return true
  if (now - target.heard.othersAt > ALONE_MS) return true
  return sumSince(target.buckets, now - TRUST_WINDOW_MS).ok === 0
}

/** No rate is known, or the traffic has outgrown it (another target's requests arrive here). */
function rateUnknown(target: TargetState, now: number): boolean {
  if (target.ratePerS === undefined) return true
  const recent = allOf(sumSince(target.buckets, now - 3_000))
  return recent >= 20 && recent > RATE_OUTGROWN * 3 * target.ratePerS
}

function warmUpVerdict(target: TargetState, now: number): string | undefined {
  const counts = sumSince(target.buckets, now - 10_000)
  const bad = badOf(counts)
  if (allOf(counts) >= 20 && lowerBound(bad, allOf(counts)) >= 0.5 && waited(target, now))
    return 'warm-up:half'
  if (bad >= 5 && counts.ok === 0 && waited(target, now)) return 'warm-up:all'
  return undefined
}
function waited(target: TargetState, now: number): boolean {
  const first = target.buckets.find((bucket) => bucket.failed > 0)
  return first !== undefined && now - first.at >= WARM_UP_WAIT_MS
}

/** Why a closed target at full share should open, if it should. */
export function verdict(target: TargetState, alternative: boolean, now: number): string | undefined {
  if (target.reporters.length === 0 || !trusted(target, now)) return undefined
  if (rateUnknown(target, now)) return warmUpVerdict(target, now)
  for (const rule of RULES) {
    const limit = alternative ? rule.withAlternative : rule.alone
    if (limit === undefined) continue
    const counts = sumSince(target.buckets, now - rule.windowMs)
    const bad = badOf(counts)
    if (bad < rule.leastFailures) continue
    if (lowerBound(bad, expected(target, counts, rule.windowMs, now)) >= limit)
      return `failures:${rule.windowMs / 1_000}s`
  }
  return undefined
}

/** Mean rate of the half minute before the last six seconds, learnt at full share only. */
export function learnRate(target: TargetState, now: number): TargetState {
  const { machine } = target
  if (now - target.rateAt < 1_000) return target
  if (machine.phase !== 'closed' || machine.fullSince === undefined) return target
  if (now - machine.fullSince < RATE_FROM_MS || now - target.since < RATE_FROM_MS) return target
  const counts = sumBetween(target.buckets, now - RATE_FROM_MS, now - RATE_TO_MS)
  const measured = (allOf(counts) * 1_000) / (RATE_FROM_MS - RATE_TO_MS)
  const floor = (target.ratePerS ?? 0) * decay(now - target.rateAt, RATE_HALF_LIFE_MS)
  const ratePerS = Math.max(measured, floor)
  return { ...target, rateAt: now, ratePerS: ratePerS < RATE_MIN_PER_S ? undefined : ratePerS }
}

export const isNewborn = (target: TargetState, now: number): boolean =>
  target.ratePerS === undefined && now - target.bornAt < NEWBORN_MS
