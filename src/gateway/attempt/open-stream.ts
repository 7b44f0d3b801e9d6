import { type Decoder, relay } from '../../lib/sse.ts'
import { merge } from '../../lib/sse-merge.ts'
import type { Observer, Wire } from '../../protocol/endpoint.ts'
import type { Usage } from '../../protocol/usage.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import type { Provider, Translation } from '../../providers/provider.ts'
import { errorOf } from './answer.ts'
import type { Answer, AttemptInput, AttemptPorts } from './exchange.ts'
import { billed, withTrailer } from './billed.ts'
import { breakOf, MAX_ANSWER_BYTES } from './failure-of.ts'
import { fanOutDecoder } from './fan-out.ts'
import { estimateOf, observeParts } from './parts.ts'
import type { Replies } from './read-answer.ts'
import { record } from './recording.ts'
import { readUnexpected } from './read-failure.ts'
import { PassedOn, relaySink, translateSink } from './sinks.ts'

/** Opens a stream and waits for its first meaningful event. */
export async function openStream<W extends Wire>(
  ports: AttemptPorts,
  input: AttemptInput<W>,
  { responses }: Replies<W>,
  onCancel: () => void,
): Promise<Extract<Answer<W>, { kind: 'events' }>> {
  const { codec, request, provider, ownKey, limits, billing, parts } = input
  const whole = input.endpoint.observe(request)
  const each = parts.length > 1 ? parts.map((part) => input.endpoint.observe(part.request)) : []
  const observer = each.length === 0 ? whole : observeParts(whole, each)
  const endpoint = billed(input.endpoint, observer, billing)
  const recording = record(limits.recordBytes)
  const watched = { observer, recording }
  const sink =
    codec.kind === 'passthrough'
      ? relaySink(endpoint, request, watched, {
          classify: (error) => provider.classify(200, new Headers(), error),
          ownKey,
        })
      : translateSink(endpoint, request, watched, decoderOf(codec, input, each))
  const asked = endpoint.priced?.(request) !== undefined
  const told = asked ? withTrailer(sink, observer, billing) : sink
  const stream = relay(await upstreamOf(responses, provider), told, {
    timers: ports.timers,
    stallMs: limits.stallMs,
    keepAliveMs: limits.keepAliveMs,
    maxEventChars: MAX_ANSWER_BYTES,
    stalled: () => new UpstreamFailure({ kind: 'stalled', message: 'The upstream stream stalled.' }),
    errorFrame(thrown) {
      if (thrown instanceof PassedOn) return ''
      const error = errorOf(new UpstreamFailure(breakOf(thrown, input.signal)), ownKey)
      return endpoint.errorFrame(error.toBody(), observer.events)
    },
    onCancel,
  })
  await stream.start()
  const estimate = (): Usage | undefined => estimateOf(parts, each)
  return { kind: 'events', relay: stream, observer, estimate, recording }
}

/** One upstream stream, merged if there are several. */
async function upstreamOf(
  responses: readonly Response[],
  provider: Provider,
): Promise<ReadableStream<Uint8Array>> {
  const bodies: ReadableStream<Uint8Array>[] = []
  for (const response of responses) {
    const isStream = (response.headers.get('content-type') ?? '').includes('text/event-stream')
    if (response.body === null || !isStream)
      throw new UpstreamFailure(await readUnexpected(response, provider))
    bodies.push(response.body)
  }
  const [only] = bodies
  return only !== undefined && bodies.length === 1 ? only : merge(bodies, MAX_ANSWER_BYTES)
}

function decoderOf<W extends Wire>(
  { events, fanOut }: Translation<W>,
  { context, parts }: AttemptInput<W>,
  observers: readonly Observer<W['event']>[],
): Decoder<string, W['event']> {
  const [first, ...others] = events === undefined ? [] : parts.map(({ request }) => events(request, context))
  if (first !== undefined && others.length === 0) return first
  if (first === undefined || fanOut?.joinEvents === undefined)
    throw new TypeError('Only what streams is prepared for streaming.')
  return fanOutDecoder([first, ...others], fanOut.joinEvents(others.length + 1), observers)
}
