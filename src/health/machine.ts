import {
  BUSY_PER_S,
  FORGIVE_MS,
  LEASE_GRANT_MS,
  LEASE_SLACK_MS,
  OPEN_JITTER,
  OPEN_MAX_MS,
  OPEN_MS,
  QUIET_WAITS_MS,
  RAMP_BLIND_MS,
  RAMP_CLEAN,
  RAMP_FAILURES,
  RAMP_START_SHARE,
  RAMP_STEP_MAX_MS,
  RAMP_STEP_MS,
  RAMP_WINDOW_MS,
  TRIALS_TO_CLOSE,
  TRIAL_LIMIT_MS,
} from './constants.ts'
import { firstEventLimitMs } from '../router/first-event-limit.ts'
import { expected } from './detect.ts'
import { latencyView } from './latency.ts'
import { lowerBound } from './statistics.ts'
import {
  type ClosedMachine,
  comingBack,
  enter,
  type GrantedLease,
  type HalfOpenMachine,
  type Machine,
  type TargetState,
} from './target.ts'
import type { LeaseResult } from './wire.ts'
import { sumSince } from './windows.ts'

type Random = () => number

export function open(target: TargetState, reason: string, now: number, random: Random): TargetState {
  const opens = target.opens + 1
  const interval = Math.min(OPEN_MAX_MS, OPEN_MS * 2 ** (opens - 1))
  const jitter = 1 + OPEN_JITTER * (2 * random() - 1)
  return { ...enter(target, { phase: 'open', until: now + interval * jitter }, reason, now), opens }
}

/** A check that succeeded lets the trials begin; it never closes what real requests opened. */
export function shortenOpen(target: TargetState, now: number): TargetState {
  const { machine } = target
  if (machine.phase !== 'open' || machine.until <= now) return target
  return { ...target, machine: { phase: 'open', until: now } }
}

/** Trials that may run at once: 1, 2, 2, 4, 4, 4, 4. */
export const leaseCap = (successes: number): number => 2 ** Math.floor(Math.log2(successes + 1))

/** When the place became free that the next trial would take; undefined: there is none. */
function freeSince(machine: Machine, now: number): number | undefined {
  if (machine.phase === 'closed') return undefined
  if (machine.phase === 'open') return now < machine.until ? undefined : machine.until
  const [over, running] = parted(machine, now)
  if (running.length >= leaseCap(machine.successes)) return undefined
  return Math.max(machine.changedAt, ...over.map((lease) => lease.until))
}
const parted = (
  { leases }: HalfOpenMachine,
  now: number,
): readonly [readonly GrantedLease[], readonly GrantedLease[]] => [
  leases.filter((lease) => lease.until <= now),
  leases.filter((lease) => lease.until > now),
]

/** Hands out one permit if the target may be tried, a place is free, and the isolate will surely use it. */
export function grant(
  target: TargetState,
  asked: { readonly id: string; readonly perS: number },
  now: number,
): { target: TargetState; granted: boolean } {
  const { machine } = target
  const since = freeSince(machine, now)
  const waits = QUIET_WAITS_MS * Math.max(0, 1 - asked.perS / BUSY_PER_S)
  if (since === undefined || now - since < waits) return { target, granted: false }
  const trial = { id: asked.id, until: now + LEASE_GRANT_MS }
  if (machine.phase !== 'half-open') {
    const begun: HalfOpenMachine = { phase: 'half-open', successes: 0, leases: [trial], changedAt: now }
    return { target: enter(target, begun, target.reason, now), granted: true }
  }
  const leases = [...parted(machine, now)[1], trial]
  return { target: { ...target, machine: { ...machine, leases, changedAt: now } }, granted: true }
}

/** By the slowest prompts that were measured; a result that is lost with its isolate must not hold the place for long. */
const trialLimitMs = (target: TargetState): number =>
  Math.max(
    ...latencyView(target.latency).ttft.flatMap((ttft) =>
      ttft === undefined ? [] : [firstEventLimitMs(TRIAL_LIMIT_MS, ttft, Infinity, false)],
    ),
    0,
  ) || TRIAL_LIMIT_MS

