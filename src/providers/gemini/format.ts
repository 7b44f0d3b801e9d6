import type { ChatRequest } from '../../protocol/chat.ts'
import { unsupportedValue } from './draft.ts'
import type { JsonObject } from './read.ts'
import { isAbsent, objectAt, objectIn, textAt, textIn } from './read.ts'

/** `response_format`, read. `schema` is absent for `json_object`. */
export type Format =
  | { readonly kind: 'text' }
  | {
      readonly kind: 'json'
      readonly schema: JsonObject | undefined
      readonly description: string | undefined
    }

const TEXT: Format = { kind: 'text' }
export const SCHEMA_PARAM = 'response_format.json_schema.schema'

export function readFormat(request: ChatRequest): Format {
  if (isAbsent(request.response_format)) return TEXT
  const format = objectAt(request.response_format, 'response_format')
  const type = textAt(format['type'], 'response_format.type')
  if (type === 'text') return TEXT
  if (type === 'json_object') return { kind: 'json', schema: undefined, description: undefined }
  if (type !== 'json_schema') {
    throw unsupportedValue(
      'response_format.type',
      `'response_format.type' must be text, json_object or json_schema.`,
    )
  }
  const at = 'response_format.json_schema'
  const spec = objectAt(format['json_schema'], at)
  return {
    kind: 'json',
    schema: objectIn(spec['schema'], SCHEMA_PARAM),
    description: textIn(spec['description'], `${at}.description`),
  }
}

/** The schema to send; JSON mode promises an object, which Google's does not without one. */
export function formatSchema(format: Format & { kind: 'json' }): JsonObject {
  if (format.schema === undefined) return { type: 'object' }
  if (format.description === undefined) return format.schema
  const own = format.schema['description']
  const description = typeof own === 'string' ? `${own}\n${format.description}` : format.description
  return { ...format.schema, description }
}
