import { isRecord } from '../../../protocol/guards.ts'
import { withHints } from './hints.ts'
import { typesOf, writeTypes } from './types.ts'
import type { Schema } from './walk.ts'

/** One way of saying the same in keywords that Gemini knows; returns its argument if it has nothing to do. */
type Rewrite = (record: Schema) => Schema

/** For schemas without `$ref`, `allOf`, unions and enums of mixed kinds. The order matters. */
const REWRITES: readonly Rewrite[] = [rewriteTuple, rewritePatterns, rewriteType, rewriteBounds]

export function rewrite(record: Schema): Schema {
  return REWRITES.reduce((rewritten, step) => step(rewritten), record)
}

/** Draft 4 to 2019-09 write a tuple as a list of `items`; the rest is `additionalItems` there, `items` since. */
function rewriteTuple(record: Schema): Schema {
  if (!Array.isArray(record['items']) && record['items'] !== false) return record
  const { items, additionalItems, ...rest } = record
  const tuple: unknown = Array.isArray(items) ? items : record['prefixItems']
  if (!Array.isArray(tuple)) return { ...rest, items: {}, maxItems: 0 }
  const beyond: unknown = Array.isArray(items) ? additionalItems : items
  if (beyond !== false) return { ...rest, prefixItems: tuple, ...(present(beyond) && { items: beyond }) }
  const { maxItems } = record
  const closed = typeof maxItems === 'number' ? Math.min(maxItems, tuple.length) : tuple.length
  return { ...rest, prefixItems: tuple, maxItems: closed }
}

/** Without its patterns, an object closed to other names would have to stay empty. */
function rewritePatterns(record: Schema): Schema {
  if (!isRecord(record['patternProperties'])) return record
  const { patternProperties: _patterns, additionalProperties, ...rest } = record
  const schemas = Object.values(record['patternProperties'])
  const open = additionalProperties !== undefined && additionalProperties !== false
  if (open || schemas.length === 0) return record
  return { ...rest, additionalProperties: schemas.length === 1 ? schemas[0] : { anyOf: schemas } }
}

function rewriteType(record: Schema): Schema {
  const types = typesOf(record)
  if (types === undefined) return record
  const written = writeTypes(types)
  const { type } = record
  const same =
    type === written ||
    (Array.isArray(type) && type.length === written.length && type.every((name, i) => name === written[i]))
  const typed = same ? record : retyped(record, written)
  const itemless =
    types.includes('array') && !present(record['items']) && !Array.isArray(record['prefixItems'])
  return itemless ? { ...typed, items: {} } : typed
}

function retyped(record: Schema, type: unknown): Schema {
  const { type: _type, ...rest } = record
  return { type, ...rest }
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** In draft 4, `exclusiveMinimum: true` made `minimum` exclusive. */
function rewriteBounds(record: Schema): Schema {
  const lower = exclusive(record['exclusiveMinimum'], record['minimum'])
  const upper = exclusive(record['exclusiveMaximum'], record['maximum'])
  if (lower === undefined && upper === undefined) return record
  const types = typesOf(record)
  const integer = types?.includes('integer') === true && !types.includes('number')
  const { exclusiveMinimum: _lower, exclusiveMaximum: _upper, ...rest } = record
  if (!integer) {
    const hints = [
      lower === undefined ? [] : `Greater than ${lower}.`,
      upper === undefined ? [] : `Less than ${upper}.`,
    ]
    return withHints(rest, hints.flat())
  }
  return {
    ...rest,
    ...(lower !== undefined && { minimum: tighter(Math.max, Math.floor(lower) + 1, record['minimum']) }),
    ...(upper !== undefined && { maximum: tighter(Math.min, Math.ceil(upper) - 1, record['maximum']) }),
  }
}

function exclusive(bound: unknown, inclusive: unknown): number | undefined {
  if (typeof bound === 'number') return bound
  return bound === true && typeof inclusive === 'number' ? inclusive : undefined
}

function tighter(choose: (a: number, b: number) => number, bound: number, other: unknown): number {
  return typeof other === 'number' ? choose(bound, other) : bound
}
