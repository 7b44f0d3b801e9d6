import { randomId } from '../answer.ts'
import { isObject, objectOf, parseJson, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { pieces, tokensOf } from '../tokens.ts'
import type { Clock } from '../types.ts'

/** What a session can do to its socket. */
export interface Line {
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code: number, reason: string): void
}
/** A session's side of it. */
export interface Talker {
  receive(data: string | Uint8Array<ArrayBuffer>): void
}

/** openai.md 6: the server speaks first. Binary frames, which OpenAI has no use for, are sent back as they came. */
export function converse(model: string, headers: Headers, line: Line, clock: Clock): Talker {
  const say = (type: string, more: JsonObject = {}): void =>
    line.send(JSON.stringify({ type, event_id: `event_${randomId(12, clock.random)}`, ...more }))
  const beta = /realtime=v1/.test(headers.get('openai-beta') ?? '')
  if (beta || (headers.get('sec-websocket-protocol') ?? '').includes('openai-beta')) {
    say('error', fault('beta_api_shape_disabled', 'The Realtime Beta API is no longer supported.'))
    line.close(4000, 'invalid_request_error.beta_api_shape_disabled')
    return { receive: () => undefined }
  }
  let heard = ''
  say('session.created', { session: { type: 'realtime', object: 'realtime.session', model } })
  return {
    receive(data) {
      if (typeof data !== 'string') return line.send(data)
      const event = parseJson(data)
      if (!isObject(event)) return say('error', fault('invalid_event', 'Could not parse the event.'))
      heard = said(event['item']) || heard
      const act = ACTS[textOf(event['type'])]
      if (act === undefined)
        return say('error', fault('invalid_value', `Invalid value: '${textOf(event['type'])}'.`))
      act({ event, heard, model, say, line })
    },
  }
}

interface Act {
  event: JsonObject
  heard: string
  model: string
  say: (type: string, more?: JsonObject) => void
  line: Line
}

const ACTS: Record<string, (act: Act) => void> = {
  'session.update'({ event, say, model }) {
    const session = objectOf(event['session'])
    if (session['type'] !== 'realtime')
      return say('error', fault('missing_required_parameter', "Missing required parameter: 'session.type'."))
    say('session.updated', { session: { ...session, model } })
  },
  'input_audio_buffer.append': () => undefined,
  'conversation.item.create'({ event, say }) {
    say('conversation.item.added', { item: event['item'] ?? null })
    say('conversation.item.done', { item: event['item'] ?? null })
  },
  'response.create'({ heard, say }) {
    const text = `You said: ${heard}`
    say('response.created', { response: { status: 'in_progress' } })
    for (const delta of pieces(text)) say('response.output_text.delta', { delta })
    say('response.output_text.done', { text })
    say('response.done', { response: { status: 'completed', output: [], usage: usageOf(heard, text) } })
  },
  /** Not OpenAI's: ends the session as asked. */
  'sim.close'({ event, line }) {
    line.close(Number(event['code'] ?? 1000), textOf(event['reason']))
  },
}

function said(item: Json | undefined): string {
  const { content } = objectOf(item)
  return (Array.isArray(content) ? content : []).map((part) => textOf(objectOf(part)['text'])).join(' ')
}

function usageOf(heard: string, text: string): JsonObject {
  const [input, output] = [tokensOf(heard), tokensOf(text)]
  return {
    total_tokens: input + output,
    input_tokens: input,
    output_tokens: output,
    input_token_details: { text_tokens: input, audio_tokens: 0, cached_tokens: 0 },
    output_token_details: { text_tokens: output, audio_tokens: 0 },
  }
}

function fault(code: string, message: string): JsonObject {
  return { error: { type: 'invalid_request_error', code, message, param: null, event_id: null } }
}
