import { RAMP_START_SHARE } from './constants.ts'
import { type LatencySums, NO_LATENCY } from './latency.ts'
import type { Buckets } from './windows.ts'

export interface GrantedLease {
  readonly id: string
  readonly until: number
}

export interface ClosedMachine {
  readonly phase: 'closed'
  readonly share: number
  /** When the share was last changed. */
  readonly stepAt: number
  readonly fullSince: number | undefined
}

export interface HalfOpenMachine {
  readonly phase: 'half-open'
  readonly successes: number
  readonly leases: readonly GrantedLease[]
  /** When a trial last began to be or ended: since then a place has been free, if one is. */
  readonly changedAt: number
}

/** A target's circuit breaker, for the whole fleet. */
export type Machine = ClosedMachine | { readonly phase: 'open'; readonly until: number } | HalfOpenMachine

/** One isolate's recent failures. */
export interface Reporter {
  readonly isolate: string
  readonly at: number
  readonly failed: number
}

/** All that the object knows of one target. */
export interface TargetState {
  readonly epoch: number
  readonly machine: Machine
  /** When the epoch began: windows never reach back beyond it. */
  readonly since: number
  readonly reason: string
  /** Consecutive opens: sets the length of the next one. */
  readonly opens: number
  /** Returns since it was last well for long: slows the next ramp down. */
  readonly returns: number
  readonly bornAt: number
  readonly buckets: Buckets
  readonly reporters: readonly Reporter[]
  /** Who was heard last, and when the last one was not the one before. */
  readonly heard: { readonly isolate: string; readonly othersAt: number }
  /** Requests per second that the fleet sends at full share; undefined until it has been watched long enough. */
  readonly ratePerS: number | undefined
  readonly rateAt: number
  /** Demand and successes, decayed: what a panic may admit. */
  readonly demand: number
  readonly accepted: number
  readonly totalsAt: number
  readonly latency: LatencySums
  readonly latencyAt: number
  readonly slot: Slot
  /** Recent rates while nothing spilled over, newest last. */
  readonly usualRates: readonly number[]
}

/** Demand in the current two seconds. */
export interface Slot {
  readonly at: number
  readonly count: number
  /** Requests per second of the slot before. */
  readonly before: number
}

export function newTarget(now: number): TargetState {
  return {
    epoch: 0,
    machine: { phase: 'closed', share: 1, stepAt: now, fullSince: now },
    since: now,
    reason: 'new',
    opens: 0,
    returns: 0,
    bornAt: now,
    buckets: [],
    reporters: [],
    heard: { isolate: '', othersAt: now },
    ratePerS: undefined,
    rateAt: now,
    demand: 0,
    accepted: 0,
    totalsAt: now,
    latency: NO_LATENCY,
    latencyAt: now,
    slot: { at: now, count: 0, before: 0 },
    usualRates: [],
  }
}

export const shareOf = (target: TargetState): number =>
  target.machine.phase === 'closed' ? target.machine.share : 0
export const isWell = (target: TargetState): boolean => shareOf(target) === 1

/** Every change of phase begins an epoch with empty windows: what was started before it says nothing about it. */
export function enter(target: TargetState, machine: Machine, reason: string, now: number): TargetState {
  return { ...target, machine, reason, epoch: target.epoch + 1, since: now, buckets: [], reporters: [] }
}

export const comingBack = (now: number): Machine => ({
  phase: 'closed',
  share: RAMP_START_SHARE,
  stepAt: now,
  fullSince: undefined,
})
