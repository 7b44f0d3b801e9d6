import type { Timers } from '../lib/clock.ts'
import type { Relay } from '../lib/sse.ts'
import type { BytesAnswer, Endpoint, Observer, Wire } from '../protocol/endpoint.ts'
import { type Failure, UpstreamFailure } from '../providers/failure.ts'
import type { Codec, CodecContext, Provider } from '../providers/provider.ts'
import { failureOf } from './failure-of.ts'
import { openBytes, readJson } from './read-answer.ts'
import { openStream } from './open-stream.ts'
import { readFailure } from './read-failure.ts'

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
  readonly answer: Answer<W>
}
/** A stream is `ok` only once its first meaningful event is there: until then another target may still serve. */
export type AttemptResult<W extends Wire> = Begun<W> | { readonly ok: false; readonly failure: Failure }

export interface AttemptPorts {
  readonly fetch: (request: Request) => Promise<Response>
  readonly timers: Timers
}

const FIRST_EVENT_TIMEOUT: Failure = {
  kind: 'first_event_timeout',
  message: 'The upstream did not begin its answer in time.',
}

/** Sends one request and waits until its answer means something. Never throws for what the upstream does. */
export async function attempt<W extends Wire>(
  ports: AttemptPorts,
  input: AttemptInput<W>,
): Promise<AttemptResult<W>> {
  const own = new AbortController()
  const signal = AbortSignal.any([input.signal, own.signal])
  const stop = ports.timers.after(input.limits.firstEventMs, () =>
    own.abort(new UpstreamFailure(FIRST_EVENT_TIMEOUT)),
  )
  try {
    const responses = await Promise.all(input.bodies.map((body) => send(ports, input, body, signal)))
    const upstreamRequestId = responses[0]?.headers.get('x-request-id') ?? undefined
    const answer = await OPEN[input.endpoint.answer(input.request)](ports, input, responses, () =>
      own.abort(),
    )
    return { ok: true, upstreamRequestId, answer }
  } catch (thrown) {
    const failure = failureOf(thrown, signal) // before the abort, which would look like the client's
    own.abort(thrown)
    return { ok: false, failure }
  } finally {
    stop()
  }
}

const OPEN = { json: readJson, events: openStream, bytes: openBytes } as const

/** Throws an `UpstreamFailure` for every answer but a 200. */
async function send<W extends Wire>(
  ports: AttemptPorts,
  { url, headers, provider }: AttemptInput<W>,
  body: BodyInit,
  signal: AbortSignal,
): Promise<Response> {
  const response = await ports.fetch(
    new Request(url, { method: 'POST', headers, body, redirect: 'manual', signal }),
  )
  if (response.status !== 200) throw new UpstreamFailure(await readFailure(response, provider))
  return response
}
