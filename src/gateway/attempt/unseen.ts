import type { Timers } from '../../lib/clock.ts'
import { relay, type Sink } from '../../lib/sse.ts'
import type { Observer, Wire } from '../../protocol/endpoint.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import type { AttemptInput, Part } from './exchange.ts'
import { GARBLED, MAX_ANSWER_BYTES } from './failure-of.ts'

/** Reads a stream that nobody gets to see, for what its observer makes of it. Throws if it cannot be read to its end. */
export async function readUnseen<W extends Wire>(
  timers: Timers,
  { codec, context }: Pick<AttemptInput<W>, 'codec' | 'context'>,
  { part, observer }: { readonly part: Part<W>; readonly observer: Observer<W['event']> },
  { body }: Response,
): Promise<void> {
  const decoder = codec.kind === 'translation' ? codec.events?.(part.request, context) : undefined
  if (decoder === undefined || body === null || body.locked) throw new UpstreamFailure(GARBLED)
  const see = (event: W['event']): void => observer.see(event)
  const sink: Sink = {
    started: false, // so that all of it is read at the start
    push: (data) => decoder.push(data, see),
    end: () => decoder.end(see),
  }
  const stream = relay(body, sink, {
    timers,
    stallMs: Infinity,
    keepAliveMs: Infinity,
    maxEventChars: MAX_ANSWER_BYTES,
    stalled: () => new UpstreamFailure(GARBLED),
    errorFrame: () => '',
    onCancel: () => undefined,
  })
  await stream.start()
}
