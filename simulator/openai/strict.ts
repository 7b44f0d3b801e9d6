import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { resolve } from '../sample.ts'

/** openai.md 2.5: keywords outside the strict subset. oneOf is to be anyOf. */
const UNSUPPORTED = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'prefixItems',
  'contains',
  'unevaluatedProperties',
  'unevaluatedItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'minContains',
  'maxContains',
]
const FORMATS = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']
const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']

/** openai.md 2.5, limits. */
const MAX_DEPTH = 10
const MAX_PROPERTIES = 5_000
const MAX_ENUM_VALUES = 1_000

interface Walk {
  root: JsonObject
  /** As OpenAI writes it: ('properties', 'a'). */
  path: readonly string[]
  depth: number
  tally: { properties: number; enums: number }
}

/** Why a schema is not in the strict subset, in OpenAI's words; undefined when it is. */
export function strictFault(schema: JsonObject): string | undefined {
  if (has(schema, 'anyOf') || (schema['type'] !== 'object' && !has(schema, '$ref'))) {
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${textOf(schema['type']) || 'None'}"'.`
  }
  return faultIn(schema, { root: schema, path: [], depth: 0, tally: { properties: 0, enums: 0 } })
}

type Rule = (schema: JsonObject, walk: Walk) => string | undefined

function context(path: readonly string[]): string {
  return path.length === 0 ? 'In context=()' : `In context=(${path.map((step) => `'${step}'`).join(', ')})`
}

const RULES: readonly Rule[] = [
  (_schema, { depth }) =>
    depth > MAX_DEPTH ? `schema exceeds the maximum depth of ${MAX_DEPTH}.` : undefined,
  (schema) => {
    const keyword = UNSUPPORTED.find((each) => has(schema, each))
    return keyword === undefined ? undefined : `'${keyword}' is not permitted.`
  },
  (schema, { root }) => {
    const target = schema['$ref']
    if (target === undefined || resolve(root, textOf(target)) !== undefined) return undefined
    return `reference to component '${textOf(target)}' which was not found in the schema.`
  },
  (schema) => {
    if (['type', 'anyOf', '$ref', 'enum', 'const'].some((key) => has(schema, key))) return undefined
    return `schema must have a 'type' key.`
  },
  (schema) => {
    const wrong = [schema['type'] ?? []].flat().find((type) => !TYPES.includes(textOf(type)))
    return wrong === undefined ? undefined : `'${textOf(wrong)}' is not a valid type.`
  },
  (schema) => {
    if (!has(schema, 'format') || FORMATS.includes(textOf(schema['format']))) return undefined
    return `'${textOf(schema['format'])}' is not a valid format.`
  },
  (schema) => (isArrayType(schema) && !isObject(schema['items']) ? 'array schema missing items.' : undefined),
  (schema) => {
    if (!isObjectType(schema) || schema['additionalProperties'] === false) return undefined
    return `'additionalProperties' is required to be supplied and to be false.`
  },
  (schema) => {
    if (!isObjectType(schema)) return undefined
    const required = arrayOf(schema['required'])
    const left = Object.keys(objectOf(schema['properties'])).find((name) => !required.includes(name))
    if (left === undefined) return undefined
    return `'required' is required to be supplied and to be an array including every key in properties. Missing '${left}'.`
  },
  (schema) => {
    const properties = objectOf(schema['properties'])
    const extra = arrayOf(schema['required']).find((name) => !has(properties, textOf(name)))
    return extra === undefined ? undefined : `'required' has an extra key '${textOf(extra)}'.`
  },
  (schema, { tally }) => {
    tally.properties += Object.keys(objectOf(schema['properties'])).length
    tally.enums += arrayOf(schema['enum']).length
    if (tally.properties > MAX_PROPERTIES) return `schema exceeds the limit of ${MAX_PROPERTIES} properties.`
    return tally.enums > MAX_ENUM_VALUES
      ? `schema exceeds the limit of ${MAX_ENUM_VALUES} enum values.`
      : undefined
  },
]

function isObjectType(schema: JsonObject): boolean {
  return [schema['type']].flat().includes('object')
}

function isArrayType(schema: JsonObject): boolean {
  return [schema['type']].flat().includes('array')
}

function faultIn(schema: JsonObject, walk: Walk): string | undefined {
  for (const rule of RULES) {
    const fault = rule(schema, walk)
    if (fault !== undefined) return `${context(walk.path)}, ${fault}`
  }
  for (const [step, child, deeper] of children(schema)) {
    const next = { ...walk, path: [...walk.path, ...step], depth: walk.depth + (deeper ? 1 : 0) }
    const fault = isObject(child) ? faultIn(child, next) : `${context(next.path)}, schema must be an object.`
    if (fault !== undefined) return fault
  }
  return undefined
}

/** By keyword position, so that a property may be named "type" or "$ref". */
function children(schema: JsonObject): [string[], Json | undefined, boolean][] {
  return [
    ...Object.entries(objectOf(schema['properties'])).map(
      ([name, child]): [string[], Json | undefined, boolean] => [['properties', name], child, true],
    ),
    ...Object.entries(objectOf(schema['$defs'] ?? schema['definitions'])).map(
      ([name, child]): [string[], Json | undefined, boolean] => [['$defs', name], child, false],
    ),
    ...arrayOf(schema['anyOf']).map((child, index): [string[], Json | undefined, boolean] => [
      ['anyOf', String(index)],
      child,
      false,
    ]),
    ...(has(schema, 'items')
      ? [[['items'], schema['items'], true] as [string[], Json | undefined, boolean]]
      : []),
  ]
}
