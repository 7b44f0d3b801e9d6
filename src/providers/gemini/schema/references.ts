import { isRecord } from '../../../protocol/guards.ts'
import { isAlone } from './vocabulary.ts'
import type { Schema, Walk } from './walk.ts'

/** Local references of one document, and the names their targets get under `$defs`. */
export interface References {
  /** The schema that `$ref` means, through references that only lead on. `true` and `false` are schemas. */
  resolve(reference: string, path: string): Schema | boolean
  /** The text of a reference to a resolved schema. */
  refer(target: Schema): string
  /** Targets referred to, in the order in which they first were; grows while they are rewritten. */
  readonly requested: ReadonlyMap<Schema, string>
}

/** `root` is the schema that `#` keeps meaning in the result, if any. */
export function createReferences(
  document: unknown,
  anchors: ReadonlyMap<string, Schema>,
  walk: Walk,
  root: Schema | undefined,
): References {
  const names = nameDefinitions(document)
  const taken = new Set(names.values())
  const requested = new Map<Schema, string>()
  const resolved = new Map<string, Schema | boolean>()
  const suggested = new Map<Schema, string>()
  const base = isRecord(document) && typeof document['$id'] === 'string' ? document['$id'] : ''

  const lookUp = (reference: string, path: string): Schema | boolean => {
    const local = base !== '' && reference.startsWith(base) ? reference.slice(base.length) : reference
    if (local !== '' && !local.startsWith('#'))
      throw walk.refuse(path, `reference ${quote(reference)} leaves the schema`)
    const target = anchors.get(local.slice(1)) ?? follow(document, local.slice(1))
    if (typeof target === 'boolean') return target
    if (isRecord(target)) {
      suggested.set(target, safeName(local.slice(1).split('/').at(-1) || 'root'))
      return target
    }
    throw walk.refuse(path, `reference ${quote(reference)} leads nowhere`)
  }
  return {
    requested,
    resolve(reference, path) {
      const chain = new Set<string>()
      let next = reference
      let target = resolved.get(next)
      while (target === undefined) {
        if (chain.has(next)) throw walk.refuse(path, `reference ${quote(reference)} leads only to itself`)
        chain.add(next)
        const found = lookUp(next, path)
        const onward = isRecord(found) && isAlone(found) ? found['$ref'] : undefined
        if (typeof onward === 'string') next = onward
        target = typeof onward === 'string' ? resolved.get(next) : found
      }
      for (const link of chain) resolved.set(link, target)
      return target
    },
    refer(target) {
      if (target === root) return '#'
      const name = names.get(target) ?? unused(suggested.get(target) ?? 'schema', taken)
      names.set(target, name)
      taken.add(name)
      requested.set(target, name)
      return `#/$defs/${name}`
    },
  }
}

/** Names every definition up front, so that one found elsewhere cannot take the name of a definition. */
function nameDefinitions(document: unknown): Map<Schema, string> {
  const names = new Map<Schema, string>()
  const taken = new Set<string>()
  if (!isRecord(document)) return names
  for (const keyword of ['$defs', 'definitions']) {
    const definitions = Object.hasOwn(document, keyword) ? document[keyword] : undefined
    if (!isRecord(definitions)) continue
    for (const [name, target] of Object.entries(definitions)) {
      if (!isRecord(target) || names.has(target)) continue
      const safe = unused(safeName(name) || 'schema', taken)
      names.set(target, safe)
      taken.add(safe)
    }
  }
  return names
}

/** Escapes in references are not documented; Gemini never gets to see one. */
function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, '_')
}

export function unused(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  let count = taken.has(`${name}_2`) ? taken.size + 2 : 2
  while (taken.has(`${name}_${count}`)) count++
  return `${name}_${count}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** RFC 6901, in the URI fragment form: percent escapes first, then `~1` before `~0`. */
function follow(document: unknown, fragment: string): unknown {
  const [start, ...segments] = decode(fragment).split('/')
  if (start !== '') return undefined
  let value = document
  for (const segment of segments) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

function quote(reference: string): string {
  return `'${reference.length > 100 ? `${reference.slice(0, 100)}…` : reference}'`
}
