import type { ErrorCode } from '../../errors.ts'
import { GatewayError } from '../../errors.ts'
import { toBase64 } from '../../lib/base64.ts'
import type { Draft } from './draft.ts'
import { invalidValue } from './read.ts'
import type { Blob, RequestPart } from './wire.ts'

export type MediaKind = 'image' | 'audio' | 'video' | 'document'

/** What a content part may hold, and the error code that names it when it is not that. */
export interface MediaSlot {
  readonly kinds: readonly MediaKind[]
  readonly badUrl: ErrorCode
  readonly badType: ErrorCode
}

/** The types Google reads (gemini.md 2.4). GIF, SVG and AVIF are not among them, nor are office documents. */
const TYPES: Readonly<Record<MediaKind, RegExp>> = {
  image: /^image\/(png|jpeg|webp|heic|heif)$/,
  audio: /^audio\/(wav|mp3|mpeg|mpga|aiff|aac|ogg|flac|m4a|mp4|l16|pcm|opus|alaw|mulaw|webm)$/,
  video: /^video\/(mp4|mpeg|mov|quicktime|avi|x-flv|mpg|webm|wmv|3gpp)$/,
  document: /^(text\/[a-z0-9.+-]+|application\/(pdf|json|xml|rtf|javascript|x-javascript))$/,
}
const SPELLINGS: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-aiff': 'audio/aiff',
  'audio/x-m4a': 'audio/m4a',
  'audio/x-flac': 'audio/flac',
  'video/x-msvideo': 'video/avi',
}

/** A picture, sound, film or document by URL: data URLs inline, Google's own by reference, the rest as fetched. */
export function mediaPart(url: string, param: string, slot: MediaSlot, draft: Draft): RequestPart {
  if (/^data:/i.test(url)) return { inlineData: checkedBlob(parseDataUrl(url, param, slot), param, slot) }
  if (isReadByGoogle(url)) return { fileData: { fileUri: url } }
  if (!/^https?:\/\//i.test(url)) {
    throw new GatewayError(slot.badUrl, `'${param}' must be an https URL or a data URL.`, { param })
  }
  const fetched = draft.context.media.get(url)
  if (fetched === undefined)
    throw new GatewayError(slot.badUrl, `The URL in '${param}' could not be loaded.`, { param })
  return { inlineData: checkedBlob(fetched, param, slot) }
}

const FILES_API = /^https:\/\/generativelanguage\.googleapis\.com\/v1(beta)?\/files\/[A-Za-z0-9_-]+$/
const YOUTUBE = /^https:\/\/((www|m)\.)?(youtube\.com\/(watch\?|live\/|shorts\/|embed\/)|youtu\.be\/)/

/** URLs that Google resolves itself, so that nobody need fetch them: YouTube and its Files API. */
export function isReadByGoogle(url: string): boolean {
  return FILES_API.test(url) || YOUTUBE.test(url)
}
/** A Files API name (`files/abc`) or address, as `file_id`. */
export function fileUri(id: string): string | undefined {
  if (FILES_API.test(id)) return id
  return /^files\/[A-Za-z0-9_-]+$/.test(id)
    ? `https://generativelanguage.googleapis.com/v1beta/${id}`
    : undefined
}

export function checkedBlob(blob: Blob, param: string, slot: MediaSlot): Blob {
  const essence = essenceOf(blob.mimeType)
  const mimeType = SPELLINGS[essence] ?? essence
  if (!slot.kinds.some((kind) => TYPES[kind].test(mimeType))) {
    const shown = /^[\w./+-]{1,80}$/.test(mimeType) ? mimeType : 'this type'
    throw new GatewayError(
      slot.badType,
      `Unsupported media type in '${param}': Gemini does not read ${shown} here.`,
      { param },
    )
  }
  return {
    mimeType: essence === 'audio/l16' || essence === 'audio/pcm' ? blob.mimeType : mimeType,
    data: blob.data,
  }
}
export function isMediaKind(mimeType: string, kind: MediaKind): boolean {
  return TYPES[kind].test(mimeType)
}
function essenceOf(mimeType: string): string {
  const end = mimeType.indexOf(';')
  return (end < 0 ? mimeType : mimeType.slice(0, end)).trim().toLowerCase()
}

const DATA_URL_HEAD = /^data:([^,]*),/i

function parseDataUrl(url: string, param: string, slot: MediaSlot): Blob {
  // Only the head is matched: the rest may be megabytes.
  const head = DATA_URL_HEAD.exec(url.slice(0, 300))
  const malformed = (): GatewayError =>
    new GatewayError(slot.badUrl, `Malformed data URL in '${param}'.`, { param })
  if (head === null) throw malformed()
  const [whole, meta = ''] = head
  const payload = url.slice(whole.length)
  const isBase64 = /;\s*base64\s*$/i.test(meta)
  const mimeType = (isBase64 ? meta.slice(0, meta.lastIndexOf(';')) : meta) || 'text/plain'
  const data = isBase64 ? base64(decoded(payload)) : percentDecoded(payload)
  if (data === undefined || data === '') throw malformed()
  return { mimeType, data }
}
function decoded(payload: string): string {
  return payload.includes('%')
    ? payload.replace(/%2B/gi, '+').replace(/%2F/gi, '/').replace(/%3D/gi, '=')
    : payload
}
function percentDecoded(payload: string): string | undefined {
  try {
    return toBase64(new TextEncoder().encode(decodeURIComponent(payload)))
  } catch {
    return undefined
  }
}

const STANDARD = /^[A-Za-z0-9+/]+={0,2}$/

/** Standard, padded base64 of a text that may be URL-safe, broken into lines or unpadded; undefined if it is none. */
export function base64(text: string): string | undefined {
  let data = text
  if (!STANDARD.test(data)) data = data.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/')
  const missing = data.length % 4
  if (missing !== 0 && !data.endsWith('=')) data += '='.repeat(4 - missing)
  return data.length % 4 === 0 && STANDARD.test(data) && missing !== 1 ? data : undefined
}
export function base64At(text: string, param: string): string {
  const data = base64(text)
  if (data === undefined) throw invalidValue(param, `'${param}' is not valid base64.`)
  return data
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  xml: 'text/xml',
  json: 'application/json',
  rtf: 'application/rtf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  mp4: 'video/mp4',
}
/** For bytes that come with nothing but a file name. */
export function mimeTypeOfName(filename: string): string | undefined {
  return EXTENSIONS[filename.slice(filename.lastIndexOf('.') + 1).toLowerCase()]
}
