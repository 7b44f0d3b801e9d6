import { isRecord } from '../../../protocol/guards.ts'
import { rewriteEnum } from './enum.ts'
import { flatten } from './flatten.ts'
import { hintsOf, requirementsHint, withHints } from './hints.ts'
import type { Show } from './hints.ts'
import { KEYWORDS } from './keywords.ts'
import type { Node } from './keywords.ts'
import { withNull } from './nullable.ts'
import type { References } from './references.ts'
import { rewrite } from './rewrite.ts'
import { allowsType, typesOf } from './types.ts'
import { constraintsBeside, isAnnotation, isRequirement, unionOf } from './vocabulary.ts'
import type { GeminiSchema, Place, Schema, Walk } from './walk.ts'

interface Conversion {
  readonly walk: Walk
  readonly references: References
}

const ANYTHING: GeminiSchema = {}
const MAX_SHOWN_CHARACTERS = 300

/** Rewrites one schema and all below it; references are left to the caller (`References.requested`). */
export function convert(conversion: Conversion, schema: unknown, place: Place): GeminiSchema {
  const { walk, references } = conversion
  if (typeof schema === 'boolean') {
    walk.spend(1, place.path)
    return ANYTHING
  }
  if (!isRecord(schema)) throw walk.refuse(place.path, 'a schema must be an object or a boolean')
  const flat = flatten(walk, references, schema, place.path)
  if (flat.kind === 'reference') {
    const $ref = references.refer(flat.target)
    const reference = unchanged(schema, [['$ref', $ref]]) ? schema : { $ref }
    return flat.nullable ? withNull(reference) : reference
  }
  const entered = [...flat.copied].filter((target) => !walk.active.has(target))
  for (const target of entered) walk.active.add(target)
  const written = write(conversion, flat.record, place)
  for (const target of entered) walk.active.delete(target)
  return flat.nullable ? withNull(written) : written
}

function write(conversion: Conversion, record: Schema, place: Place): GeminiSchema {
  const union = unionOf(record)
  if (union !== undefined) return writeUnion(conversion, record, union, place)
  const show = showIn(conversion.walk, place)
  const enumerated = rewriteEnum(withHints(record, hintsOf(record, show)), show)
  const split = unionOf(enumerated)
  if (split !== undefined) return writeUnion(conversion, enumerated, split, place)
  return writeKeywords(conversion, rewrite(enumerated), record, place)
}

/** For what is told in a description, because it will be left out. */
function showIn(walk: Walk, place: Place): Show {
  return (value) => {
    const text = JSON.stringify(value) ?? ''
    walk.spendText(text.length, place.path)
    return text.length > MAX_SHOWN_CHARACTERS ? 'something longer' : text
  }
}

/** Keeps `source` itself where it comes out unchanged. */
function writeKeywords(conversion: Conversion, record: Schema, source: Schema, place: Place): GeminiSchema {
  const { walk } = conversion
  const node: Node = {
    record,
    below: (schema, suffix) => convert(conversion, schema, walk.descend(place, suffix)),
    text: (characters) => walk.spendText(characters, place.path),
    refuse: (suffix, why) => walk.refuse(place.path + suffix, why),
  }
  const types = typesOf(record)
  const written: [string, unknown][] = []
  for (const [keyword, value] of Object.entries(record)) {
    const row = KEYWORDS.get(keyword)
    const applies = row?.of === undefined || row.of.some((type) => allowsType(types, type))
    const result = row !== undefined && applies && value !== null ? row.write(value, node) : undefined
    if (result !== undefined) written.push([keyword, result])
  }
  return unchanged(source, written) ? source : Object.fromEntries(written)
}

/** Gemini reads nothing beside a union but its title and description, so each branch repeats the rest. */
function writeUnion(
  conversion: Conversion,
  record: Schema,
  union: 'anyOf' | 'oneOf',
  place: Place,
): GeminiSchema {
  const { walk } = conversion
  const branches: readonly unknown[] = Array.isArray(record[union]) ? record[union] : []
  const shared = constraintsBeside(record, union)
  if (shared !== undefined && branches.every(isRequirement)) {
    const { [union]: _union, ...rest } = record
    return write(conversion, withHints(rest, [requirementsHint(branches)]), place)
  }
  const written = branches
    .filter((branch) => branch !== false)
    .map((branch, i) => {
      const whole = shared === undefined ? branch : { allOf: [shared, branch] }
      return convert(conversion, whole, walk.descend(place, `.${union}[${i}]`))
    })
  const same = branches.length === written.length && written.every((schema, i) => schema === branches[i])
  const entries: [string, unknown][] = []
  for (const [keyword, value] of Object.entries(withHints(record, hintsOf(record, showIn(walk, place))))) {
    if (keyword === union) entries.push([keyword, same ? branches : written])
    else if (isAnnotation(keyword) && typeof value === 'string') {
      walk.spendText(value.length, place.path)
      entries.push([keyword, value])
    }
  }
  return unchanged(record, entries) ? record : Object.fromEntries(entries)
}

function unchanged(source: Schema, written: readonly (readonly [string, unknown])[]): boolean {
  return (
    Object.keys(source).length === written.length &&
    written.every(([keyword, value]) => source[keyword] === value)
  )
}
