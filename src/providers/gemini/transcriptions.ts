import { estimatedSeconds } from '../../lib/audio.ts'
import type { Decoder } from '../../lib/sse.ts'
import type { ChatUsage } from '../../protocol/chat.ts'
import type { TranscriptUsage } from '../../protocol/transcript-usage.ts'
import type {
  Segment,
  Transcription,
  TranscriptionEvent,
  TranscriptionRequest,
  TranscriptionWire,
} from '../../protocol/transcriptions.ts'
import { isRecord } from '../../protocol/guards.ts'
import { UpstreamFailure } from '../failure.ts'
import type { Translation } from '../provider.ts'
import { translation } from '../provider.ts'
import { readGenerated } from './generated.ts'
import { encodeTranscription, isTimed, type Task } from './transcription-request.ts'
import type { Answer } from './wire.ts'

/** gemini.md 6.2: any model that hears can write down what it hears. */
export function transcription(task: Task): Translation<TranscriptionWire> {
  return translation<TranscriptionWire, Answer>({
    encode: (request, context) => encodeTranscription(request, context, task),
    decode: (body, request) => decode(body, request, task),
    events,
    serves: ({ endpoints, inputs, outputs }) =>
      endpoints.includes('chat') && inputs.includes('audio') && outputs.includes('text'),
  })
}

function decode(body: Answer, request: TranscriptionRequest, task: Task): Transcription {
  const reader = readGenerated(true)
  reader.take(body)
  // Silence is a transcript too: an empty one.
  reader.end(true)
  const common = {
    usage: tokens(reader.usage),
    ...(reader.modelVersion !== undefined && { model_version: reader.modelVersion }),
  }
  if (!isTimed(request)) return { text: reader.text.trim(), ...common }
  const { language, segments } = timed(reader.text)
  return {
    task,
    language: request.language ?? language,
    duration: estimatedSeconds(request.file.head, request.file.content.byteLength),
    text: segments.map(({ text }) => text).join(' '),
    segments,
    ...common,
  }
}

function events(): Decoder<Answer, TranscriptionEvent> {
  const reader = readGenerated(false)
  return {
    push(event, emit) {
      for (const { text } of reader.take(event))
        if (typeof text === 'string' && text !== '') emit({ type: 'transcript.text.delta', delta: text })
    },
    end(emit) {
      reader.end(true)
      emit({ type: 'transcript.text.done', text: reader.text, usage: tokens(reader.usage) })
    },
  }
}

function tokens(usage: ChatUsage): TranscriptUsage {
  const audio = usage.prompt_tokens_details?.['audio_tokens'] ?? 0
  return {
    type: 'tokens',
    input_tokens: usage.prompt_tokens,
    input_token_details: { text_tokens: usage.prompt_tokens - audio, audio_tokens: audio },
    output_tokens: usage.completion_tokens,
    total_tokens: usage.total_tokens,
  }
}

function timed(text: string): { readonly language: string; readonly segments: readonly Segment[] } {
  const answer = parsed(text)
  const { language, segments } = isRecord(answer) ? answer : {}
  if (!Array.isArray(segments)) throw garbled()
  return {
    language: typeof language === 'string' ? language : 'unknown',
    segments: segments.map((each, id) => {
      const { start, end, text: said } = isRecord(each) ? each : {}
      if (typeof said !== 'string') throw garbled()
      return { id, start: secondsOf(start), end: secondsOf(end), text: said }
    }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `01:02.500`, or with hours before it. */
function secondsOf(clock: unknown): number {
  if (typeof clock !== 'string' || !/^(?:\d+:){0,2}\d+(?:\.\d+)?$/.test(clock)) throw garbled()
  return clock.split(':').reduce((sum, each) => sum * 60 + Number(each), 0)
}

const garbled = (): UpstreamFailure =>
  new UpstreamFailure({ kind: 'garbled', message: 'Gemini sent a transcript without its times.' })
