import { GatewayError } from '../errors.ts'
import { isRecord } from './guards.ts'
import { type TranscriptUsage, transcriptUsage } from './transcript-usage.ts'
import type { Usage, UsagePart } from './usage.ts'
import { summed } from './usage-sum.ts'

/** Realtime sessions over a WebSocket (openai.md 6). */
export const REALTIME_PATH = '/realtime'

/** What a session is opened with: the model, and what a call brings beside its offer. Its events come later. */
export interface SessionRequest {
  readonly model: string
  readonly session?: Readonly<Record<string, unknown>> | undefined
}

const PROTOCOL = 'realtime'
/** Browsers cannot set headers, so the key comes as a protocol; it is read, and neither echoed nor passed on. */
const KEY_PREFIX = 'openai-insecure-api-key.'
const MAX_PROTOCOLS = 16

export interface Offer {
  /** The protocol to answer with; undefined if it was not offered. */
  readonly selected: string | undefined
  readonly key: string | undefined
}

/** What `Sec-WebSocket-Protocol` offers. */
export function readOffer(header: string | null): Offer {
  const offered = (header ?? '').split(',', MAX_PROTOCOLS).map((each) => each.trim())
  return {
    selected: offered.includes(PROTOCOL) ? PROTOCOL : undefined,
    key: offered.find((each) => each.startsWith(KEY_PREFIX))?.slice(KEY_PREFIX.length),
  }
}

/** For the target of a session that transcribes and whose URL names no model, as OpenAI has it. */
const TRANSCRIBER = 'gpt-transcribe'

/** A session that transcribes takes no model in its URL (openai.md 6.1). */
export function isTranscribing(query: URLSearchParams): boolean {
  return query.get('intent') === 'transcription'
}

/** The model that a URL asks for. Throws 400 `GatewayError` where it names none. */
export function modelIn(query: URLSearchParams): string {
  if (isTranscribing(query) && !query.has('model')) return TRANSCRIBER
  const model = query.get('model')
  if (model !== null && model !== '' && !/[^\x21-\x7e]/.test(model)) return model
  throw new GatewayError('missing_required_parameter', "Missing required parameter: 'model'.", {
    param: 'model',
  })
}

/** Codes that only a runtime may report, and what stands for them on the wire. */
const UNSENDABLE: Readonly<Record<number, number>> = { 1004: 1000, 1005: 1000, 1006: 1011, 1015: 1011 }
const MAX_REASON_BYTES = 123

/** A close as it may be sent on: a code that is allowed, and a reason that fits. */
export function closeOf(code: number, reason: string): { readonly code: number; readonly reason: string } {
  const allowed = (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999)
  return { code: UNSENDABLE[code] ?? (allowed ? code : 1011), reason: fitting(reason) }
}

/** Cut by whole characters. */
function fitting(reason: string): string {
  const encoder = new TextEncoder()
  let text = ''
  let bytes = 0
  for (const character of reason) {
    bytes += encoder.encode(character).byteLength
    if (bytes > MAX_REASON_BYTES) break
    text += character
  }
  return text
}

/** The model that an event of a client asks a session for; undefined if it names none. */
export function modelAsked(frame: string | ArrayBuffer): string | undefined {
  const event = parsed(typeof frame === 'string' ? frame : new TextDecoder().decode(frame))
  const { model } = isRecord(event) ? recordIn(event, 'session') : {}
  return typeof model === 'string' ? model : undefined
}

/** An error as an event of a session has it (openai.md 6.4). */
export function errorEvent(error: GatewayError): string {
  const body = { ...error.toBody().error, event_id: null }
  return JSON.stringify({ type: 'error', event_id: 'event_gateway', error: body })
}

/** Adds up what a session uses. Only events that carry usage, or say who transcribes, are parsed. */
export interface SessionMeter {
  see(event: string): void
  readonly usage: Usage | undefined
}

/** What is read of an event, by its type. */
interface Reading {
  readonly session: (event: Fields) => void
  readonly response: (event: Fields) => void
  readonly transcript: (event: Fields) => void
}
const METERED: readonly (readonly [type: string, read: keyof Reading])[] = [
  ['response.done', 'response'],
  ['conversation.item.input_audio_transcription.completed', 'transcript'],
  ['session.created', 'session'],
  ['session.updated', 'session'],
]

/** What callers say is transcribed by another model than the session's, at its own price. */
export function sessionMeter(): SessionMeter {
  let responses: Usage | undefined
  const transcripts = new Map<string, UsagePart>()
  /** Empty while no event has named it. */
  let transcriber = ''
  const reading: Reading = {
    session(event) {
      const input = recordIn(recordIn(recordIn(event, 'session'), 'audio'), 'input')
      const { model } = recordIn(input, 'transcription')
      if (typeof model === 'string') transcriber = model
    },
    response(event) {
      const used = responseUsage(recordIn(event, 'response')['usage'])
      if (used !== undefined) responses = added(responses, used)
    },
    transcript({ usage }) {
      const used = isTranscriptUsage(usage) ? transcriptUsage(usage) : undefined
      if (used === undefined) return
      transcripts.set(transcriber, { ...added(transcripts.get(transcriber), used), model: transcriber })
    },
  }
  return {
    see(text) {
      if (!METERED.some(([type]) => text.includes(`"${type}"`))) return
      const event = parsed(text)
      if (!isRecord(event)) return
      const found = METERED.find(([type]) => type === event['type'])
      if (found !== undefined) reading[found[1]](event)
    },
    get usage() {
      if (transcripts.size === 0) return responses
      return summed([...(responses === undefined ? [] : [responses]), ...transcripts.values()])
    },
  }
}

const isTranscriptUsage = (value: unknown): value is TranscriptUsage =>
  isRecord(value) &&
  (value['type'] === 'tokens' ? typeof value['input_tokens'] === 'number' : value['type'] === 'duration')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function responseUsage(usage: unknown): Usage | undefined {
  if (!isRecord(usage)) return undefined
  const input = recordIn(usage, 'input_token_details')
  const output = recordIn(usage, 'output_token_details')
  const cached = recordIn(input, 'cached_tokens_details')
  return {
    inputTokens: count(usage, 'input_tokens'),
    cachedTokens: count(input, 'cached_tokens'),
    cachedAudioTokens: count(cached, 'audio_tokens'),
    cachedImageTokens: count(cached, 'image_tokens'),
    audioInputTokens: count(input, 'audio_tokens'),
    imageInputTokens: count(input, 'image_tokens'),
    outputTokens: count(usage, 'output_tokens'),
    audioOutputTokens: count(output, 'audio_tokens'),
  }
}
type Fields = Readonly<Record<string, unknown>>
function recordIn(fields: Fields, name: string): Fields {
  const value = fields[name]
  return isRecord(value) ? value : {}
}
function count(fields: Fields, name: string): number {
  const value = fields[name]
  return typeof value === 'number' && value > 0 ? value : 0
}

function added(a: Usage | undefined, b: Usage): Usage {
  if (a === undefined) return b
  const { parts: _, ...sum } = summed([a, b])
  return sum
}
