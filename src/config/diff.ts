import { isRecord } from '../protocol/guards.ts'

/** One change between two documents, as JSON Patch writes it (RFC 6902), with the value that was there before. */
export type Change =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string; readonly old: unknown }
  | { readonly op: 'replace'; readonly path: string; readonly value: unknown; readonly old: unknown }

/** Objects member by member; lists and plain values as a whole, since the order of a list means something here. */
export function diff(from: unknown, to: unknown, path = ''): readonly Change[] {
  if (!isRecord(from) || !isRecord(to)) {
    return same(from, to) ? [] : [{ op: 'replace', path, value: to, old: from }]
  }
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()
  return keys.flatMap((key): readonly Change[] => {
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!Object.hasOwn(from, key)) return [{ op: 'add', path: at, value: to[key] }]
    if (!Object.hasOwn(to, key)) return [{ op: 'remove', path: at, old: from[key] }]
    return diff(from[key], to[key], at)
  })
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (isRecord(a) && isRecord(b)) return diff(a, b).length === 0
  return Object.is(a, b)
}
