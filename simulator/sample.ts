import { arrayOf, isObject, objectOf, textOf } from './json.ts'
import type { Json, JsonObject } from './json.ts'

/** Below this depth optional members are left out, so that a recursive schema comes to an end. */
const FULL_DEPTH = 3
const MAX_DEPTH = 12

interface Walk {
  root: JsonObject
  depth: number
  name: string
}

/** A value the schema accepts; the same one each time. Reads JSON Schema and Gemini's upper-case Schema alike. */
export function sample(schema: Json | undefined, root: JsonObject = objectOf(schema)): Json {
  return visit(objectOf(schema), { root, depth: 0, name: 'value' })
}

function visit(schema: JsonObject, walk: Walk): Json {
  if (walk.depth > MAX_DEPTH) return null
  const target = schema['$ref']
  if (typeof target === 'string')
    return visit(resolve(walk.root, target) ?? {}, { ...walk, depth: walk.depth + 1 })
  if (schema['const'] !== undefined) return schema['const']
  const options = arrayOf(schema['enum'])
  if (options.length > 0) return options[0] ?? null
  const union = arrayOf(schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'])
  if (union.length > 0) return visit(branchOf(schema, union), { ...walk, depth: walk.depth + 1 })
  return MAKERS[typeOf(schema)]?.(schema, walk) ?? null
}

/** The first branch that is not null, with what stands beside the union. */
function branchOf(schema: JsonObject, union: readonly Json[]): JsonObject {
  const { anyOf: _a, oneOf: _b, allOf: _c, ...rest } = schema
  const branch = union.find((each) => typeOf(objectOf(each)) !== 'null') ?? union[0]
  return { ...rest, ...objectOf(branch) }
}

function typeOf(schema: JsonObject): string {
  const declared = schema['type']
  const name = Array.isArray(declared) ? (declared.find((each) => each !== 'null') ?? 'null') : declared
  if (typeof name === 'string') return name.toLowerCase()
  if (isObject(schema['properties'])) return 'object'
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array'
  return 'string'
}

export function resolve(root: JsonObject, pointer: string): JsonObject | undefined {
  if (pointer === '#') return root
  if (!pointer.startsWith('#/')) return undefined
  let at: Json | undefined = root
  for (const step of pointer.slice(2).split('/')) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return isObject(at) ? at : undefined
}

const FORMATS: Record<string, string> = {
  'date-time': '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  time: '03:04:05Z',
  duration: 'P1D',
  email: 'sample@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
  uri: 'https://example.com/',
}

const MAKERS: Record<string, (schema: JsonObject, walk: Walk) => Json> = {
  null: () => null,
  boolean: () => true,
  integer: (schema) => Math.ceil(lowest(schema, true)),
  number: (schema) => lowest(schema, false),
  string: (schema, walk) => word(schema, walk.name),
  array: (schema, walk) => list(schema, walk),
  object: (schema, walk) => record(schema, walk),
}

function lowest(schema: JsonObject, whole: boolean): number {
  const step = typeof schema['multipleOf'] === 'number' ? schema['multipleOf'] : 1
  const above = schema['exclusiveMinimum']
  if (typeof above === 'number') return whole ? Math.floor(above) + step : above + step
  if (typeof schema['minimum'] === 'number') return Math.ceil(schema['minimum'] / step) * step
  const top = schema['maximum']
  return typeof top === 'number' && top < step ? top : step
}

function word(schema: JsonObject, name: string): string {
  if (schema['description'] === 'MM:SS.mmm') return name === 'end' ? '00:01.500' : '00:00.000'
  const format = FORMATS[textOf(schema['format'])]
  if (format !== undefined) return format
  const least = Number(schema['minLength'] ?? 0)
  const most = Number(schema['maxLength'] ?? Infinity)
  return `sample ${name}`.padEnd(least, '.').slice(0, most)
}

function list(schema: JsonObject, walk: Walk): Json {
  const inner = { ...walk, depth: walk.depth + 1 }
  const fixed = arrayOf(schema['prefixItems'])
  if (fixed.length > 0) return fixed.map((item) => visit(objectOf(item), inner))
  const wanted = Number(schema['minItems'] ?? (walk.depth < FULL_DEPTH ? 1 : 0))
  return Array.from({ length: wanted }, () => visit(objectOf(schema['items']), inner))
}

function record(schema: JsonObject, walk: Walk): Json {
  const required = arrayOf(schema['required'])
  const made: JsonObject = {}
  for (const [name, value] of Object.entries(objectOf(schema['properties']))) {
    if (walk.depth >= FULL_DEPTH && !required.includes(name)) continue
    made[name] = visit(objectOf(value), { root: walk.root, depth: walk.depth + 1, name })
  }
  return made
}
