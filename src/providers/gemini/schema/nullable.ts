import { namedTypes } from './types.ts'
import { annotationsOf, unionOf } from './vocabulary.ts'
import type { GeminiSchema } from './walk.ts'

const NULL: GeminiSchema = { type: 'null' }

/** The same schema, `null` allowed as well; takes and returns what Gemini accepts. */
export function withNull(schema: GeminiSchema): GeminiSchema {
  if (typeof schema['$ref'] === 'string') return { anyOf: [schema, NULL] }
  const union = unionOf(schema)
  if (union !== undefined) {
    const branches: readonly unknown[] = Array.isArray(schema[union]) ? schema[union] : []
    return branches.some(isNull) ? schema : { ...schema, [union]: [...branches, NULL] }
  }
  const types = namedTypes(schema['type'])
  if (types === undefined || types.includes('null')) return schema
  if (schema['enum'] === undefined) return { ...schema, type: [...types, 'null'] }
  const { title: _title, description: _description, ...values } = schema
  return { ...annotationsOf(schema), anyOf: [values, NULL] }
}

function isNull(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Reflect.get(schema, 'type') === 'null'
}
