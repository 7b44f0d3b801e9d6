import * as z from 'zod'
import { GatewayError } from '../errors.ts'
import { audioType, estimatedSeconds } from '../lib/audio.ts'
import type { BytesAnswer, Endpoint, Meter } from './endpoint.ts'
import { modelId } from './envelope.ts'
import { typedFrame } from './frames.ts'
import { observeToLast } from './last-event-observer.ts'
import { plain } from './plain.ts'
import { subtitles } from './subtitles.ts'
import { type TranscriptUsage, transcriptUsage } from './transcript-usage.ts'
import { isUpload, type Upload } from './upload.ts'

/** openai.md 4.2 and 4.3; both endpoints are one but for the language that comes out. */
export interface TranscriptionRequest {
  readonly model: string
  readonly file: Upload
  readonly response_format?: string | undefined
  readonly stream?: boolean | undefined
  readonly language?: string | undefined
  readonly prompt?: string | undefined
  readonly temperature?: number | undefined
  readonly [field: string]: unknown
}
export interface Segment {
  readonly id: number
  /** Seconds. */
  readonly start: number
  readonly end: number
  readonly text: string
}
export interface Transcription {
  readonly text: string
  readonly task?: string | undefined
  readonly language?: string | undefined
  readonly duration?: number | undefined
  readonly segments?: readonly Segment[] | undefined
  readonly usage?: TranscriptUsage | undefined
  readonly model_version?: string | undefined
}
export interface TranscriptionEvent {
  readonly type: string
  readonly delta?: string | undefined
  readonly text?: string | undefined
  readonly usage?: TranscriptUsage | undefined
}
export interface TranscriptionWire {
  readonly request: TranscriptionRequest
  readonly response: Transcription
  readonly event: TranscriptionEvent
}

const FORMATS =
  "Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm']"
const flag = z
  .string()
  .regex(/^(?:true|false)$/i, 'it must be true or false')
  .transform((text) => text.toLowerCase() === 'true')

const envelope = z.looseObject({
  model: modelId,
  file: z.custom<Upload>().refine((file) => file !== undefined, 'received undefined'),
  response_format: z.string().optional(),
  stream: flag.optional(),
  language: z.string().optional(),
  prompt: z.string().optional(),
  temperature: z.coerce.number().min(0).max(1).optional(),
})

/** Answers that are no JSON, and what they are called. */
const TEXTS: Readonly<Record<string, string>> = {
  text: 'text/plain; charset=utf-8',
  srt: 'text/plain; charset=utf-8',
  vtt: 'text/plain; charset=utf-8',
}
const FIELDS = ['file', 'model', 'prompt', 'response_format', 'temperature']
const NO_FILE: Upload = {
  filename: '',
  head: new Uint8Array(),
  content: { byteLength: 0, [Symbol.iterator]: () => [][Symbol.iterator]() },
}

export const transcriptions = endpoint('transcriptions', [
  ...FIELDS,
  'language',
  'languages',
  'keywords',
  'include',
  'timestamp_granularities',
  'stream',
  'chunking_strategy',
  'known_speaker_names',
  'known_speaker_references',
])
export const translations = endpoint('translations', FIELDS)

function endpoint(
  name: 'transcriptions' | 'translations',
  fields: readonly string[],
): Endpoint<TranscriptionWire> {
  return {
    ...plain,
    path: `/audio/${name}`,
    capability: name,
    form: { names: new Set(fields), unread: (model) => ({ model, file: NO_FILE }) },
    envelope,
    check,
    answer,
    answers: (body): body is Transcription => 'text' in body && typeof body.text === 'string',
    bytesOf,
    usage: ({ usage }) => transcriptUsage(usage),
    meter,
    served: ({ model_version: model }) => ({ model }),
    observe: () => observeToLast(EVENTS),
    frame: typedFrame,
  }
}

const LAST = 'transcript.text.done'
const EVENTS = {
  last: LAST,
  // Silence has no text, and is an answer all the same.
  starts: ({ type, delta }: TranscriptionEvent) => type === LAST || (delta !== undefined && delta !== ''),
  usage: ({ usage }: TranscriptionEvent) => transcriptUsage(usage),
}

function check({ file }: TranscriptionRequest): void {
  if (!isUpload(file)) {
    throw new GatewayError('invalid_type', "Invalid type for 'file': expected a file.", { param: 'file' })
  }
  if (file.content.byteLength === 0 && file !== NO_FILE)
    throw new GatewayError('invalid_value', "Invalid 'file': it is empty.", { param: 'file' })
  if (file !== NO_FILE && audioType(file.head) === undefined)
    throw new GatewayError('invalid_value', `Invalid file format. ${FORMATS}`, { param: 'file' })
}

function answer({ response_format: format, stream }: TranscriptionRequest): 'json' | 'events' | 'bytes' {
  if (stream === true) return 'events'
  return format !== undefined && Object.hasOwn(TEXTS, format) ? 'bytes' : 'json'
}

function bytesOf(
  response: Transcription,
  { response_format: format = 'text' }: TranscriptionRequest,
): BytesAnswer {
  const text = subtitles(format, response.segments ?? []) ?? `${response.text}\n`
  return { contentType: TEXTS[format] ?? 'text/plain', bytes: new TextEncoder().encode(text) }
}

/** A text says nothing of what it cost, but the sound does, roughly. */
function meter({ file }: TranscriptionRequest): Meter {
  const seconds = Math.ceil(estimatedSeconds(file.head, file.content.byteLength))
  return {
    see: () => undefined,
    usage: file === NO_FILE ? undefined : { inputTokens: 0, outputTokens: 0, seconds, estimated: true },
  }
}
