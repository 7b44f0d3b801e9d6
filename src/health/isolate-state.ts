import { RETRY_SHARE_UNKNOWN, UNUSABLE_MS } from './constants.ts'
import type { Gates } from './gates.ts'
import { LOCAL_CLOSED, type LocalBreaker } from './local-breaker.ts'
import type { LatencySums } from './latency.ts'
import { type Steady, steadyFrom } from './steady.ts'
import type { Delta, LeaseResult, Snapshot, TargetView } from './wire.ts'

/** A permit that waits for the next request. */
export interface HeldLease {
  readonly id: string
  readonly startBefore: number
}

export interface LocalTarget {
  readonly breaker: LocalBreaker
  readonly retryTokens: number
  readonly lease: HeldLease | undefined
  /** When leave to try it was last asked for. */
  readonly wantedAt: number
  /** Requests that it was kept from while it is out, decayed, as of `demandAt`. */
  readonly demand: number
  readonly demandAt: number
}

/** What the next report will carry. */
export interface Pending {
  readonly deltas: readonly Delta[]
  readonly latency: Readonly<Record<string, LatencySums>>
  readonly done: readonly LeaseResult[]
  readonly want: readonly string[]
  /** Seen shut here and not yet handed over. */
  readonly gates: Gates
}
export const NOTHING_PENDING: Pending = { deltas: [], latency: {}, done: [], want: [], gates: {} }

/** All that one isolate knows. */
export interface IsolateState {
  readonly id: string
  readonly clock: Steady
  readonly targets: Readonly<Record<string, LocalTarget>>
  readonly snapshot: Snapshot | undefined
  /** When the snapshot arrived, by this isolate's clock. */
  readonly snapshotAt: number
  readonly pending: Pending
  /** Gates that this isolate saw shut, until the object has heard of them. */
  readonly gates: Gates
  /** Leases of trials that are under way. */
  readonly running: readonly string[]
  readonly reportedAt: number
  readonly urgentAt: number
  /** Reports without an answer since the last one that had one. */
  readonly misses: number
  /** Reports that are under way. */
  readonly unanswered: number
}

export function newIsolate(id: string, now: number): IsolateState {
  return {
    id,
    clock: steadyFrom(now),
    targets: {},
    snapshot: undefined,
    snapshotAt: 0,
    pending: NOTHING_PENDING,
    gates: {},
    running: [],
    reportedAt: 0,
    urgentAt: 0,
    misses: 0,
    unanswered: 0,
  }
}

export const isUsable = (state: IsolateState, now: number): boolean =>
  state.snapshot !== undefined && now - state.snapshotAt < UNUSABLE_MS

export function viewOfTarget(state: IsolateState, id: string, now: number): TargetView | undefined {
  return isUsable(state, now) ? state.snapshot?.targets[id] : undefined
}

export function localOf(state: IsolateState, id: string): LocalTarget {
  return (
    state.targets[id] ?? {
      breaker: LOCAL_CLOSED,
      retryTokens: retryShareOf(state.snapshot, id),
      lease: undefined,
      wantedAt: 0,
      demand: 0,
      demandAt: 0,
    }
  )
}

export const withLocal = (state: IsolateState, id: string, change: Partial<LocalTarget>): IsolateState => ({
  ...state,
  targets: { ...state.targets, [id]: { ...localOf(state, id), ...change } },
})

/** The epoch to tag an attempt with. -1: no word from the object. */
export function epochOf(state: IsolateState, id: string, now: number): number {
  if (!isUsable(state, now)) return -1
  return state.snapshot?.targets[id]?.epoch ?? 0
}

/** A target that the fleet's object has no word about has failed nobody; without any word, little is assumed. */
export function retryShareOf(snapshot: Snapshot | undefined, target: string): number {
  return snapshot === undefined ? RETRY_SHARE_UNKNOWN : (snapshot.targets[target]?.retryShare ?? 1)
}