/** A trial that runs keeps its place until it must have met its own time limit. */
export function hold(target: TargetState, held: ReadonlySet<string>, now: number): TargetState {
  const { machine } = target
  if (machine.phase !== 'half-open' || !machine.leases.some((lease) => held.has(lease.id))) return target
  const leases = machine.leases.map((lease) =>
    // Only when its time runs out: a report that comes twice must not stretch it.
    held.has(lease.id) && lease.until <= now + LEASE_GRANT_MS
      ? { ...lease, until: now + trialLimitMs(target) + LEASE_SLACK_MS }
      : lease,
  )
  return { ...target, machine: { ...machine, leases } }
}

/** One failure opens again; seven successes close, at a sixteenth of the traffic. */
export function settleLease(
  target: TargetState,
  result: Pick<LeaseResult, 'lease' | 'outcome'>,
  now: number,
  random: Random,
): TargetState {
  const { machine } = target
  if (machine.phase !== 'half-open' || !machine.leases.some((lease) => lease.id === result.lease))
    return target
  if (result.outcome === 'failed') return open(target, 'trial-failed', now, random)
  const leases = machine.leases.filter((lease) => lease.id !== result.lease)
  if (result.outcome === 'void') return { ...target, machine: { ...machine, leases, changedAt: now } }
  const successes = machine.successes + 1
  if (successes >= TRIALS_TO_CLOSE)
    return { ...enter(target, comingBack(now), 'trials-passed', now), returns: target.returns + 1 }
  return { ...target, machine: { phase: 'half-open', successes, leases, changedAt: now } }
}

/** Twice as long with every return that did not last. */
const rampStepMs = (target: TargetState): number =>
  Math.min(RAMP_STEP_MAX_MS, RAMP_STEP_MS * 2 ** Math.max(0, target.returns - 1))

/** Doubles the share while results are clean, halves it when they are not: a search for what the target can take. */
function ramp(target: TargetState, now: number, random: Random): TargetState {
  const { machine } = target
  if (machine.phase !== 'closed' || machine.share === 1) return target
  return now - machine.stepAt < rampStepMs(target) ? target : rampStep(target, machine, now, random)
}

function rampStep(target: TargetState, machine: ClosedMachine, now: number, random: Random): TargetState {
  const counts = sumSince(target.buckets, now - RAMP_WINDOW_MS)
  const bad = counts.failed + counts.suppressed
  const total = expected(target, counts, RAMP_WINDOW_MS, now)
  if (bad >= 5 && lowerBound(bad, total) >= 0.5) return open(target, 'ramp-failed', now, random)
  const seen = counts.ok + bad > 0
  if (!seen && now - machine.stepAt < Math.max(RAMP_BLIND_MS, rampStepMs(target))) return target
  if (seen && bad / total >= RAMP_CLEAN) {
    // Not even the smallest share is served cleanly.
    if (machine.share <= RAMP_START_SHARE && bad >= RAMP_FAILURES)
      return open(target, 'ramp-unclean', now, random)
    const share = Math.max(RAMP_START_SHARE, machine.share / 2)
    return { ...target, machine: { ...machine, share, stepAt: now + RAMP_STEP_MS } }
  }
  const share = Math.min(1, machine.share * 2)
  return { ...target, machine: { ...machine, share, stepAt: now, fullSince: share === 1 ? now : undefined } }
}

function forgive(target: TargetState, now: number): TargetState {
  const { machine } = target
  if (target.opens === 0 || machine.phase !== 'closed' || machine.fullSince === undefined) return target
  return now - machine.fullSince >= FORGIVE_MS ? { ...target, opens: 0, returns: 0 } : target
}

/** What time alone changes. */
export const tickTarget = (target: TargetState, now: number, random: Random): TargetState =>
  forgive(ramp(target, now, random), now)
