import type { FailureKind } from '../../src/providers/failure.ts'
import type { Random } from './random.ts'

/** What an upstream does with one attempt. */
export interface Answer {
  /** Undefined: it serves. */
  readonly failure?: FailureKind
  /** Until the first event, or until it fails. Infinity: it never answers. */
  readonly afterMs: number
  readonly retryAfterMs?: number
  /** The stream breaks this long after its first event. */
  readonly breaksAfterMs?: number
}

export interface Asked {
  /** Simulated seconds. */
  readonly t: number
  readonly random: Random
  readonly isolate: number
  /** Share of the isolates that come before this one: cuts the fleet into places. */
  readonly place: number
  /** Attempts at this target in the last second, this one included. */
  readonly perS: number
  /** Of the second before. */
  readonly perSBefore: number
}

/** Usual wait for the first event; log-normal. */
export const TTFT_MS = 400
export const TTFT_SIGMA = 0.5
export const FAULT_FROM_S = 60
export const FAULT_TO_S = 120
export const END_S = 185

export interface Script {
  readonly name: string
  readonly what: string
  /** Overrides of a target's good behaviour; undefined: as usual. */
  readonly upstream?: (target: string, asked: Asked, usual: number) => Answer | undefined
  readonly objectDown?: (t: number) => boolean
  /** Moments at which the object is replaced; its twin answers on for five seconds. */
  readonly restarts?: readonly number[]
  /** Milliseconds by which a place's clock is wrong, beyond the usual skew. */
  readonly clock?: (t: number, place: number) => number
  readonly objectClock?: (t: number) => number
  /** Share of the isolates that are there. */
  readonly coldStart?: boolean
  /** Requests by route: each a list of target ids in order of preference. */
  readonly routes?: readonly (readonly string[])[]
  /** What an active check of the provider finds. */
  readonly check?: (provider: string, t: number) => 'ok' | 'failed' | 'refused'
  /** Requests/s at 1,000 in all. */
  readonly spillFloorPerS?: Readonly<Record<string, number>>
  /** What a request costs at a target, nano-dollars, as far as an isolate of this place knows: it then chooses by cost. */
  readonly priceNano?: (target: string, t: number, place: number) => number
  /** Share of failures at any time. */
  readonly background?: number
  readonly endS?: number
  /** Targets whose state at the end is not judged: their fault lasts. */
  readonly lasting?: readonly string[]
  /** Users may see errors: nobody could serve them. */
  readonly hopeless?: boolean
  readonly expectsOpen?: boolean
}
