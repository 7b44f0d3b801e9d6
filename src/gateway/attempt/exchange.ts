import type { Timers } from '../../lib/clock.ts'
import type { Relay } from '../../lib/sse.ts'
import type { BytesAnswer, Endpoint, Observer, ServedBy, Wire } from '../../protocol/endpoint.ts'
import type { Recording } from './recording.ts'
import type { Usage } from '../../protocol/usage.ts'
import type { Service } from './as-served.ts'
import type { Billing } from './billed.ts'
import type { Failure } from '../../providers/failure.ts'
import type { Allowance, Codec, CodecContext, Provider } from '../../providers/provider.ts'

export interface AttemptLimits {
  /** Undefined where the deadline of the whole request is the only limit. */
  readonly firstEventMs: number | undefined
  readonly stallMs: number
  readonly keepAliveMs: number
  /** How much of a stream is kept beside it, for the cache; 0: nothing. */
  readonly recordBytes: number
}
/** One upstream call, ready to go. */
export interface AttemptInput<W extends Wire> {
  readonly endpoint: Endpoint<W>
  readonly codec: Codec<W>
  readonly provider: Provider
  readonly request: W['request']
  readonly context: CodecContext
  readonly url: string
  /** One upstream call each; more than one only where the codec fans out. */
  readonly parts: readonly Part<W>[]
  readonly headers: Readonly<Record<string, string>>
  /** The credential is the caller's own. */
  readonly ownKey: boolean
  /** `any`: only the upstream's answer tells. */
  readonly answer: 'json' | 'events' | 'bytes' | 'any'
  readonly limits: AttemptLimits
  /** What a stream tells a caller who asks what it cost. */
  readonly billing: Billing
  /** Fires when the client has gone or the request's time is up. */
  readonly signal: AbortSignal
}
/** What one upstream call is to answer, and its body. */
export interface Part<W extends Wire> {
  readonly request: W['request']
  readonly body: BodyInit
}
export type Answer<W extends Wire> =
  | {
      readonly kind: 'json'
      readonly body: string | Uint8Array | ReadableStream<Uint8Array>
      readonly response: W['response']
      readonly usage: Usage | undefined
      /** The tokens of its text, where it does not say what it used. */
      readonly writtenTokens: number | undefined
    }
  | {
      readonly kind: 'events'
      readonly relay: Relay
      readonly observer: Observer<W['event']>
      /** Of what it used, once it has broken off; undefined where the observer's count of its text will do. */
      readonly estimate: () => Usage | undefined
      readonly recording: Recording | undefined
    }
  | ({
      readonly kind: 'bytes'
      /** What the bytes were made of, where they were made here. */
      readonly response: W['response'] | undefined
      readonly usage: () => Usage | undefined
      readonly recording: Recording | undefined
      readonly finished: Promise<'complete' | 'cancelled' | 'cut-short'>
    } & BytesAnswer)
export interface Begun<W extends Wire> {
  readonly ok: true
  readonly upstreamRequestId: string | undefined
  readonly service: Service
  /** What is left of the credential's rate limits, where the provider says. */
  readonly allowances: readonly Allowance[]
  readonly answer: Answer<W>
}
/** What the calls of an attempt that failed used nevertheless. */
export interface Spent {
  /** Of those that answered, and of those that had begun to. */
  readonly usage: Usage | undefined
  readonly served: ServedBy
  /** Some may have used more than anybody knows. */
  readonly unknown: boolean
}
export interface Failed {
  readonly ok: false
  readonly failure: Failure
  /** Set where other calls of the same attempt may have been answered. */
  readonly spent?: Spent | undefined
}
/** A stream is `ok` only once its first meaningful event is there: until then another target may still serve. */
export type AttemptResult<W extends Wire> = Begun<W> | Failed

export interface AttemptPorts {
  readonly fetch: (request: Request) => Promise<Response>
  readonly timers: Timers
}
