/** A validator and a generator of values, for the keywords of OpenAI's strict subset and of Gemini's. */
type Json = Readonly<Record<string, unknown>>

export function accepts(root: Json, value: unknown): boolean {
  const check = (schema: unknown, value: unknown): boolean => {
    if (schema === true) return true
    if (!isJson(schema)) return false
    const target = schema['$ref']
    if (typeof target === 'string' && !check(resolve(root, target), value)) return false
    return Object.entries(schema).every(
      ([keyword, argument]) => CHECKS[keyword]?.(argument, value, schema, check) ?? true,
    )
  }
  return check(root, value)
}

type Check = (
  argument: unknown,
  value: unknown,
  schema: Json,
  check: (schema: unknown, value: unknown) => boolean,
) => boolean
const CHECKS: Readonly<Record<string, Check>> = {
  type: (types, value) => (Array.isArray(types) ? types : [types]).some((type) => isOf(String(type), value)),
  enum: (values, value) =>
    Array.isArray(values) && values.some((one) => JSON.stringify(one) === JSON.stringify(value)),
  const: (one, value) => JSON.stringify(one) === JSON.stringify(value),
  anyOf: (branches, value, _schema, check) =>
    Array.isArray(branches) && branches.some((branch) => check(branch, value)),
  minimum: (bound, value) => typeof value !== 'number' || value >= Number(bound),
  maximum: (bound, value) => typeof value !== 'number' || value <= Number(bound),
  exclusiveMinimum: (bound, value) => typeof value !== 'number' || value > Number(bound),
  exclusiveMaximum: (bound, value) => typeof value !== 'number' || value < Number(bound),
  minItems: (count, value) => !Array.isArray(value) || value.length >= Number(count),
  maxItems: (count, value) => !Array.isArray(value) || value.length <= Number(count),
  items: (items, value, _schema, check) => !Array.isArray(value) || value.every((item) => check(items, item)),
  required: (names, value) =>
    !isJson(value) || (Array.isArray(names) && names.every((name) => Object.hasOwn(value, String(name)))),
  properties: (properties, value, _schema, check) =>
    !isJson(value) ||
    Object.entries(properties as Json).every(
      ([name, schema]) => !Object.hasOwn(value, name) || check(schema, value[name]),
    ),
  additionalProperties: (allowed, value, schema) =>
    allowed !== false ||
    !isJson(value) ||
    Object.keys(value).every((name) => Object.hasOwn((schema['properties'] ?? {}) as Json, name)),
}

/** A value near what the schema means; not always valid. */
export function sample(root: Json, numbers: Iterator<number>): unknown {
  const next = (below: number) => Number(numbers.next().value) % below
  let drawn = 0
  const draw = (schema: unknown, depth: number): unknown => {
    if (!isJson(schema) || depth > 30 || ++drawn > 200) return null
    if (typeof schema['$ref'] === 'string') return draw(resolve(root, schema['$ref']), depth + 1)
    const choices = schema['anyOf'] ?? schema['enum']
    if (Array.isArray(choices)) {
      const last = depth > 6 ? choices.length - 1 : next(choices.length)
      return schema['anyOf'] === undefined ? choices[last] : draw(choices[last], depth + 1)
    }
    if (Object.hasOwn(schema, 'const')) return schema['const']
    const types: readonly unknown[] = Array.isArray(schema['type']) ? schema['type'] : [schema['type']]
    return drawType(String(types[next(types.length)]), schema, depth)
  }
  const drawType = (type: string, schema: Json, depth: number): unknown => {
    if (type === 'object')
      return Object.fromEntries(
        Object.entries(schema['properties'] ?? {}).map(([name, child]) => [name, draw(child, depth + 1)]),
      )
    if (type === 'array')
      return Array.from({ length: Number(schema['minItems'] ?? 0) + (depth > 6 ? 0 : next(2)) }, () =>
        draw(schema['items'], depth + 1),
      )
    return (
      {
        string: ['', 'a', 'text'][next(3)],
        number: next(20) / 2 - 5,
        integer: next(20) - 8,
        boolean: next(2) === 0,
      }[type] ?? null
    )
  }
  return draw(root, 0)
}

function resolve(root: Json, reference: string): unknown {
  return reference === '#' ? root : (root['$defs'] as Json)[reference.slice(8)]
}

function isOf(type: string, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isJson(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
