import type { Json, JsonObject } from './json.ts'

/** A form as JSON: texts by name, repeated ones in a list, and of a file what tells it from another. */
export async function readForm(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<JsonObject | undefined> {
  if (!contentType.startsWith('multipart/form-data')) return undefined
  const form = await new Response(bytes, { headers: { 'content-type': contentType } })
    .formData()
    .catch(() => undefined)
  const fields: JsonObject = {}
  for (const [name, value] of form?.entries() ?? []) {
    const read: Json = typeof value === 'string' ? value : await fileOf(value)
    const known = fields[name]
    fields[name] = known === undefined ? read : Array.isArray(known) ? [...known, read] : [known, read]
  }
  return form === undefined ? undefined : fields
}

async function fileOf(file: File): Promise<JsonObject> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
  const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { name: file.name, type: file.type, size: file.size, sha256 }
}
