import type { Gates } from './gates.ts'
import type { LatencySums, LatencyView } from './latency.ts'

/** What an isolate and the health object say to each other. All times are the sender's, beside its own `sentAt` or `at`. */

/** Results of one target in one quarter of a second, under one epoch. */
export interface Delta {
  readonly target: string
  /** The epoch under which the attempts were started; -1: no snapshot was known. */
  readonly epoch: number
  /** Start of the bucket, by the isolate's clock. */
  readonly at: number
  readonly ok: number
  /** Weighted: an empty answer counts half. */
  readonly failed: number
  /** Requests that the isolate's own breaker kept away while the target was closed: evidence all the same. */
  readonly suppressed: number
  /** Requests refused in a panic: demand that nobody served. */
  readonly refused: number
}

export interface LeaseResult {
  readonly target: string
  readonly lease: string
  /** `void`: nothing was learnt, the place is free again. */
  readonly outcome: 'ok' | 'failed' | 'void'
}

export interface Report {
  readonly isolate: string
  readonly sentAt: number
  readonly deltas: readonly Delta[]
  readonly latency: Readonly<Record<string, LatencySums>>
  /** Gates that this isolate saw shut since its last report. */
  readonly gates: Gates
  /** Running trials: each keeps its lease alive. */
  readonly held: readonly string[]
  readonly done: readonly LeaseResult[]
  /** Targets for which there is demand and no permit. */
  readonly want: readonly string[]
  /** How often they are asked for here, requests/s; absent: not known. */
  readonly wantPerS?: Readonly<Record<string, number>>
}

export type Phase = 'closed' | 'open' | 'half-open'

export interface TargetView {
  readonly epoch: number
  readonly phase: Phase
  /** Share of requests that a closed target takes; below 1 while it comes back. */
  readonly share: number
  /** Epoch ms by the object's clock; 0 unless open. */
  readonly openUntil: number
  /** Since when it has been in this phase, by the object's clock. */
  readonly since: number
  readonly reason: string
  /** Multiplier on routing weights: 1 is well. */
  readonly health: number
  readonly errorRate: number
  /** Probability that a same-target retry is allowed. */
  readonly retryShare: number
  /** Probability of admission when every target of a route is out. */
  readonly panicShare: number
  /** Below 1: requests that other targets could not serve exceed what this one may receive. */
  readonly spillShare: number
  readonly latency: LatencyView
}

export interface Snapshot {
  readonly at: number
  /** Incarnation of the object: a restarted object's word stands against its predecessor's. */
  readonly generation: number
  /** How long this copy is fresh. */
  readonly freshMs: number
  /** Probability with which an isolate reports a failure at once. */
  readonly urgentShare: number
  readonly targets: Readonly<Record<string, TargetView>>
  readonly gates: Gates
}

export interface Lease {
  readonly target: string
  readonly id: string
}
export interface Reply {
  readonly snapshot: Snapshot
  readonly leases: readonly Lease[]
}
