import { fromBase64, toBase64 } from '../../lib/base64.ts'
import type { Decoder } from '../../lib/sse.ts'
import { wavHeader } from '../../lib/wav.ts'
import type { Speech, SpeechEvent, SpeechRequest, SpeechWire } from '../../protocol/speech.ts'
import type { CodecContext, Translation } from '../provider.ts'
import { translation } from '../provider.ts'
import { type GeneratedReader, readGenerated } from './generated.ts'
import { encodeSpeech } from './speech-request.ts'
import type { Answer, AnswerPart } from './wire.ts'

/** gemini.md 6.1. */
export const speech: Translation<SpeechWire> = translation<SpeechWire, Answer>({
  encode: encodeSpeech,
  decode,
  events,
})

interface Sound {
  /** Undefined: the sound has a header of its own. */
  readonly rate: number | undefined
  readonly data: string
}

function decode(body: Answer, request: SpeechRequest): Speech {
  const reader = readGenerated(true)
  const sounds = soundsOf(reader.take(body))
  reader.end(sounds.length > 0)
  const pieces = sounds.map(({ data }) => fromBase64(data))
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  const rate = sounds[0]?.rate
  const header = rate !== undefined && !isPcm(request) ? [wavHeader(rate, length)] : []
  return { contentType: contentType(request), bytes: joined([...header, ...pieces]), ...closing(reader) }
}

/** Sound that comes in pieces is sent in pieces; its header, if it gets one, is the first. */
function events(request: SpeechRequest, _context: CodecContext): Decoder<Answer, SpeechEvent> {
  const reader = readGenerated(false)
  let begun = false
  return {
    push(event, emit) {
      for (const { rate, data } of soundsOf(reader.take(event))) {
        if (!begun && rate !== undefined && !isPcm(request)) emit(delta(toBase64(wavHeader(rate))))
        begun = true
        emit(delta(data))
      }
    },
    end(emit) {
      reader.end(begun)
      emit({ type: 'speech.audio.done', usage: closing(reader).usage })
    },
  }
}

const delta = (audio: string): SpeechEvent => ({ type: 'speech.audio.delta', audio })
const isPcm = ({ response_format: format }: SpeechRequest): boolean => format === 'pcm'
const contentType = (request: SpeechRequest): string => (isPcm(request) ? 'audio/pcm' : 'audio/wav')
const DEFAULT_RATE = 24_000

/** `audio/L16;rate=24000` is raw samples, whatever byte order its name stands for; `audio/wav` is a file. */
function soundsOf(parts: readonly AnswerPart[]): readonly Sound[] {
  return parts.flatMap(({ inlineData }) => {
    const type = inlineData?.mimeType ?? ''
    const data = inlineData?.data ?? ''
    if (!type.startsWith('audio/') || data === '') return []
    const rate = Number(/rate=(\d{4,6})/.exec(type)?.[1] ?? DEFAULT_RATE)
    return [{ data, rate: /^audio\/(?:x-)?wav/i.test(type) ? undefined : rate }]
  })
}

function closing({ usage, modelVersion }: GeneratedReader): Pick<Speech, 'usage' | 'model_version'> {
  return {
    usage: {
      input_tokens: usage.prompt_tokens,
      output_tokens: usage.completion_tokens,
      total_tokens: usage.total_tokens,
    },
    ...(modelVersion !== undefined && { model_version: modelVersion }),
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
