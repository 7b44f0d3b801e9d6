import type { Timers } from '../lib/clock.ts'
import { BodyTooLarge, readBytes } from '../lib/read-body.ts'
import { type Decoder, relay, type Relay } from '../lib/sse.ts'
import { merge } from '../lib/sse-merge.ts'
import { EventTooLarge } from '../lib/sse-split.ts'
import { GatewayError } from '../errors.ts'
import type { Endpoint, Observer, Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import { type Failure, UpstreamFailure } from '../providers/failure.ts'
import type { Codec, CodecContext, Provider } from '../providers/provider.ts'
import { errorFrame } from './answer.ts'
import { fanOutDecoder } from './fan-out.ts'
import { relaySink, translateSink } from './sinks.ts'

export interface AttemptLimits {
  /** Undefined where the deadline of the whole request is the only limit. */
  readonly firstEventMs: number | undefined
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
export interface Begun<W extends Wire> {
  readonly ok: true
  readonly upstreamRequestId: string | undefined
  readonly answer:
    | { readonly kind: 'body'; readonly text: string; readonly response: W['response'] }
    | { readonly kind: 'stream'; readonly relay: Relay; readonly observer: Observer<W['event']> }
}
/** A stream is `ok` only once its first meaningful event is there: until then another target may still serve. */
export type AttemptResult<W extends Wire> = Begun<W> | { readonly ok: false; readonly failure: Failure }

export interface AttemptPorts {
  readonly fetch: (request: Request) => Promise<Response>
  readonly timers: Timers
}

/** Longest answer that is not streamed, and longest single event: above both, an upstream is broken or hostile. */
const MAX_ANSWER_BYTES = 32 * 1_048_576
const MAX_ERROR_BYTES = 262_144
/** For whole texts only: between those it holds no state. */
const utf8 = new TextDecoder()
const FIRST_EVENT_TIMEOUT: Failure = {
  kind: 'first_event_timeout',
  message: 'The upstream did not begin its answer in time.',
}
const STALLED: Failure = { kind: 'stalled', message: 'The upstream stream stalled.' }

/** Sends one request and waits until its answer means something. Never throws for what the upstream does. */
export async function attempt<W extends Wire>(
  ports: AttemptPorts,
  input: AttemptInput<W>,
): Promise<AttemptResult<W>> {
  const own = new AbortController()
  const signal = AbortSignal.any([input.signal, own.signal])
  const { firstEventMs } = input.limits
  const stop =
    firstEventMs === undefined
      ? undefined
      : ports.timers.after(firstEventMs, () => own.abort(new UpstreamFailure(FIRST_EVENT_TIMEOUT)))
  try {
    const responses = await Promise.all(input.bodies.map((body) => send(ports, input, body, signal)))
    const upstreamRequestId = responses[0]?.headers.get('x-request-id') ?? undefined
    const answer =
      input.request.stream === true
        ? await begin(ports, input, responses, own)
        : await readAll(input, responses)
    return { ok: true, upstreamRequestId, answer }
  } catch (thrown) {
    own.abort(thrown)
    return { ok: false, failure: failureOf(thrown, signal) }
  } finally {
    stop?.()
  }
}

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

async function begin<W extends Wire>(
  ports: AttemptPorts,
  input: AttemptInput<W>,
  responses: readonly Response[],
  own: AbortController,
): Promise<Begun<W>['answer']> {
  const { endpoint, codec, request, provider, ownKey, limits } = input
  const observer = endpoint.observe(request)
  const trim = endpoint.trim(request)
  const sink =
    codec.kind === 'passthrough'
      ? relaySink<W>(observer, trim, (error) => provider.classify(200, new Headers(), error))
      : translateSink<W>(eventsOf(codec, input), observer, { trim, terminator: endpoint.terminator })
  const stream = relay(await eventStream(responses, provider), sink, {
    timers: ports.timers,
    stallMs: limits.stallMs,
    keepAliveMs: limits.keepAliveMs,
    maxEventChars: MAX_ANSWER_BYTES,
    stalled: () => new UpstreamFailure(STALLED),
    errorFrame: (thrown) => errorFrame(new UpstreamFailure(failureOf(thrown, input.signal)), ownKey),
    onCancel: () => own.abort(),
  })
  await stream.start()
  return { kind: 'stream', relay: stream, observer }
}

async function eventStream(
  responses: readonly Response[],
  provider: Provider,
): Promise<ReadableStream<Uint8Array>> {
  const bodies: ReadableStream<Uint8Array>[] = []
  for (const response of responses) {
    if (response.body === null || !isEventStream(response))
      throw new UpstreamFailure(await notAStream(response, provider))
    bodies.push(response.body)
  }
  const [only] = bodies
  return only !== undefined && bodies.length === 1 ? only : merge(bodies, MAX_ANSWER_BYTES)
}

function eventsOf<W extends Wire>(
  codec: Extract<Codec<W>, { kind: 'translation' }>,
  { request, context, bodies }: AttemptInput<W>,
): Decoder<string, W['event']> {
  const { events, fanOut } = codec
  if (events === undefined) {
    throw new GatewayError('unsupported_parameter', 'This model does not stream on this endpoint.', {
      param: 'stream',
    })
  }
  if (fanOut === undefined || bodies.length === 1) return events(request, context)
  return fanOutDecoder(
    bodies.map(() => events(request, context)),
    fanOut,
  )
}

async function readAll<W extends Wire>(
  input: AttemptInput<W>,
  responses: readonly Response[],
): Promise<Begun<W>['answer']> {
  const answers = await Promise.all(responses.map((response) => read(input, response)))
  const [first] = answers
  if (first === undefined) throw new UpstreamFailure(GARBLED)
  const fanOut = input.codec.kind === 'translation' ? input.codec.fanOut : undefined
  if (fanOut === undefined || answers.length === 1) return first
  const response = fanOut.join(answers.map((answer) => answer.response))
  return { kind: 'body', text: JSON.stringify(response), response }
}

type BodyAnswer<W extends Wire> = Extract<Begun<W>['answer'], { kind: 'body' }>

async function read<W extends Wire>(input: AttemptInput<W>, response: Response): Promise<BodyAnswer<W>> {
  const text = utf8.decode(await readBytes(response, MAX_ANSWER_BYTES))
  const parsed = parse(text)
  if (!isRecord(parsed)) throw new UpstreamFailure(GARBLED)
  const error = parsed['error']
  if (error !== undefined && error !== null) {
    throw new UpstreamFailure(input.provider.classify(200, response.headers, parsed))
  }
  if (input.codec.kind === 'translation') {
    const decoded = decode(input.codec, parsed, input)
    return { kind: 'body', text: JSON.stringify(decoded), response: decoded }
  }
  if (!input.endpoint.answers(parsed)) {
    throw new UpstreamFailure({ kind: 'empty', message: 'The upstream sent an empty answer.' })
  }
  return { kind: 'body', text, response: parsed }
}

function decode<W extends Wire>(
  codec: Extract<Codec<W>, { kind: 'translation' }>,
  body: unknown,
  input: AttemptInput<W>,
): W['response'] {
  try {
    return codec.decode(body, input.request, input.context)
  } catch (thrown) {
    throw thrown instanceof UpstreamFailure ? thrown : new UpstreamFailure(GARBLED, thrown)
  }
}

const GARBLED: Failure = { kind: 'garbled', message: 'The upstream sent an answer that cannot be read.' }

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isEventStream = (response: Response): boolean =>
  (response.headers.get('content-type') ?? '').includes('text/event-stream')

/** A stream was asked for and something else came: an error, which is read although the status says 200, or garbage. */
async function notAStream(response: Response, provider: Provider): Promise<Failure> {
  const body = parse(utf8.decode(await readBytes(response, MAX_ERROR_BYTES).catch(() => new Uint8Array())))
  return isRecord(body) && isRecord(body['error']) ? provider.classify(200, response.headers, body) : GARBLED
}

async function readFailure(response: Response, provider: Provider): Promise<Failure> {
  const text = utf8.decode(await readBytes(response, MAX_ERROR_BYTES).catch(() => new Uint8Array()))
  return provider.classify(response.status, response.headers, parse(text) ?? text)
}

/** Whatever was thrown on the way to or in an answer, as the failure it stands for. */
function failureOf(thrown: unknown, signal: AbortSignal): Failure {
  if (thrown instanceof UpstreamFailure) return thrown.failure
  if (signal.aborted) {
    const { reason } = signal
    return reason instanceof UpstreamFailure
      ? reason.failure
      : { kind: 'cancelled', message: 'The client closed the request.' }
  }
  if (thrown instanceof BodyTooLarge || thrown instanceof EventTooLarge)
    return { kind: 'garbled', message: 'The upstream sent more than any answer can be.' }
  return { kind: 'network', message: 'The connection to the upstream failed.' }
}
