import { withUsage } from '../deliver.ts'
import { given, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { pieces, tokensOf } from '../tokens.ts'
import type { Exchange, Frame, Reply } from '../types.ts'
import { modelOn } from './endpoint.ts'
import { invalid, missing } from './errors.ts'
import { typedFraming } from './images.ts'
import type { Model } from './models.ts'

const EXTENSIONS = ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm']
const ALL_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt']
/** openai.md 4.2. */
const FORMATS: Record<string, readonly string[]> = {
  'whisper-1': ALL_FORMATS,
  'gpt-4o-transcribe-diarize': ['json', 'text', 'diarized_json'],
}
const MAX_FILE = 25 * 1_048_576

/** openai.md 4.2. What is heard is the file's name and size. */
export function transcriptions(exchange: Exchange): Reply {
  return transcribe(exchange, 'audio/transcriptions', 'transcribe')
}

/** openai.md 4.3. */
export function translations(exchange: Exchange): Reply {
  return transcribe(exchange, 'audio/translations', 'translate')
}

function transcribe(exchange: Exchange, path: string, task: string): Reply {
  const form = formOf(exchange)
  const model = modelOn(exchange, textOf(form['model']), { path, kinds: ['transcription'] })
  if (task === 'translate' && model.id !== 'whisper-1')
    throw invalid('invalid_value', 'model', 'Translation is only supported with whisper-1.')
  const file = fileOf(form)
  const format = textOf(form['response_format']) || 'json'
  const able = FORMATS[model.id] ?? ['json', 'text']
  if (!able.includes(format)) {
    const message = `response_format '${format}' is not compatible with model '${model.id}'. Use ${able.join(' or ')} instead.`
    throw invalid('unsupported_value', 'response_format', message)
  }
  const said =
    exchange.script.text ?? `Heard ${textOf(file['name'])} of ${String(Number(file['size']))} bytes.`
  const usage = withUsage(usageOf(model, said, Number(file['size'])), exchange.script)
  if (form['stream'] === 'true' && model.id !== 'whisper-1') return streamed(said, usage)
  return inFormat(format, { said, task, usage })
}

function formOf({ json, headers }: Exchange): JsonObject {
  if (!(headers.get('content-type') ?? '').startsWith('multipart/form-data'))
    throw invalid('unsupported_content_type', null, 'Unsupported content type. Send multipart/form-data.')
  if (!isObject(json)) throw invalid(null, null, 'Could not parse multipart form')
  return json
}

function fileOf(form: JsonObject): JsonObject {
  if (!given(form, 'file')) throw missing('file')
  const file = objectOf(form['file'])
  const extension = textOf(file['name']).split('.').at(-1) ?? ''
  if (!EXTENSIONS.includes(extension.toLowerCase())) {
    const listed = EXTENSIONS.map((each) => `'${each}'`).join(', ')
    throw invalid(null, 'file', `Invalid file format. Supported formats: [${listed}]`)
  }
  if (Number(file['size']) > MAX_FILE) throw invalid(null, 'file', 'Maximum content size limit exceeded')
  return file
}

function usageOf(model: Model, said: string, size: number): JsonObject {
  const seconds = Math.ceil(size / 48_000)
  if (!model.id.startsWith('gpt-4o')) return { type: 'duration', seconds }
  const audio = seconds * 10
  const output = tokensOf(said)
  return {
    type: 'tokens',
    input_tokens: audio,
    input_token_details: { text_tokens: 0, audio_tokens: audio },
    output_tokens: output,
    total_tokens: audio + output,
  }
}

function streamed(said: string, usage: JsonObject): Reply {
  const frames: Frame[] = pieces(said).map((delta) => ({
    kind: 'delta',
    data: { type: 'transcript.text.delta', delta },
  }))
  frames.push({ kind: 'finish', data: { type: 'transcript.text.done', text: said, usage } })
  return { kind: 'stream', frames, framing: typedFraming(), usage }
}

interface Heard {
  said: string
  task: string
  usage: JsonObject
}

function inFormat(format: string, { said, task, usage }: Heard): Reply {
  const plain: Record<string, string> = {
    text: `${said}\n`,
    srt: `1\n00:00:00,000 --> 00:00:01,500\n${said}\n\n`,
    vtt: `WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n${said}\n\n`,
  }
  const text = plain[format]
  if (text !== undefined)
    return {
      kind: 'bytes',
      contentType: 'text/plain; charset=utf-8',
      bytes: new Uint8Array(new TextEncoder().encode(text)),
      usage,
    }
  const segment: Json = { id: 0, seek: 0, start: 0, end: 1.5, text: said, tokens: [], temperature: 0 }
  const verbose = { task, language: 'english', duration: 1.5, segments: [segment] }
  return { kind: 'json', usage, body: { ...(format === 'json' ? {} : verbose), text: said, usage } }
}
