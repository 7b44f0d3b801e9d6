import { EVIDENCE_MAX_AGE_MS, LATENCY_HALF_LIFE_MS, REPORTERS_MAX, TRUST_WINDOW_MS } from './constants.ts'
import { count } from './demand.ts'
import { mergeLatency } from './latency.ts'
import { type ObjectState, targetOf, withTarget } from './registry-state.ts'
import type { Reporter, TargetState } from './target.ts'
import type { Delta, Report } from './wire.ts'
import { fileCounts, prune } from './windows.ts'

/** How long a result may have been under way when its isolate knew no epoch. */
const UNKNOWN_EPOCH_MS = 5_000

/** Results of an earlier epoch say nothing about this one. */
function belongs(target: TargetState, delta: Delta, at: number): boolean {
  if (delta.epoch >= 0) return delta.epoch === target.epoch
  return target.epoch === 0 || at - target.since > UNKNOWN_EPOCH_MS
}

function noteReporter(
  target: TargetState,
  isolate: string,
  failed: number,
  now: number,
): readonly Reporter[] {
  const recent = target.reporters.filter((r) => r.at > now - TRUST_WINDOW_MS)
  const held = recent.find((r) => r.isolate === isolate)
  const others = recent.filter((r) => r.isolate !== isolate).slice(1 - REPORTERS_MAX)
  return [...others, { isolate, at: now, failed: (held?.failed ?? 0) + failed }]
}

function addDelta(
  target: TargetState,
  delta: Delta,
  isolate: string,
  times: { at: number; now: number },
): TargetState {
  const { at, now } = times
  const { ok, failed, suppressed, refused } = delta
  const counted = count(target, { demand: ok + failed + suppressed + refused, accepted: ok }, now)
  if (!belongs(target, delta, at)) return counted
  const bad = failed + suppressed
  return {
    ...counted,
    bornAt: counted.buckets.length === 0 ? now : counted.bornAt,
    buckets:
      ok + bad > 0
        ? prune(fileCounts(counted.buckets, at, { ok, failed, suppressed }), now)
        : counted.buckets,
    reporters: bad > 0 ? noteReporter(counted, isolate, bad, now) : counted.reporters,
    heard: counted.heard.isolate === isolate ? counted.heard : { isolate, othersAt: now },
  }
}

/**
 * Files a report's results. Ages count, not times: an isolate's clock may be seconds off, and its report's
 * journey is short.
 */
export function fileReport(state: ObjectState, report: Report, now: number): ObjectState {
  let next = state
  for (const delta of report.deltas) {
    const age = Math.max(0, report.sentAt - delta.at)
    if (age > EVIDENCE_MAX_AGE_MS) continue
    const target = targetOf(next, delta.target, now)
    next = withTarget(next, delta.target, addDelta(target, delta, report.isolate, { at: now - age, now }))
  }
  for (const [id, sums] of Object.entries(report.latency)) {
    const target = targetOf(next, id, now)
    const elapsed = Math.min(now - target.latencyAt, 20 * LATENCY_HALF_LIFE_MS)
    next = withTarget(next, id, {
      ...target,
      latency: mergeLatency(target.latency, sums, elapsed),
      latencyAt: now,
    })
  }
  return next
}
