import { GatewayError } from '../errors.ts'
import type { ByteList } from '../lib/byte-list.ts'
import { type Chunks, chunksOf } from '../lib/chunks.ts'
import type { Form } from '../lib/multipart.ts'
import { textOf } from '../lib/multipart-patch.ts'

/** A file of a form, where it lies. */
export interface Upload {
  readonly filename: string
  readonly content: Chunks
  /** Its first bytes. */
  readonly head: Uint8Array
}

/** Enough for every signature and for the header of a WAV file. */
const HEAD_BYTES = 64

export function isUpload(value: unknown): value is Upload {
  return typeof value === 'object' && value !== null && 'content' in value && 'head' in value
}

/**
 * A form as the object that its endpoint's envelope reads: texts by name, those whose names end in `[]` in a list,
 * and the file. Throws 400 `invalid_multipart` for a text that is not UTF-8.
 */
export function formFields(form: Form): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {}
  for (const part of form.parts) {
    const { name, filename, contentStart, contentEnd } = part
    if (filename !== undefined) {
      fields[name] = uploadOf(form.bytes, filename, contentStart, contentEnd)
      continue
    }
    const text = textOf(form, part)
    if (text === undefined)
      throw new GatewayError('invalid_multipart', `The multipart form is invalid: '${name}' is no text.`)
    const list = name.endsWith('[]') ? name.slice(0, -2) : undefined
    if (list === undefined) fields[name] = text
    else fields[list] = [...(Array.isArray(fields[list]) ? fields[list] : []), text]
  }
  return fields
}

function uploadOf(bytes: ByteList, filename: string, from: number, to: number): Upload {
  return {
    filename,
    content: chunksOf(bytes, from, to),
    head: bytes.slice(from, Math.min(to, from + HEAD_BYTES)),
  }
}
