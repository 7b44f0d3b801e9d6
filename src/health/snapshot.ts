import {
  DEGRADED_MIN,
  DEGRADED_POWER,
  FRESH_MS,
  FRESH_TROUBLED_MS,
  REPORTS_PER_S,
  RETRY_PER_SUCCESS,
  STRETCH_MAX,
  URGENT_SHARE_MIN,
} from './constants.ts'
import { panicShare, spillShare } from './demand.ts'
import { expected, isNewborn } from './detect.ts'
import { rebase } from './gates.ts'
import { latencyView } from './latency.ts'
import { type Load, type ObjectState, peersOf } from './registry-state.ts'
import { isWell, shareOf, type TargetState } from './target.ts'
import type { Snapshot, TargetView } from './wire.ts'
import { sumSince } from './windows.ts'

/** A retry budget for the whole fleet, without a counter of its own: a tenth of what succeeds. */
function retryShare(target: TargetState, now: number): number {
  const { ok, failed } = sumSince(target.buckets, now - 5_000)
  return failed < 5 ? 1 : Math.min(1, (RETRY_PER_SUCCESS * ok) / failed)
}

/** A cap is for what comes from others: growth of its own is nobody's outage. */
function spillOf(state: ObjectState, id: string, target: TargetState, now: number): number {
  const { floorPerS, targets } = state.settings.spill
  const floor = targets[id] ?? floorPerS
  if (floor === undefined || peersOf(state, id, now).every(isWell)) return 1
  return spillShare(target, floor, now)
}

function viewOf(target: TargetState, spill: number, now: number): TargetView {
  const counts = sumSince(target.buckets, now - 60_000)
  const total = expected(target, counts, 60_000, now)
  const errorRate = total === 0 ? 0 : Math.min(1, (counts.failed + counts.suppressed) / total)
  return {
    epoch: target.epoch,
    phase: target.machine.phase,
    share: shareOf(target),
    openUntil: target.machine.phase === 'open' ? target.machine.until : 0,
    since: target.since,
    reason: target.reason,
    health: Math.max(DEGRADED_MIN, (1 - errorRate) ** DEGRADED_POWER),
    errorRate,
    retryShare: retryShare(target, now),
    // A panic must not push a target over what it can take either.
    panicShare: Math.min(panicShare(target, now), spill),
    spillShare: spill,
    latency: latencyView(target.latency),
  }
}

export const callsPerS = (load: Load): number => Math.max(load.count, load.previous)

export function snapshotOf(state: ObjectState, now: number): Snapshot {
  const targets = Object.entries(state.targets)
  const troubled = targets.some(([, target]) => !isWell(target) || isNewborn(target, now))
  const calls = callsPerS(state.load)
  return {
    at: now,
    generation: state.generation,
    freshMs: troubled
      ? FRESH_TROUBLED_MS * Math.min(STRETCH_MAX, Math.max(1, calls / REPORTS_PER_S))
      : FRESH_MS,
    urgentShare: calls <= REPORTS_PER_S ? 1 : Math.max(URGENT_SHARE_MIN, REPORTS_PER_S / calls),
    targets: Object.fromEntries(
      targets.map(([id, target]) => [id, viewOf(target, spillOf(state, id, target, now), now)]),
    ),
    gates: rebase(state.gates, now, now),
  }
}
