import { GatewayError } from '../../../errors.ts'
import type { ErrorCode } from '../../../errors.ts'
import { isRecord } from '../../../protocol/guards.ts'

/** A JSON Schema as the caller wrote it. */
export type Schema = Readonly<Record<string, unknown>>
/** A schema that `parametersJsonSchema` and `responseJsonSchema` accept (gemini.md 4.5, column A). */
export type GeminiSchema = Readonly<Record<string, unknown>>

/** Nesting of schemas, references followed. Far above OpenAI's 10, far below what exhausts a stack. */
const MAX_DEPTH = 64
/** Schemas in the result. OpenAI allows 5,000 properties; a nullable one takes three. */
const MAX_NODES = 20_000
/** Characters in the result: a short schema may still name one long text thousands of times. */
const MAX_TEXT = 5_000_000
/** JSON containers in the source, and how deep they nest: a schema level is at most two containers. */
const MAX_CONTAINERS = 100_000
const MAX_CONTAINER_DEPTH = 2 * MAX_DEPTH + 8
/** Characters of a path in an error. */
const MAX_PATH = 300

/** Where a schema stands; `path` is what an error names. */
export interface Place {
  readonly path: string
  readonly depth: number
}

/** The limits of one rewriting, shared by everything that reads or copies. */
export interface Walk {
  /** Targets of the references that are being copied around the current schema. */
  readonly active: Set<Schema>
  /** Throws when the result gets too large. */
  spend(nodes: number, path: string): void
  spendText(characters: number, path: string): void
  descend(place: Place, suffix: string): Place
  refuse(path: string, why: string): GatewayError
}

export function createWalk(code: ErrorCode): Walk {
  let nodes = 0
  let text = 0
  const refuse = (path: string, why: string) => {
    const param = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path
    return new GatewayError(code, `Invalid JSON schema at '${param}': ${why}.`, { param })
  }
  return {
    active: new Set(),
    refuse,
    spend(count, path) {
      nodes += count
      if (nodes > MAX_NODES)
        throw refuse(path, `the schema has more than ${MAX_NODES} parts once references are followed`)
    },
    spendText(characters, path) {
      text += characters
      if (text > MAX_TEXT)
        throw refuse(path, `the schema has more than ${MAX_TEXT} characters once references are followed`)
    },
    descend(place, suffix) {
      const path = place.path + suffix
      if (place.depth >= MAX_DEPTH) throw refuse(path, `the schema nests deeper than ${MAX_DEPTH} levels`)
      return { path, depth: place.depth + 1 }
    },
  }
}

/**
 * Reads the whole source once, so that everything later may recurse. Returns its `$anchor`s.
 * Throws for sources too large or too deep, which includes objects that contain themselves.
 */
export function scan(source: unknown, walk: Walk, at: string): ReadonlyMap<string, Schema> {
  const anchors = new Map<string, Schema>()
  const pending: { readonly value: unknown; readonly depth: number }[] = [{ value: source, depth: 0 }]
  let containers = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next
    if (typeof value !== 'object' || value === null) continue
    containers++
    if (containers > MAX_CONTAINERS)
      throw walk.refuse(at, `the schema has more than ${MAX_CONTAINERS} objects and lists`)
    if (depth > MAX_CONTAINER_DEPTH) throw walk.refuse(at, `the schema nests deeper than ${MAX_DEPTH} levels`)
    if (isRecord(value) && typeof value['$anchor'] === 'string' && value['$anchor'] !== '')
      anchors.set(value['$anchor'], value)
    for (const child of Object.values(value)) {
      if (typeof child === 'object' && child !== null) pending.push({ value: child, depth: depth + 1 })
    }
  }
  return anchors
}
