import { isObject, textOf } from '../json.ts'
import { base64, pcm, secondsOf, wav } from '../samples.ts'
import { stripDirective } from '../script.ts'
import { tokensOf } from '../tokens.ts'
import type { Exchange, Frame, Reply } from '../types.ts'
import { checkRequest } from './endpoint.ts'
import { invalid } from './errors.ts'
import { typedFraming } from './images.ts'

const VOICES = ['alloy', 'ash', 'coral', 'echo', 'fable', 'nova', 'onyx', 'sage', 'shimmer']
const NEWER_VOICES = ['ballad', 'verse', 'marin', 'cedar']
const TYPES: Record<string, string> = {
  mp3: 'audio/mpeg',
  opus: 'audio/opus',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
}

/** openai.md 4.1. PCM and WAV are real; the others are those bytes after the name of the format. */
export function speech(exchange: Exchange): Reply {
  const { request, model } = checkRequest(exchange, {
    path: 'audio/speech',
    kinds: ['speech'],
    required: ['input', 'voice'],
    fields: [
      { name: 'input', kind: 'string', min: 1, max: 4_096 },
      { name: 'voice', kind: 'string or object' },
      { name: 'instructions', kind: 'string', max: 4_096 },
      { name: 'response_format', kind: 'string', values: Object.keys(TYPES) },
      { name: 'speed', kind: 'decimal', min: 0.25, max: 4 },
      { name: 'stream_format', kind: 'string', values: ['audio', 'sse'] },
    ],
  })
  const { voice, input } = request
  const first = model.id.startsWith('tts-1')
  const voices = first ? VOICES : [...VOICES, ...NEWER_VOICES]
  if (!isObject(voice) && !voices.includes(textOf(voice)))
    throw invalid(
      'invalid_value',
      'voice',
      `Invalid value: '${textOf(voice)}'. Supported values are: ${voices.join(', ')}.`,
    )
  if (first && request['stream_format'] === 'sse')
    throw invalid('unsupported_value', 'stream_format', "'sse' is not supported with this model.")
  const text = stripDirective(textOf(input))
  const format = textOf(request['response_format']) || 'mp3'
  const samples = pcm(text)
  if (request['stream_format'] !== 'sse')
    return { kind: 'bytes', contentType: TYPES[format] ?? '', bytes: inFormat(samples, format) }
  const usage = { input_tokens: tokensOf(text), output_tokens: secondsOf(text) * 20, total_tokens: 0 }
  usage.total_tokens = usage.input_tokens + usage.output_tokens
  const half = Math.floor(samples.length / 4) * 2
  const frames: Frame[] = [samples.subarray(0, half), samples.subarray(half)].map((part) => ({
    kind: 'delta',
    data: { type: 'speech.audio.delta', audio: base64(inFormat(part, format)) },
  }))
  frames.push({ kind: 'finish', data: { type: 'speech.audio.done', usage } })
  return { kind: 'stream', frames, framing: typedFraming(), usage }
}

function inFormat(samples: Uint8Array<ArrayBuffer>, format: string): Uint8Array<ArrayBuffer> {
  if (format === 'pcm') return samples
  if (format === 'wav') return wav(samples)
  return new Uint8Array([...new TextEncoder().encode(format), ...samples.subarray(0, 4_096)])
}
