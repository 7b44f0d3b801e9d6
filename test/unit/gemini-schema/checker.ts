import { jsonSchemaFault } from '../../../simulator/gemini/json-schema.ts'
import type { JsonObject } from '../../../simulator/json.ts'

type Json = Readonly<Record<string, unknown>>

const KEYWORDS = new Set(
  (
    '$ref $defs type format title description enum items prefixItems minItems maxItems minimum maximum anyOf oneOf ' +
    'properties additionalProperties required propertyOrdering minLength maxLength pattern'
  ).split(' '),
)
const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
const UNION_SIBLINGS = new Set(['anyOf', 'oneOf', 'title', 'description', '$defs'])

/**
 * What Gemini answers 400 to, as far as gemini.md 2.5 and 4.5 document it: first in the simulator's reading,
 * then in a stricter one, in which nothing may be sent that is ignored, and no cycle may be required.
 */
export function violations(root: Json): string[] {
  const found: string[] = []
  const definitions = isJson(root['$defs']) ? root['$defs'] : {}
  const check = (schema: unknown, path: string, depth: number): void => {
    const bad = (text: string) => found.push(`${path}: ${text}`)
    if (!isJson(schema)) return void bad('not an object')
    if (depth > 70) return void bad('too deep')
    for (const keyword of Object.keys(schema)) if (!KEYWORDS.has(keyword)) bad(`unknown keyword ${keyword}`)
    if (schema['$defs'] !== undefined && path !== '#') bad('$defs below the top')
    checkReference(schema, definitions, bad)
    checkType(schema, bad)
    checkEnum(schema, bad)
    checkUnion(schema, bad)
    checkObject(schema, bad)
    for (const [child, where] of children(schema)) check(child, path + where, depth + 1)
  }
  check(root, '#', 0)
  for (const [name, schema] of Object.entries(definitions)) check(schema, `#/$defs/${name}`, 0)
  const fault = jsonSchemaFault(root as JsonObject)
  return [
    ...(fault === undefined ? [] : [`simulator: ${fault}`]),
    ...found,
    ...requiredCycles(root, definitions),
  ]
}

function checkReference(schema: Json, definitions: Json, bad: (text: string) => void): void {
  const { $ref } = schema
  if ($ref === undefined) return
  if (Object.keys(schema).some((keyword) => !keyword.startsWith('$'))) bad('$ref with siblings')
  if ($ref === '#') return
  const name = typeof $ref === 'string' && $ref.startsWith('#/$defs/') ? $ref.slice(8) : ''
  if (!Object.hasOwn(definitions, name)) bad(`$ref ${JSON.stringify($ref)} leads nowhere`)
}

function checkType(schema: Json, bad: (text: string) => void): void {
  const { type } = schema
  const names: unknown[] = [type ?? []].flat()
  if (Array.isArray(type) && (type.length < 2 || new Set(type).size < type.length)) bad('type list')
  for (const name of names) if (!TYPES.has(String(name))) bad(`type ${String(name)}`)
  if (
    names.length === 0 &&
    ['properties', 'items', 'enum', 'required'].some((keyword) => schema[keyword] !== undefined)
  )
    bad('missing type')
  if (names.includes('array') && schema['items'] === undefined && schema['prefixItems'] === undefined)
    bad('items: missing field')
}

function checkEnum(schema: Json, bad: (text: string) => void): void {
  const values = schema['enum']
  if (values === undefined) return
  if (!Array.isArray(values) || values.length === 0) return bad('enum')
  if (values.includes('')) bad('enum: cannot be empty')
  const kinds = new Set(values.map((value) => typeof value))
  if (kinds.size > 1 || !(kinds.has('string') || kinds.has('number'))) bad('enum kinds')
}

function checkUnion(schema: Json, bad: (text: string) => void): void {
  const union = schema['anyOf'] ?? schema['oneOf']
  if (union === undefined) return
  if (!Array.isArray(union) || union.length === 0) bad('union')
  if (schema['anyOf'] !== undefined && schema['oneOf'] !== undefined) bad('two unions')
  for (const keyword of Object.keys(schema)) if (!UNION_SIBLINGS.has(keyword)) bad(`union beside ${keyword}`)
}

function checkObject(schema: Json, bad: (text: string) => void): void {
  for (const keyword of ['required', 'propertyOrdering']) {
    const names = schema[keyword]
    if (names === undefined) continue
    if (!Array.isArray(names) || new Set(names).size < names.length) return bad(keyword)
    for (const name of names)
      if (!isJson(schema['properties']) || !Object.hasOwn(schema['properties'], String(name)))
        bad(`${keyword} ${String(name)}`)
  }
}

function* children(schema: Json): Generator<[unknown, string, boolean]> {
  const { properties, items, additionalProperties, prefixItems, required } = schema
  const names: unknown[] = Array.isArray(required) ? required : []
  for (const [name, child] of Object.entries(properties ?? {}))
    yield [child, `.${name}`, names.includes(name)]
  if (items !== undefined) yield [items, '[]', true]
  if (additionalProperties !== undefined && typeof additionalProperties !== 'boolean')
    yield [additionalProperties, '{}', true]
  for (const list of [prefixItems, schema['anyOf'], schema['oneOf']]) {
    for (const [i, child] of (Array.isArray(list) ? list : []).entries()) yield [child, `[${i}]`, true]
  }
}

/** Names every definition that reaches itself through nothing but required properties, items and branches. */
function requiredCycles(root: Json, definitions: Json): string[] {
  const bodies = new Map<string, unknown>([
    ['#', root],
    ...Object.entries(definitions).map(([name, body]) => [`#/$defs/${name}`, body] as const),
  ])
  const next = new Map([...bodies].map(([name, body]) => [name, [...requiredReferences(body)]]))
  return [...bodies.keys()].filter((name) => {
    const reached = new Set<string>()
    const pending = [...(next.get(name) ?? [])]
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (reached.has(at)) continue
      reached.add(at)
      pending.push(...(next.get(at) ?? []))
    }
    return reached.has(name)
  })
}

function* requiredReferences(schema: unknown): Generator<string> {
  if (!isJson(schema)) return
  if (typeof schema['$ref'] === 'string') yield schema['$ref']
  for (const [child, , required] of children(schema)) if (required) yield* requiredReferences(child)
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
