import type { Admission } from '../health/admit.ts'
import type { Gate } from '../health/gates.ts'
import type { LatencyView } from '../health/latency.ts'
import type { Feature } from '../protocol/endpoint.ts'
import type { Target } from '../providers/provider.ts'

/** One target of a route, with all that routing may know of it now. Plain data: the shell fills it in. */
export interface Candidate {
  /** Unique within the route: the same target may be reached with two credentials. */
  readonly id: string
  readonly target: Target
  /** Lower is tried first. */
  readonly priority: number
  readonly weight: number
  /** False: the provider has no codec for this endpoint. */
  readonly serves: boolean
  /** Undefined: the catalog does not say; the request is let through. */
  readonly features: ReadonlySet<Feature> | undefined
  readonly contextTokens: number | undefined
  /** Expected cost of this request, nano-dollars; undefined: unpriced. */
  readonly costNano: number | undefined
  readonly admission: Admission
  /** The shut capacity or credential gate in its way. */
  readonly gate: Gate | undefined
  /** Degraded multiplier and error rate of the target's last minute. */
  readonly health: number
  readonly errorRate: number
  readonly latency: LatencyView | undefined
}

export interface Scored extends Candidate {
  /** Lower is better; what it means is the strategy's own. */
  readonly score: number
}

export interface StrategyContext {
  readonly random: () => number
  readonly promptTokens: number
  /** Expected output. */
  readonly outputTokens: number
  /** Where smooth round robin keeps its place: this isolate's memory for this route. */
  readonly turns: Turns
  /** What a second of waiting is worth. */
  readonly secondNano: number
}

/** Best first; always a permutation of what it was given. The tail is the fallback chain. */
export type Strategy = (candidates: readonly Candidate[], context: StrategyContext) => readonly Scored[]

/** Small memory of the smooth round robin, by a name that says for which set it counts. */
export interface Turns {
  get(key: string): readonly number[] | undefined
  set(key: string, current: readonly number[]): void
}
