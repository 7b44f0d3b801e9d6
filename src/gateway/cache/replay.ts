import { utf8 } from '../../lib/utf8.ts'
import type { Cacheable, Replay } from '../../cache/cacheable.ts'
import type { Entry } from '../../cache/ports.ts'
import type { Wire } from '../../protocol/endpoint.ts'
import { endpointOf, type EndpointId, type Wires } from '../../protocol/index.ts'
import { free, freeTrailer } from '../attempt/billed.ts'
import type { Answer } from '../attempt/exchange.ts'
import { parseJson } from '../attempt/read-failure.ts'
import type { Call } from '../types.ts'

export const EVENT_STREAM = 'text/event-stream; charset=utf-8'
const JSON_TYPE = 'application/json'
const BETWEEN = '\0'

/** An answer as it is sent. */
export interface Sent {
  readonly contentType: string
  readonly body: string | Uint8Array
}

const decoder = new TextDecoder()

/** What is kept of an answer that has left whole; undefined if it is not one to give again. */
export function keptOf<W extends Wire>(answer: Answer<W>, cacheable: Cacheable<W>): Kept | undefined {
  const { keeps } = cacheable
  switch (answer.kind) {
    case 'json':
      return keeps(answer.response) ? wholeOf(answer.body) : undefined
    case 'bytes': {
      const { bytes, recording, contentType } = answer
      const body = bytes instanceof Uint8Array ? ownBytes(bytes) : recording?.taken()
      return body !== undefined && body.length > 0 ? { form: 'bytes', contentType, body } : undefined
    }
    case 'events': {
      const body = answer.recording?.taken()
      return body && keepsStream(decoder.decode(body), cacheable)
        ? { form: 'events', contentType: EVENT_STREAM, body }
        : undefined
    }
  }
}

function keepsStream<W extends Wire>(text: string, { keeps, replay, streams }: Cacheable<W>): boolean {
  if (replay === undefined) {
    const events = streams && eventsOf(text.split(BETWEEN), streams)
    return events !== undefined && streams?.keeps(events.map(({ event }) => event)) === true
  }
  const response = responseOf(text, replay)
  return response !== undefined && keeps(response)
}

type Kept = Pick<Entry, 'form' | 'contentType' | 'body'>

/** A body that streams is too large to be kept. */
function wholeOf(body: string | Uint8Array | ReadableStream<Uint8Array>): Kept | undefined {
  return body instanceof ReadableStream
    ? undefined
    : { form: 'json', contentType: JSON_TYPE, body: ownBytes(body) }
}

const ownBytes = (body: string | Uint8Array): Uint8Array<ArrayBuffer> =>
  typeof body === 'string' ? utf8(body) : new Uint8Array(body)

function responseOf<W extends Wire>(text: string, replay: Replay<W>): W['response'] | undefined {
  const events = eventsOf(text.split(BETWEEN), replay)
  return events && replay.toResponse(events.map(({ event }) => event))
}

/** A kept answer in the form that this request asks for; undefined if it cannot be made. `saved`: see `freeTrailer`. */
export function replayed<E extends EndpointId>(
  call: Call<E>,
  entry: Entry,
  { replay, streams }: Pick<Cacheable<Wires[E]>, 'replay' | 'streams'>,
  saved: () => string | undefined,
): Sent | undefined {
  const endpoint = endpointOf(call.endpoint)
  const form = endpoint.answer(call.request)
  if (form === entry.form && form !== 'events') return { contentType: entry.contentType, body: entry.body }
  const text = decoder.decode(entry.body)
  if (form === 'events') {
    const events =
      entry.form === 'events'
        ? eventsOf(text.split(BETWEEN), replay ?? streams)
        : unfolded(text, call, replay)
    return events && { contentType: EVENT_STREAM, body: framed(events, call, saved) }
  }
  const response = form === 'json' && entry.form === 'events' && replay ? responseOf(text, replay) : undefined
  return response && { contentType: JSON_TYPE, body: JSON.stringify(response) }
}

interface Event<W extends Wire> {
  readonly event: W['event']
  /** Its text, as it came. */
  readonly data: string
}

function eventsOf<W extends Wire>(
  texts: readonly string[],
  kind: Pick<Replay<W>, 'isEvent'> | undefined,
): readonly Event<W>[] | undefined {
  if (kind === undefined) return undefined
  const events = texts.flatMap((data): Event<W>[] => {
    const event = parseJson(data)
    return kind.isEvent(event) ? [{ event, data }] : []
  })
  return events.length === texts.length ? events : undefined
}

function unfolded<E extends EndpointId>(
  text: string,
  { endpoint }: Call<E>,
  replay: Replay<Wires[E]> | undefined,
): readonly Event<Wires[E]>[] | undefined {
  const response = replay && parseJson(text)
  if (typeof response !== 'object' || response === null || !endpointOf(endpoint).answers(response))
    return undefined
  return replay?.toEvents(response).map((event) => ({ event, data: JSON.stringify(event) }))
}

/** The whole stream at once, without what this caller did not ask for. */
function framed<E extends EndpointId>(
  events: readonly Event<Wires[E]>[],
  { endpoint: id, request }: Call<E>,
  saved: () => string | undefined,
): string {
  const endpoint = free(endpointOf(id))
  const trim = endpoint.trim(request)
  let out = ''
  for (const { event, data } of events) {
    const text = trim === undefined ? data : trim(event, data)
    if (text !== undefined) out += endpoint.frame(event, text)
  }
  if (!endpoint.doneMarker) return out
  const asked = endpoint.priced?.(request) !== undefined
  return `${out}${asked ? freeTrailer(saved()) : ''}data: [DONE]\n\n`
}
