import { isRecord } from '../../../protocol/guards.ts'
import type { Schema } from './walk.ts'

/** Keywords that say something about the value. All that is in no list of this file is left out. */
const CONSTRAINTS: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'const',
  'format',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'items',
  'prefixItems',
  'additionalItems',
  'minItems',
  'maxItems',
  'properties',
  'patternProperties',
  'additionalProperties',
  'required',
  'propertyOrdering',
  'anyOf',
  'oneOf',
])

/** Keywords that Gemini does not know; schema-hints.ts turns them into words. */
const HINTED: ReadonlySet<string> = new Set([
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'dependentRequired',
  'dependencies',
  'contains',
  'propertyNames',
  'multipleOf',
  'uniqueItems',
  'minProperties',
  'maxProperties',
])

const ANNOTATIONS: ReadonlySet<string> = new Set(['title', 'description'])
const REFERRING: ReadonlySet<string> = new Set(['$ref', 'allOf', 'nullable'])

/** True if the keyword, set to this value, limits what values are valid. Writers of null mean "not set". */
function isConstraint(keyword: string, value: unknown): boolean {
  return CONSTRAINTS.has(keyword) && (value !== null || keyword === 'const') && value !== undefined
}

/** True if a schema says anything besides its reference and `allOf`; `nullable` is read apart. */
export function hasContent(record: Schema): boolean {
  return Object.keys(record).some((keyword) => says(record, keyword))
}

function says(record: Schema, keyword: string): boolean {
  return isConstraint(keyword, record[keyword]) || HINTED.has(keyword) || ANNOTATIONS.has(keyword)
}

/** True if a schema is nothing but a reference. */
export function isAlone(record: Schema): boolean {
  return (
    typeof record['$ref'] === 'string' &&
    record['nullable'] !== true &&
    !Array.isArray(record['allOf']) &&
    !hasContent(record)
  )
}

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword)
}

/** True for a branch like `{"required": ["a"]}`, which only chooses among the properties beside the union. */
export function isRequirement(branch: unknown): boolean {
  if (!isRecord(branch) || !Array.isArray(branch['required'])) return false
  return Object.keys(branch).every(
    (keyword) => keyword === 'required' || (!REFERRING.has(keyword) && !says(branch, keyword)),
  )
}

/** Title and description, in their order. */
export function annotationsOf(record: Schema): Schema {
  return Object.fromEntries(Object.entries(record).filter(([keyword]) => ANNOTATIONS.has(keyword)))
}

/** The part of a schema that must hold for each branch of its union; `undefined` if there is none. */
export function constraintsBeside(record: Schema, union: string): Schema | undefined {
  const kept = Object.entries(record).filter(
    ([keyword, value]) => keyword !== union && isConstraint(keyword, value),
  )
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** `anyOf`, or else `oneOf`, if the schema has branches. */
export function unionOf(record: Schema): 'anyOf' | 'oneOf' | undefined {
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const branches = Object.hasOwn(record, keyword) ? record[keyword] : undefined
    if (Array.isArray(branches) && branches.some((branch) => branch !== false)) return keyword
  }
  return undefined
}
