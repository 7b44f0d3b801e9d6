import { GatewayError } from '../../errors.ts'
import type { Draft } from './draft.ts'
import { leaveOut, unsupportedValue } from './draft.ts'
import type { MediaSlot } from './media.ts'
import { base64At, checkedBlob, fileUri, mediaPart, mimeTypeOfName } from './media.ts'
import type { JsonObject } from './read.ts'
import { invalidValue, isAbsent, isList, listAt, nonEmptyTextAt, objectAt, textAt, textIn } from './read.ts'
import type { RequestPart } from './wire.ts'

type PartReader = (part: JsonObject, param: string, draft: Draft) => RequestPart | undefined

const IMAGE: MediaSlot = { kinds: ['image'], badUrl: 'invalid_image_url', badType: 'invalid_image' }
const AUDIO: MediaSlot = { kinds: ['audio'], badUrl: 'invalid_value', badType: 'unsupported_value' }
const VIDEO: MediaSlot = { kinds: ['video'], badUrl: 'invalid_value', badType: 'unsupported_value' }
const FILE: MediaSlot = {
  kinds: ['document', 'image', 'audio', 'video'],
  badUrl: 'invalid_value',
  badType: 'unsupported_value',
}

/** One reader per type of content part (gemini.md 4.2). */
const READERS: Readonly<Record<string, PartReader>> = {
  text: (part, param) => textPart(textAt(part['text'], `${param}.text`)),
  refusal: (part, param) => textPart(textAt(part['refusal'], `${param}.refusal`)),
  image_url: imagePart,
  input_audio: audioPart,
  file: filePart,
  video_url: (part, param, draft) => {
    const at = `${param}.video_url`
    return mediaPart(
      nonEmptyTextAt(objectAt(part['video_url'], at)['url'], `${at}.url`),
      `${at}.url`,
      VIDEO,
      draft,
    )
  },
}

export const TEXT_ONLY: ReadonlySet<string> = new Set(['text'])
export const USER_PARTS: ReadonlySet<string> = new Set([
  'text',
  'image_url',
  'input_audio',
  'file',
  'video_url',
])
export const ASSISTANT_PARTS: ReadonlySet<string> = new Set(['text', 'refusal'])
export const TOOL_PARTS: ReadonlySet<string> = new Set(['text', 'image_url', 'file'])

/** A message's content as Google's parts, in order, without the empty texts that Google refuses. */
export function contentParts(
  content: unknown,
  param: string,
  allowed: ReadonlySet<string>,
  draft: Draft,
): readonly RequestPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }]
  const parts: RequestPart[] = []
  for (const [i, item] of listAt(content, param).entries()) {
    const at = `${param}[${i}]`
    const part = objectAt(item, at)
    const type = textAt(part['type'], `${at}.type`)
    const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined
    if (reader === undefined || !allowed.has(type)) throw notAllowed(type, `${at}.type`, allowed)
    listUnread(part, type, at, draft)
    const read = reader(part, at, draft)
    if (read !== undefined) parts.push(read)
  }
  return parts
}
/** A part holds what its type names; anything else, e.g. a cache breakpoint, is a hint. */
function listUnread(part: JsonObject, type: string, param: string, draft: Draft): void {
  for (const [name, value] of Object.entries(part)) {
    if (name !== 'type' && name !== type && !isAbsent(value))
      leaveOut(draft, `content.${name}`, `${param}.${name}`)
  }
}
function notAllowed(type: string, param: string, allowed: ReadonlySet<string>): GatewayError {
  const shown = type.replace(/[^\w.-]/g, '?').slice(0, 40)
  return invalidValue(
    param,
    `A content part of type '${shown}' is not possible here; use one of: ${[...allowed].join(', ')}.`,
  )
}
/** For content that must be there: a user message without any is no message. */
export function requiredContent(content: unknown, param: string): unknown {
  if (typeof content === 'string' || isList(content)) return content
  throw content === undefined
    ? new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
    : new GatewayError('invalid_type', `Invalid type for '${param}': expected a string or an array.`, {
        param,
      })
}

