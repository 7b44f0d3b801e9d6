import { isRecord } from '../../../protocol/guards.ts'
import { mergeSchemas } from './merge.ts'
import type { References } from './references.ts'
import { hasContent } from './vocabulary.ts'
import type { Schema, Walk } from './walk.ts'

/** A schema without `$ref`, `allOf` and `nullable`, or a reference that has to stay one. */
type Flat =
  | { readonly kind: 'reference'; readonly target: Schema; readonly nullable: boolean }
  | {
      readonly kind: 'schema'
      readonly record: Schema
      readonly nullable: boolean
      /** Targets whose copies went into `record`. */
      readonly copied: ReadonlySet<Schema>
    }

const ANYTHING: Schema = {}
const NONE: ReadonlySet<Schema> = new Set()
/** Only a hostile schema has so many keywords that reading them matters. */
const KEYWORDS_PER_NODE = 16

/**
 * Merges what `$ref` and `allOf` bring together. A reference alone stays, and so does one to a schema that
 * is just being copied: there, what stands beside it is lost, because no copy would ever end.
 */
export function flatten(walk: Walk, references: References, node: Schema, path: string): Flat {
  if (stands(node)) {
    spendOn(walk, node, path)
    return { kind: 'schema', record: node, nullable: false, copied: NONE }
  }
  const only = onlyReference(node)
  const parts: Schema[] = []
  const seen = new Set<unknown>()
  const copied = new Set<Schema>()
  const pending: unknown[] = [node]
  let nullable = false
  while (pending.length > 0) {
    const part = readPart(walk, pending.pop(), seen, path)
    if (part === undefined) continue
    nullable ||= part['nullable'] === true
    if (hasContent(part)) parts.push(part)
    pending.push(...conjuncts(part).toReversed())
    const target = targetOf(references, part, path)
    if (target === undefined || seen.has(target)) continue
    if (part === only || walk.active.has(target)) return { kind: 'reference', target, nullable }
    copied.add(target)
    pending.push(target)
  }
  const [first = ANYTHING, second] = parts
  return {
    kind: 'schema',
    record: second === undefined ? first : mergeSchemas(walk, parts, path),
    nullable,
    copied,
  }
}

/** True for the many schemas that bring nothing else along. */
function stands(node: Schema): boolean {
  return node['$ref'] === undefined && node['allOf'] === undefined && node['nullable'] === undefined
}

/** What was read before adds nothing, and neither does a boolean. */
function readPart(walk: Walk, part: unknown, seen: Set<unknown>, path: string): Schema | undefined {
  if (typeof part !== 'boolean' && !isRecord(part)) {
    throw walk.refuse(path, 'a schema must be an object or a boolean')
  }
  spendOn(walk, part, path)
  if (typeof part === 'boolean' || seen.has(part)) return undefined
  seen.add(part)
  return part
}

function spendOn(walk: Walk, part: Schema | boolean, path: string): void {
  walk.spend(1 + Object.keys(part).length / KEYWORDS_PER_NODE, path)
}

/** A reference to `true` says nothing. */
function targetOf(references: References, part: Schema, path: string): Schema | undefined {
  const target = typeof part['$ref'] === 'string' ? references.resolve(part['$ref'], path) : true
  return typeof target === 'boolean' ? undefined : target
}

function conjuncts(part: Schema): readonly unknown[] {
  return Array.isArray(part['allOf']) ? part['allOf'] : []
}

/** The part of `node` that refers to something, if the reference is all there is. */
function onlyReference(node: Schema): Schema | undefined {
  let part = node
  while (!hasContent(part)) {
    const [next, another] = conjuncts(part)
    if (typeof part['$ref'] === 'string') return next === undefined ? part : undefined
    if (!isRecord(next) || another !== undefined) return undefined
    part = next
  }
  return undefined
}
