import { type Chunks, chunksOf, concatenated, textChunks } from './chunks.ts'
import type { Form, FormPart } from './multipart.ts'

/** Sets and drops fields in the bytes themselves: every other byte goes out as the caller wrote it. */
export function patchForm(
  form: Form,
  patch: { readonly set: Readonly<Record<string, unknown>>; readonly drop: readonly string[] },
): Chunks {
  const { bytes, parts, end, boundary } = form
  const missing = new Map(Object.entries(patch.set).map(([name, value]) => [name, String(value)]))
  const out: Chunks[] = []
  for (const part of parts) {
    if (patch.drop.includes(part.name)) continue
    // The first delimiter of the body has no line end before it, whichever part it is that comes first.
    const from = out.length === 0 && part.start > 0 ? part.start + 2 : part.start
    const value = missing.get(part.name)
    missing.delete(part.name)
    if (value === undefined || textOf(form, part) === value) out.push(chunksOf(bytes, from, part.contentEnd))
    else out.push(chunksOf(bytes, from, part.contentStart), textChunks(value))
  }
  for (const [name, value] of missing) {
    const line = out.length === 0 ? '' : '\r\n'
    out.push(
      textChunks(`${line}--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`),
    )
  }
  return concatenated([...out, chunksOf(bytes, end, bytes.byteLength)])
}

/** A field's text; undefined if it is not UTF-8. */
export function textOf({ bytes }: Form, { contentStart, contentEnd }: FormPart): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(
      bytes.slice(contentStart, contentEnd),
    )
  } catch {
    return undefined
  }
}
