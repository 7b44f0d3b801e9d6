import { isRecord } from '../../../protocol/guards.ts'
import { cycles } from './cycles.ts'
import { unused } from './references.ts'
import type { GeminiSchema, Walk } from './walk.ts'

/** How often a definition is repeated inside itself where Gemini would refuse a reference. */
const UNROLLED_LEVELS = 4
const ROOT = '#'
const PREFIX = '#/$defs/'

interface Reference {
  readonly schema: GeminiSchema
  readonly name: string
  /** Some property on the way from the definition's top need not be there. */
  readonly optional: boolean
}
type Visit = (reference: Reference) => GeminiSchema

/**
 * Puts the definitions that are referred to under `$defs`. Gemini follows a cycle a few levels deep, and only
 * through a property that is not required; other cycles become copies, each referring to the next.
 */
export function link(
  walk: Walk,
  document: GeminiSchema,
  definitions: ReadonlyMap<string, GeminiSchema>,
  at: string,
): GeminiSchema {
  const root = topOf(walk, document, definitions, at)
  const bodies = new Map([[ROOT, root], ...definitions])
  const edges = new Map<string, string[]>()
  for (const [name, body] of bodies) {
    const required: string[] = []
    mapReferences(body, false, (reference) => {
      if (!reference.optional) required.push(reference.name)
      return reference.schema
    })
    edges.set(name, required)
  }
  const cycleOf = cycles(edges)
  const order = new Map([...bodies.keys()].map((name, i) => [name, i]))
  const taken = new Set(bodies.keys())
  const copies = new Map<
    string,
    { readonly emitted: string; readonly name: string; readonly level: number }
  >()

  const copyOf = (name: string, level: number): string => {
    const key = `${level} ${name}`
    const known = copies.get(key)
    if (known !== undefined) return known.emitted
    const emitted = level === 1 ? name : unused(`${name === ROOT ? 'root' : name}_${level}`, taken)
    taken.add(emitted)
    copies.set(key, { emitted, name, level })
    return emitted
  }
  const relink =
    (from: string, level: number): Visit =>
    (reference) => {
      walk.spend(1, at)
      const { name, optional, schema } = reference
      const inCycle = !optional && cycleOf.get(name) !== undefined && cycleOf.get(name) === cycleOf.get(from)
      const deeper = inCycle ? level + ((order.get(name) ?? 0) > (order.get(from) ?? 0) ? 0 : 1) : 1
      if (deeper > UNROLLED_LEVELS) return leaf(name, bodies.get(name))
      const emitted = copyOf(name, deeper)
      return emitted === name ? schema : { $ref: PREFIX + emitted }
    }
  copies.set(`1 ${ROOT}`, { emitted: ROOT, name: ROOT, level: 1 })
  const linked = new Map<string, GeminiSchema>()
  for (const { emitted, name, level } of copies.values()) {
    linked.set(emitted, mapReferences(bodies.get(name) ?? {}, false, relink(name, level)))
  }
  const { [ROOT]: top = root, ...$defs } = Object.fromEntries(linked)
  return Object.keys($defs).length === 0 ? top : { ...top, $defs }
}

/** A document that is only a reference is replaced by what it refers to: nothing may stand beside a reference. */
function topOf(
  walk: Walk,
  document: GeminiSchema,
  definitions: ReadonlyMap<string, GeminiSchema>,
  at: string,
): GeminiSchema {
  const seen = new Set<GeminiSchema>()
  let top = document
  while (typeof top['$ref'] === 'string') {
    if (seen.has(top)) throw walk.refuse(at, 'it refers only to itself')
    seen.add(top)
    top = definitions.get(nameOf(top['$ref'])) ?? document
  }
  return top
}

function nameOf(reference: string): string {
  return reference.startsWith(PREFIX) ? reference.slice(PREFIX.length) : ROOT
}

/** Free form: whoever reads it is told what belongs there. */
function leaf(name: string, body: GeminiSchema | undefined): GeminiSchema {
  const description = name === ROOT ? 'As the outermost object.' : `As ${name} above.`
  return body?.['type'] === 'object' ? { type: 'object', description } : { description }
}

/** Replaces the references of a rewritten schema; what has none keeps its identity. */
function mapReferences(schema: GeminiSchema, optional: boolean, visit: Visit): GeminiSchema {
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    return visit({
      schema,
      optional,
      name: nameOf(reference),
    })
  }
  const written = Object.entries(schema).map(([keyword, value]): [string, unknown] => [
    keyword,
    BELOW.get(keyword)?.(value, schema, (child, relaxed) =>
      isRecord(child) ? mapReferences(child, optional || relaxed, visit) : child,
    ) ?? value,
  ])
  return written.every(([keyword, value]) => value === schema[keyword]) ? schema : Object.fromEntries(written)
}

type Go = (child: unknown, optional: boolean) => unknown
type Below = (value: unknown, schema: GeminiSchema, go: Go) => unknown

const one: Below = (value, _schema, go) => go(value, false)
const each: Below = (value, _schema, go) => {
  if (!Array.isArray(value)) return value
  const written = value.map((child) => go(child, false))
  return written.every((child, i) => child === value[i]) ? value : written
}
const named: Below = (value, schema, go) => {
  if (!isRecord(value)) return value
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const written = Object.entries(value).map(([name, child]): [string, unknown] => [
    name,
    go(child, !required.has(name)),
  ])
  return written.every(([name, child]) => child === value[name]) ? value : Object.fromEntries(written)
}

/** Where schemas stand below a rewritten schema. */
const BELOW: ReadonlyMap<string, Below> = new Map<string, Below>([
  ['properties', named],
  ['items', one],
  ['additionalProperties', one],
  ['prefixItems', each],
  ['anyOf', each],
  ['oneOf', each],
])
