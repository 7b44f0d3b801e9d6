import { isRecord } from '../../../protocol/guards.ts'
import { namedTypes } from './types.ts'
import type { TypeName } from './types.ts'
import type { GeminiSchema, Schema } from './walk.ts'

/** The schema being written, and how to write one below it. */
export interface Node {
  readonly record: Schema
  readonly below: (schema: unknown, suffix: string) => GeminiSchema
  readonly text: (characters: number) => void
  readonly refuse: (suffix: string, why: string) => Error
}

interface Keyword {
  /** The types it speaks about; left out where the schema allows none of them. */
  readonly of?: readonly TypeName[]
  /** `undefined` leaves the keyword out; an unchanged value keeps its identity. */
  readonly write: (value: unknown, node: Node) => unknown
}

const text: Keyword['write'] = (value, node) => {
  if (typeof value !== 'string') return undefined
  node.text(value.length)
  return value
}
const number: Keyword['write'] = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined
const count: Keyword['write'] = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined

/** Everything that is ever sent, apart from `$ref`, `$defs`, `anyOf` and `oneOf`. */
export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['title', { write: text }],
  ['description', { write: text }],
  ['type', { write: (value) => (namedTypes(value) === undefined ? undefined : value) }],
  ['format', { write: text }],
  ['enum', { write: writeEnum }],
  ['minLength', { of: ['string'], write: count }],
  ['maxLength', { of: ['string'], write: count }],
  ['pattern', { of: ['string'], write: text }],
  ['minimum', { of: ['number', 'integer'], write: number }],
  ['maximum', { of: ['number', 'integer'], write: number }],
  ['items', { of: ['array'], write: (value, node) => node.below(value, '.items') }],
  ['prefixItems', { of: ['array'], write: writeTuple }],
  ['minItems', { of: ['array'], write: count }],
  ['maxItems', { of: ['array'], write: count }],
  ['properties', { of: ['object'], write: writeProperties }],
  ['additionalProperties', { of: ['object'], write: writeAdditional }],
  ['required', { of: ['object'], write: writeNames }],
  ['propertyOrdering', { of: ['object'], write: writeNames }],
])

function writeEnum(value: unknown, node: Node): unknown {
  if (!Array.isArray(value)) return undefined
  for (const member of value) node.text(String(member).length + 4)
  return value
}

function writeTuple(value: unknown, node: Node): unknown {
  if (!Array.isArray(value)) return undefined
  const written = value.map((schema, i) => node.below(schema, `.prefixItems[${i}]`))
  return written.every((schema, i) => schema === value[i]) ? value : written
}

/** A property that may not be there is one that is not mentioned. PHP writes an empty object as `[]`. */
function writeProperties(value: unknown, node: Node): unknown {
  if (Array.isArray(value) && value.length === 0) return {}
  if (!isRecord(value)) throw node.refuse('.properties', 'must be an object of schemas')
  const entries = Object.entries(value).filter(([, schema]) => schema !== false)
  const written = entries.map(([name, schema]): [string, GeminiSchema] => {
    node.text(name.length)
    return [name, node.below(schema, `.properties.${name}`)]
  })
  const same =
    entries.length === Object.keys(value).length &&
    written.every(([, schema], i) => schema === entries[i]?.[1])
  return same ? value : Object.fromEntries(written)
}

function writeAdditional(value: unknown, node: Node): unknown {
  return typeof value === 'boolean' ? value : node.below(value, '.additionalProperties')
}

function writeNames(value: unknown, node: Node): unknown {
  const { properties } = node.record
  if (!Array.isArray(value) || !isRecord(properties)) return undefined
  const known = [...new Set(value)].filter(
    (name) => typeof name === 'string' && Object.hasOwn(properties, name) && properties[name] !== false,
  )
  for (const name of known) node.text(String(name).length)
  if (known.length === 0) return undefined
  return known.length === value.length ? value : known
}
