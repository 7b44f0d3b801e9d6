import type { CacheKey, Entry } from './ports.ts'

/** What an entry costs besides its body, roughly. */
const OVERHEAD_BYTES = 1_024
/** No single answer may push out nearly all others. */
const LARGEST_SHARE = 1 / 4

/** An entry, and until when nobody needs to be asked whether it is still kept. */
export interface Held {
  readonly entry: Entry
  readonly sureUntil: number
}
export interface Memory {
  /** `foreign`: what lies under this name is another request's or tenant's, and is let go. */
  readonly get: (key: CacheKey) => Held | 'foreign' | undefined
  readonly set: (key: CacheKey, held: Held) => void
  readonly delete: (name: string) => void
}

/** The tier in this isolate: bounded by bytes, the one not asked for the longest goes first. */
export function createMemory(maxBytes: number): Memory {
  const held = new Map<string, Held & { readonly key: CacheKey }>()
  let bytes = 0
  const drop = (name: string): void => {
    const old = held.get(name)
    if (old === undefined) return
    bytes -= sizeOf(old.entry)
    held.delete(name)
  }
  return {
    get(key) {
      const found = held.get(key.name)
      if (found === undefined) return undefined
      if (!sameRequest(found.key, key)) {
        drop(key.name)
        return 'foreign'
      }
      held.delete(key.name)
      held.set(key.name, found)
      return found
    },
    set(key, { entry, sureUntil }) {
      drop(key.name)
      const size = sizeOf(entry)
      if (size > maxBytes * LARGEST_SHARE) return
      held.set(key.name, { key, entry, sureUntil })
      bytes += size
      for (const oldest of held.keys()) {
        if (bytes <= maxBytes) break
        drop(oldest)
      }
    },
    delete: drop,
  }
}

const sizeOf = ({ body }: Entry): number => body.length + OVERHEAD_BYTES

function sameRequest(a: CacheKey, b: CacheKey): boolean {
  return a.tenant === b.tenant && a.digest.every((byte, i) => byte === b.digest[i])
}
