import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'

type Rule = (schema: JsonObject, path: string) => string | undefined

const FORMATS: Record<string, readonly string[]> = {
  STRING: ['enum', 'date-time'],
  NUMBER: ['float', 'double'],
  INTEGER: ['int32', 'int64'],
}

/** gemini.md 4.5, column B, beyond the names the wire table refuses. */
const RULES: readonly Rule[] = [
  // "missing type: required", except beside anyOf.
  (schema, path) =>
    has(schema, 'type') || has(schema, 'anyOf') ? undefined : `${path}.type: must be specified`,
  // "B forbids siblings next to any_of".
  (schema, path) => {
    const beside = Object.keys(schema).filter(
      (key) => !['anyOf', 'description', 'nullable', 'title'].includes(key),
    )
    return has(schema, 'anyOf') && beside.length > 0
      ? `${path}: when any_of is specified, it must be the only field set`
      : undefined
  },
  // "object without properties".
  (schema, path) =>
    schema['type'] === 'OBJECT' && Object.keys(objectOf(schema['properties'])).length === 0
      ? `${path}.properties: should be non-empty for OBJECT type`
      : undefined,
  // "array without items".
  (schema, path) =>
    schema['type'] === 'ARRAY' && !has(schema, 'items') ? `${path}.items: missing field` : undefined,
  // "required naming unknown props".
  (schema, path) => {
    const properties = objectOf(schema['properties'])
    const stranger = arrayOf(schema['required']).findIndex((name) => !has(properties, textOf(name)))
    return stranger < 0 ? undefined : `${path}.required[${stranger}]: property is not defined`
  },
  // "enum with empty strings", and enums of anything but strings.
  (schema, path) => {
    const empty = arrayOf(schema['enum']).indexOf('')
    if (empty >= 0) return `${path}.enum[${empty}]: cannot be empty`
    return has(schema, 'enum') && schema['type'] !== 'STRING'
      ? `${path}.enum: only allowed for STRING type`
      : undefined
  },
  // "format unknown".
  (schema, path) => {
    const allowed = FORMATS[textOf(schema['type'])]
    if (!has(schema, 'format') || allowed === undefined || allowed.includes(textOf(schema['format'])))
      return undefined
    return `${path}.format: only '${allowed.join("' and '")}' are supported for ${textOf(schema['type'])} type`
  },
]

export function legacySchemaFault(value: Json | undefined, path: string): string | undefined {
  if (!isObject(value)) return undefined
  for (const rule of RULES) {
    const fault = rule(value, path)
    if (fault !== undefined) return fault
  }
  for (const [step, child] of children(value)) {
    const fault = legacySchemaFault(child, `${path}.${step}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

function children(schema: JsonObject): [string, Json | undefined][] {
  return [
    ...Object.entries(objectOf(schema['properties'])).map(([name, child]): [string, Json | undefined] => [
      `properties[${name}]`,
      child,
    ]),
    ...arrayOf(schema['anyOf']).map((child, index): [string, Json | undefined] => [
      `any_of[${index}]`,
      child,
    ]),
    ['items', schema['items']],
  ]
}