function textPart(text: string): RequestPart | undefined {
  return text === '' ? undefined : { text }
}

const DETAILS: Readonly<Record<string, string | undefined>> = {
  auto: undefined,
  low: 'MEDIA_RESOLUTION_LOW',
  high: 'MEDIA_RESOLUTION_HIGH',
  original: 'MEDIA_RESOLUTION_ULTRA_HIGH',
}
function imagePart(part: JsonObject, param: string, draft: Draft): RequestPart {
  const at = `${param}.image_url`
  const image = objectAt(part['image_url'], at)
  const read = mediaPart(nonEmptyTextAt(image['url'], `${at}.url`), `${at}.url`, IMAGE, draft)
  const detail = textIn(image['detail'], `${at}.detail`) ?? 'auto'
  if (!Object.hasOwn(DETAILS, detail))
    throw invalidValue(`${at}.detail`, `'${at}.detail' must be auto, low, high or original.`)
  const level = DETAILS[detail]
  if (level === undefined) return read
  if (draft.traits.generation >= 3) return { ...read, mediaResolution: { level } }
  leaveOut(draft, 'image_url.detail', `${at}.detail`)
  return read
}

/** `pcm16` is what OpenAI calls 24 kHz signed little-endian mono. */
const AUDIO_FORMATS: Readonly<Record<string, string>> = {
  wav: 'audio/wav',
  mp3: 'audio/mp3',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/opus',
  aac: 'audio/aac',
  m4a: 'audio/m4a',
  aiff: 'audio/aiff',
  webm: 'audio/webm',
  pcm16: 'audio/l16;rate=24000',
}
function audioPart(part: JsonObject, param: string): RequestPart {
  const at = `${param}.input_audio`
  const audio = objectAt(part['input_audio'], at)
  const format = textAt(audio['format'], `${at}.format`)
  const mimeType = Object.hasOwn(AUDIO_FORMATS, format) ? AUDIO_FORMATS[format] : undefined
  if (mimeType === undefined) {
    throw unsupportedValue(
      `${at}.format`,
      `'${at}.format' must be one of: ${Object.keys(AUDIO_FORMATS).join(', ')}.`,
    )
  }
  const data = base64At(nonEmptyTextAt(audio['data'], `${at}.data`), `${at}.data`)
  return { inlineData: checkedBlob({ mimeType, data }, `${at}.format`, AUDIO) }
}

function filePart(part: JsonObject, param: string, draft: Draft): RequestPart {
  const at = `${param}.file`
  const file = objectAt(part['file'], at)
  const filename = textIn(file['filename'], `${at}.filename`) ?? ''
  const id = textIn(file['file_id'], `${at}.file_id`)
  if (id !== undefined) return { fileData: fileById(id, filename, `${at}.file_id`) }
  const data = nonEmptyTextAt(file['file_data'], `${at}.file_data`)
  if (/^[a-z][a-z0-9+.-]*:/i.test(data)) return mediaPart(data, `${at}.file_data`, FILE, draft)
  const mimeType = mimeTypeOfName(filename)
  if (mimeType === undefined) {
    throw unsupportedValue(
      `${at}.filename`,
      `The type of '${at}' is not known: send a data URL, or a filename that tells it.`,
    )
  }
  return {
    inlineData: checkedBlob({ mimeType, data: base64At(data, `${at}.file_data`) }, `${at}.file_data`, FILE),
  }
}
function fileById(id: string, filename: string, param: string): { fileUri: string; mimeType?: string } {
  const uri = fileUri(id)
  if (uri === undefined)
    throw unsupportedValue(
      param,
      `'${param}' names a file that Gemini does not have; send its content in file_data.`,
    )
  const mimeType = mimeTypeOfName(filename)
  return { fileUri: uri, ...(mimeType !== undefined && { mimeType }) }
}
