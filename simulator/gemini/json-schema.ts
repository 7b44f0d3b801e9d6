import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { resolve } from '../sample.ts'

/** gemini.md 4.5, column A: what parametersJsonSchema and responseJsonSchema refuse. Unlisted keywords are ignored. */
const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']

type Rule = (schema: JsonObject, root: JsonObject) => string | undefined

const RULES: readonly Rule[] = [
  // "$ref with siblings: 400".
  (schema) =>
    has(schema, '$ref') && Object.keys(schema).length > 1 ? '$ref must not have sibling keywords' : undefined,
  // "remote $ref".
  (schema) => {
    const target = textOf(schema['$ref'])
    return has(schema, '$ref') && !target.startsWith('#')
      ? `only local references are supported, got '${target}'`
      : undefined
  },
  // "definitions: rename to $defs": no pointer but into $defs, or to the root, resolves.
  (schema, root) => {
    const target = textOf(schema['$ref'])
    if (!has(schema, '$ref')) return undefined
    const known = target === '#' || target.startsWith('#/$defs/')
    return known && resolve(root, target) !== undefined
      ? undefined
      : `reference '${target}' cannot be resolved`
  },
  // "recursive $ref: OK only via non-required properties".
  (schema, root) => {
    const target = textOf(schema['$ref'])
    return target !== '' && endless(target, root, [])
      ? `reference '${target}' is endlessly recursive`
      : undefined
  },
  (schema) => {
    const wrong = [schema['type'] ?? []].flat().find((type) => !TYPES.includes(textOf(type)))
    return wrong === undefined ? undefined : `unknown type '${textOf(wrong)}'`
  },
  // "enum: strings, numbers"; null, booleans and objects are to be split off.
  (schema) => {
    if (!has(schema, 'enum')) return undefined
    const values = schema['enum']
    if (!Array.isArray(values) || values.length === 0) return 'enum must be a non-empty list'
    if (values.includes('')) return `enum[${values.indexOf('')}]: cannot be empty`
    const wrong = values.find((value) => typeof value !== 'string' && typeof value !== 'number')
    return wrong === undefined
      ? undefined
      : `enum: only strings and numbers are supported, got ${JSON.stringify(wrong)}`
  },
  // "required naming unknown props".
  (schema) => {
    if (!has(schema, 'required')) return undefined
    const properties = objectOf(schema['properties'])
    const stranger = arrayOf(schema['required'])
      .map(textOf)
      .findIndex((name) => !has(properties, name))
    return stranger < 0 ? undefined : `required[${stranger}]: property is not defined`
  },
  // "tuple items: prefixItems".
  (schema) =>
    Array.isArray(schema['items']) ? 'items must be a schema; use prefixItems for tuples' : undefined,
]

/** Following only what an instance cannot leave out: does the reference come back to itself? */
function endless(target: string, root: JsonObject, seen: readonly string[]): boolean {
  if (seen.includes(target)) return true
  return mustHold(objectOf(resolve(root, target))).some((next) => endless(next, root, [...seen, target]))
}

/** The references an instance of the schema must satisfy: through required properties, not through arrays or unions. */
function mustHold(schema: JsonObject): string[] {
  if (has(schema, '$ref')) return [textOf(schema['$ref'])]
  const properties = objectOf(schema['properties'])
  return arrayOf(schema['required']).flatMap((name) => mustHold(objectOf(properties[textOf(name)])))
}

export function jsonSchemaFault(
  schema: JsonObject,
  root: JsonObject = schema,
  path = '',
): string | undefined {
  for (const rule of RULES) {
    const fault = rule(schema, root)
    if (fault !== undefined) return path === '' ? fault : `${path}: ${fault}`
  }
  for (const [step, child] of children(schema)) {
    const next = path === '' ? step : `${path}.${step}`
    const fault = isObject(child) ? jsonSchemaFault(child, root, next) : `${next}: is not a schema object`
    if (fault !== undefined) return fault
  }
  return undefined
}

/** By keyword position, so that a property may be named "$ref" or "type". */
function children(schema: JsonObject): [string, Json | undefined][] {
  const named = ['properties', '$defs'].flatMap((keyword) =>
    Object.entries(objectOf(schema[keyword])).map(([name, child]): [string, Json | undefined] => [
      `${keyword}.${name}`,
      child,
    ]),
  )
  const listed = ['anyOf', 'oneOf', 'prefixItems'].flatMap((keyword) =>
    arrayOf(schema[keyword]).map((child, index): [string, Json | undefined] => [
      `${keyword}[${index}]`,
      child,
    ]),
  )
  const single = ['items', 'additionalProperties'].filter(
    (keyword) =>
      has(schema, keyword) && !(keyword === 'additionalProperties' && typeof schema[keyword] === 'boolean'),
  )
  return [
    ...named,
    ...listed,
    ...single.map((keyword): [string, Json | undefined] => [keyword, schema[keyword]]),
  ]
}
