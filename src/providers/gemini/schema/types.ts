import type { Schema } from './walk.ts'

export type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null'

const NAMES: readonly TypeName[] = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']
/** Most schemas have one type; its list is made once. */
const TYPES: ReadonlyMap<string, readonly [TypeName]> = new Map(NAMES.map((name) => [name, [name]]))

/** What a keyword says about the type where `type` is missing. */
const IMPLIED: ReadonlyMap<string, TypeName> = new Map<string, TypeName>([
  ['properties', 'object'],
  ['additionalProperties', 'object'],
  ['patternProperties', 'object'],
  ['items', 'array'],
  ['prefixItems', 'array'],
])

/** The type names of `type`; `undefined` is any type. Gemini's own upper-case spelling counts too. */
export function namedTypes(type: unknown): readonly TypeName[] | undefined {
  if (typeof type === 'string') return TYPES.get(type) ?? TYPES.get(type.toLowerCase())
  if (!Array.isArray(type)) return undefined
  const found = new Set(
    type.flatMap((name) => (typeof name === 'string' ? (TYPES.get(name.toLowerCase()) ?? []) : [])),
  )
  return found.size === 0 ? undefined : [...found]
}

export function typesOf(record: Schema): readonly TypeName[] | undefined {
  const named = namedTypes(record['type'])
  if (named !== undefined) return named
  for (const [keyword, type] of IMPLIED) {
    if (record[keyword] !== undefined && record[keyword] !== null && Object.hasOwn(record, keyword))
      return [type]
  }
  return undefined
}

/** `type` as it is written: one name alone, several as a list. */
export function writeTypes(types: readonly TypeName[]): TypeName | readonly TypeName[] {
  const [first, second] = types
  return first !== undefined && second === undefined ? first : types
}

export function typeOfValue(value: unknown): TypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (typeof value === 'string') return 'string'
  return typeof value === 'boolean' ? 'boolean' : 'object'
}

/** An integer is a number, not the other way round. */
export function allowsType(types: readonly TypeName[] | undefined, type: TypeName): boolean {
  return types === undefined || types.includes(type) || (type === 'integer' && types.includes('number'))
}

/** What both lists allow; the second alone where they exclude each other. */
export function commonTypes(first: readonly TypeName[], second: readonly TypeName[]): readonly TypeName[] {
  const common = new Set<TypeName>()
  for (const type of second) if (allowsType(first, type)) common.add(type)
  for (const type of first) if (allowsType(second, type)) common.add(type)
  return common.size === 0 ? second : [...common]
}
