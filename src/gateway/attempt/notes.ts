import type { Notes } from '../../providers/provider.ts'

/** Bounds what an isolate remembers: oldest first out. A thought signature is a few KB. */
const MAX_CHARS = 8 * 1_048_576

/** Small notes per tenant in this isolate's memory; a tenant never sees another's. */
export function createNotes(maxChars = MAX_CHARS): (tenant: string) => Notes {
  const notes = new Map<string, string>()
  let chars = 0
  const forget = (key: string): void => {
    chars -= key.length + (notes.get(key)?.length ?? 0)
    notes.delete(key)
  }
  return (tenant) => ({
    get: (key) => notes.get(`${tenant.length}:${tenant}${key}`),
    set(key, value) {
      const full = `${tenant.length}:${tenant}${key}`
      if (notes.has(full)) forget(full)
      notes.set(full, value)
      chars += full.length + value.length
      for (const oldest of notes.keys()) {
        if (chars <= maxChars) break
        forget(oldest)
      }
    },
  })
}
