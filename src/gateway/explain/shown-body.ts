import { ByteList } from '../../lib/byte-list.ts'
import { boundaryOf, scanForm } from '../../lib/multipart.ts'
import { textOf } from '../../lib/multipart-patch.ts'
import { parseJson } from '../attempt/read-failure.ts'

/** Longer texts of a body that was made of an upload are the upload. */
const MAX_TEXT_CHARS = 1_000

/** A body that would be sent, for the eyes of whoever asks: JSON as it is, a form by its fields, an upload by its size. */
export async function shownBody(body: BodyInit, contentType: string): Promise<unknown> {
  if (typeof body === 'string') return parseJson(body) ?? body
  const bytes = new Uint8Array(await new Response(body).arrayBuffer())
  const boundary = boundaryOf(contentType)
  if (boundary !== undefined) return shownForm(bytes, boundary)
  const text = new TextDecoder().decode(bytes)
  const parsed = parseJson(text) ?? text
  return body instanceof ReadableStream ? shortened(parsed) : parsed
}

function shownForm(bytes: Uint8Array<ArrayBuffer>, boundary: string): object {
  const names = { has: () => true } // they have been looked at when the form came
  const form = scanForm(new ByteList([bytes]), boundary, names)
  const fields = form.parts.map((part) => {
    const size = part.contentEnd - part.contentStart
    return [part.name, part.filename === undefined ? textOf(form, part) : `[${size} bytes]`] as const
  })
  return Object.fromEntries(fields)
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT_CHARS ? `[${value.length} characters]` : value
  if (Array.isArray(value)) return value.map(shortened)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner)]))
}
