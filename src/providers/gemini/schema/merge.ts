import { isRecord } from '../../../protocol/guards.ts'
import { commonTypes, namedTypes, writeTypes } from './types.ts'
import type { Schema, Walk } from './walk.ts'

/** Both values hold. Sub-schemas meet again in an `allOf`, which is merged when it is reached. */
type Merge = (first: unknown, second: unknown) => unknown

const both: Merge = (first, second) => (first === second ? first : { allOf: [first, second] })
const larger: Merge = (first, second) => numeric(first, second, Math.max)
const smaller: Merge = (first, second) => numeric(first, second, Math.min)
const product: Merge = (first, second) => {
  if (!Array.isArray(first) || !Array.isArray(second)) return first ?? second
  return first.map((branch) => both(branch, { anyOf: second }))
}
const either: Merge = (first, second) => first || second

/** Keywords that are not listed keep their first value: the one nearest to where the schema is used. */
const MERGES: ReadonlyMap<string, Merge> = new Map<string, Merge>([
  ['type', mergeTypes],
  ['enum', mergeEnums],
  ['properties', mergeProperties],
  ['patternProperties', mergeProperties],
  ['additionalProperties', mergeAdditional],
  ['required', (first, second) => [...new Set([...list(first), ...list(second)])]],
  ['propertyOrdering', (first, second) => [...new Set([...list(first), ...list(second)])]],
  ['items', (first, second) => (Array.isArray(first) || Array.isArray(second) ? first : both(first, second))],
  ['anyOf', product],
  ['oneOf', product],
  ['uniqueItems', either],
  ['minimum', larger],
  ['exclusiveMinimum', larger],
  ['minItems', larger],
  ['minLength', larger],
  ['minProperties', larger],
  ['maximum', smaller],
  ['exclusiveMaximum', smaller],
  ['maxItems', smaller],
  ['maxLength', smaller],
  ['maxProperties', smaller],
])

/** One schema that says what all of `parts` say, in the order in which they say it. */
export function mergeSchemas(walk: Walk, parts: readonly Schema[], path: string): Schema {
  const merged = new Map<string, unknown>()
  for (const part of parts) {
    for (const [keyword, value] of Object.entries(part)) {
      if (value === null && keyword !== 'const') continue
      const before = merged.get(keyword)
      const merge = MERGES.get(keyword)
      walk.spend(size(before) + size(value), path)
      if (!merged.has(keyword)) merged.set(keyword, value)
      else if (merge !== undefined) merged.set(keyword, merge(before, value))
    }
  }
  return Object.fromEntries(merged)
}

/** Copies cost less than schemas, but the copying of a wide object must end as well. */
function size(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return (Array.isArray(value) ? value.length : Object.keys(value).length) / 8
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function numeric(first: unknown, second: unknown, choose: (a: number, b: number) => number): unknown {
  return typeof first === 'number' && typeof second === 'number' ? choose(first, second) : first
}

function mergeTypes(first: unknown, second: unknown): unknown {
  const [one, other] = [namedTypes(first), namedTypes(second)]
  if (one === undefined || other === undefined) return one === undefined ? second : first
  return writeTypes(commonTypes(one, other))
}

function mergeEnums(first: unknown, second: unknown): unknown {
  const allowed = new Set(list(second))
  const common = list(first).filter((value) => allowed.has(value))
  return common.length === 0 ? first : common
}

function mergeProperties(first: unknown, second: unknown): unknown {
  if (!isRecord(first) || !isRecord(second)) return isRecord(first) ? first : second
  const merged = new Map(Object.entries(first))
  for (const [name, schema] of Object.entries(second)) {
    merged.set(name, merged.has(name) ? both(merged.get(name), schema) : schema)
  }
  return Object.fromEntries(merged)
}

function mergeAdditional(first: unknown, second: unknown): unknown {
  if (first === false || second === false) return false
  if (first === true || second === true) return first === true ? second : first
  return both(first, second)
}
