import { arrayOf, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalidArgument } from './errors.ts'
import type { Model } from './models.ts'

const IMAGES = ['png', 'jpeg', 'webp', 'heic', 'heif'].map((type) => `image/${type}`)
const AUDIO = 'wav mp3 mpeg aiff aac ogg flac m4a mp4 x-m4a l16 opus alaw mulaw webm x-wav pcm'
  .split(' ')
  .map((type) => `audio/${type}`)
const VIDEO = 'mp4 mpeg mov quicktime avi x-flv mpg webm wmv 3gpp'.split(' ').map((type) => `video/${type}`)
const DOCUMENTS = [
  'application/pdf',
  'application/json',
  'application/xml',
  'application/rtf',
  'application/x-javascript',
]

/** gemini.md 2.4: gif, svg and avif are not there, nor are office documents. Any text is read as plain text. */
const INLINE = new Set([...IMAGES, ...AUDIO, ...VIDEO, ...DOCUMENTS])

/** gemini.md 2.4, external HTTPS URLs: no audio, no heic. */
const EXTERNAL = new Set([
  ...['html', 'css', 'plain', 'xml', 'csv', 'rtf', 'javascript'].map((type) => `text/${type}`),
  'application/json',
  'application/pdf',
  ...['bmp', 'jpeg', 'png', 'webp'].map((type) => `image/${type}`),
  ...VIDEO,
])

/** gemini.md 2.3: multimodal function results. */
const IN_RESPONSES = new Set(['image/png', 'image/jpeg', 'image/webp', 'application/pdf', 'text/plain'])

/** Types may carry parameters: audio/l16;rate=24000. */
function bare(mime: string): string {
  return (mime.split(';')[0] ?? '').trim().toLowerCase()
}

export function checkMedia(part: JsonObject, model: Model): void {
  if (isObject(part['inlineData']))
    checkBlob(part['inlineData'], (mime) => INLINE.has(mime) || mime.startsWith('text/'))
  if (isObject(part['fileData'])) checkFile(part['fileData'], model)
  for (const inner of arrayOf(objectOf(part['functionResponse'])['parts'])) {
    checkBlob(objectOf(objectOf(inner)['inlineData']), (mime) => IN_RESPONSES.has(mime))
  }
}

function checkBlob(blob: JsonObject, accepted: (mime: string) => boolean): void {
  const mime = textOf(blob['mimeType'])
  if (mime === '') throw invalidArgument('Unable to process input image: mime type is not specified.')
  if (!accepted(bare(mime))) throw invalidArgument(`Unsupported MIME type: ${mime}`)
  if (textOf(blob['data']) === '')
    throw invalidArgument('Unable to process input image. Please retry or report.')
}

const YOUTUBE = /^https:\/\/(www\.)?(youtube\.com|youtu\.be)\//
const FILES_API = /^https:\/\/generativelanguage\.googleapis\.com\//

/** gemini.md 2.3 and 2.4: a type is needed except for YouTube; external URLs are limited in what they may be. */
function checkFile(file: JsonObject, model: Model): void {
  const uri = textOf(file['fileUri'])
  const mime = textOf(file['mimeType'])
  if (uri === '')
    throw invalidArgument(
      '* GenerateContentRequest.contents.parts.file_data.file_uri: required field is not set\n',
    )
  if (YOUTUBE.test(uri)) return
  if (mime === '')
    throw invalidArgument(
      '* GenerateContentRequest.contents.parts.file_data.mime_type: required field is not set\n',
    )
  if (FILES_API.test(uri) || uri.startsWith('gs://')) return
  if (!uri.startsWith('https://') || model.id.startsWith('gemini-2.0'))
    throw invalidArgument('Invalid or unsupported file uri.')
  if (!EXTERNAL.has(bare(mime))) throw invalidArgument(`Unsupported MIME type for an external URL: ${mime}`)
}
