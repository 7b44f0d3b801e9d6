import * as z from 'zod'
import type { BytesAnswer, Endpoint, Meter } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { typedFrame } from './frames.ts'
import { observeToLast } from './last-event-observer.ts'
import { plain } from './plain.ts'
import { believable, type Usage } from './usage.ts'

/** openai.md 4.1. */
export interface SpeechRequest {
  readonly model: string
  readonly input: string
  readonly voice?: unknown
  readonly instructions?: string | null | undefined
  readonly response_format?: string | null | undefined
  readonly speed?: number | null | undefined
  readonly stream_format?: string | null | undefined
  readonly stream?: undefined
  readonly [field: string]: unknown
}
interface SpeechUsage {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly total_tokens: number
}
/** Made from a foreign answer; OpenAI's own is sound and nothing else. */
export interface Speech extends BytesAnswer {
  readonly usage: SpeechUsage
  readonly model_version?: string | undefined
}
export interface SpeechEvent {
  readonly type: string
  readonly audio?: string | undefined
  readonly usage?: SpeechUsage | null | undefined
}
export interface SpeechWire {
  readonly request: SpeechRequest
  readonly response: Speech
  readonly event: SpeechEvent
}

export const speech: Endpoint<SpeechWire> = {
  ...plain,
  path: '/audio/speech',
  capability: 'speech',
  envelope: z.looseObject({
    model: modelId,
    input: z.string().min(1),
    voice: z.unknown().optional(),
    instructions: z.string().nullish(),
    response_format: z.string().nullish(),
    speed: z.number().min(0.25).max(4).nullish(),
    stream_format: z.enum(['audio', 'sse']).nullish(),
    stream: z.undefined().optional(),
  }),
  check: refuseRoutingFields,
  answer: (request) => (request.stream_format === 'sse' ? 'events' : 'bytes'),
  answers: (body): body is Speech => 'bytes' in body,
  bytesOf: ({ contentType, bytes }) => ({ contentType, bytes }),
  usage: (response) => tokens(response.usage),
  meter,
  served: ({ model_version: model }) => ({ model }),
  observe: () =>
    observeToLast({
      last: 'speech.audio.done',
      starts: ({ audio }) => audio !== undefined && audio !== '',
      usage: ({ usage }) => (usage === undefined || usage === null ? undefined : tokens(usage)),
    }),
  frame: typedFrame,
}

const tokens = ({ input_tokens: inputTokens, output_tokens: outputTokens }: SpeechUsage): Usage | undefined =>
  believable({ inputTokens, outputTokens, audioOutputTokens: outputTokens })

/** 24,000 samples of two bytes a second. */
const PCM_BYTES_PER_SECOND = 48_000
/** How fast a voice reads; the length of compressed sound cannot be told from its size. */
const CHARACTERS_PER_SECOND = 15
const UNCOMPRESSED = ['pcm', 'wav']

/** Sound says nothing of what it cost: the characters are exact, the seconds are so for sound that is not compressed. */
function meter({ input, response_format: format }: SpeechRequest): Meter {
  const characters = Array.from(input).length
  let bytes = 0
  return {
    see: (chunk) => void (bytes += chunk.byteLength),
    get usage() {
      const exact = typeof format === 'string' && UNCOMPRESSED.includes(format)
      const seconds = exact ? bytes / PCM_BYTES_PER_SECOND : characters / CHARACTERS_PER_SECOND
      return { inputTokens: 0, outputTokens: 0, characters, seconds: Math.ceil(seconds) }
    },
  }
}
