import type { Timers } from '../lib/clock.ts'
import type { Relay } from '../lib/sse.ts'
import type { BytesAnswer, Endpoint, Observer, Wire } from '../protocol/endpoint.ts'
import type { Failure } from '../providers/failure.ts'
import type { Allowance, Codec, CodecContext, Provider } from '../providers/provider.ts'

export interface AttemptLimits {
  readonly firstEventMs: number
  readonly stallMs: number
  readonly keepAliveMs: number
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
  readonly bodies: readonly BodyInit[]
  readonly headers: Readonly<Record<string, string>>
  /** The credential is the caller's own. */
  readonly ownKey: boolean
  readonly limits: AttemptLimits
  /** Fires when the client has gone or the request's time is up. */
  readonly signal: AbortSignal
}
export type Answer<W extends Wire> =
  | { readonly kind: 'json'; readonly text: string; readonly response: W['response'] }
  | { readonly kind: 'events'; readonly relay: Relay; readonly observer: Observer<W['event']> }
  | ({
      readonly kind: 'bytes'
      readonly finished: Promise<'complete' | 'cancelled' | 'cut-short'>
    } & BytesAnswer)
export interface Begun<W extends Wire> {
  readonly ok: true
  readonly upstreamRequestId: string | undefined
  /** What is left of the credential's rate limits, where the provider says. */
  readonly allowances: readonly Allowance[]
  readonly answer: Answer<W>
}
/** A stream is `ok` only once its first meaningful event is there: until then another target may still serve. */
export type AttemptResult<W extends Wire> = Begun<W> | { readonly ok: false; readonly failure: Failure }

export interface AttemptPorts {
  readonly fetch: (request: Request) => Promise<Response>
  readonly timers: Timers
}
