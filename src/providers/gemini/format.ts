import type { ChatRequest } from '../../protocol/chat.ts'
import { unsupportedValue } from './draft.ts'
import type { JsonObject } from './read.ts'
import { isAbsent, objectAt, objectIn, textAt, textIn } from './read.ts'
import { toGeminiSchema } from './schema/index.ts'

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

/** For `json_object`: it promises an object, which Google's JSON output without a schema does not. */
export const ANY_OBJECT: JsonObject = { type: 'object' }

/** The schema to send with JSON output. */
export function formatSchema(format: Format & { kind: 'json' }): JsonObject {
  const schema = toGeminiSchema(format.schema ?? ANY_OBJECT, SCHEMA_PARAM)
  if (format.description === undefined) return schema
  const own = schema['description']
  return {
    ...schema,
    description: typeof own === 'string' ? `${own}\n${format.description}` : format.description,
  }
}
