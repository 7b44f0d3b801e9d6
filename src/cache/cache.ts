import { deriveHmacKey } from '../keys/secrets.ts'
import type { Timers } from '../lib/clock.ts'
import { importSecret, seal, unseal } from './entry.ts'
import { cacheKey, type KeyMacs } from './key.ts'
import { createMemory, type Held } from './memory.ts'
import type {
  CacheKey,
  Defer,
  Entry,
  GenerationOf,
  Generations,
  KeyValueStore,
  ResponseCache,
} from './ports.ts'
import { createStore, READ_TTL_SECONDS } from './store.ts'

export interface CacheParts {
  readonly secret: string
  /** Undefined: in this isolate's memory only. */
  readonly kv: KeyValueStore | undefined
  readonly timers: Timers
  readonly limits: CacheLimits
  /** Told of what must never happen. Without content. */
  readonly alarm: (message: string) => void
}
export interface CacheLimits {
  readonly memoryBytes: number
  readonly maxEntryBytes: number
  readonly readTimeoutMs: number
}
interface Keys extends KeyMacs {
  readonly secret: CryptoKey
}

/** How many names are remembered of what was kept lately. */
const MAX_RECENT = 1_000
/**
 * An entry that was deleted elsewhere is not served from memory for longer than a minute: so long after it was kept,
 * by when the own location no longer remembers that it was missing; else, with what the location remembers, so long
 * after it was read.
 */
const SURE_OF_OWN_MS = 60_000
const SURE_OF_READ_MS = 60_000 - READ_TTL_SECONDS * 1_000
/** While KV does not answer, memory serves on, and asks again after this. */
const SURE_OF_NOTHING_MS = 5_000

/** Memory of this isolate, then KV. Requests never wait for one another: what they share is values, not promises. */
export function createCache({ secret, kv, timers, limits, alarm }: CacheParts): ResponseCache {
  const memory = createMemory(limits.memoryBytes)
  const store = kv && createStore(kv, timers, limits.readTimeoutMs)
  const recent = recentTurns()
  let turn = 0
  const keys = keysOf(secret)

  const until = (ms: number): number => (store === undefined ? Infinity : timers.now() + ms)

  function near(key: CacheKey): Held | undefined {
    const held = memory.get(key)
    if (held === 'foreign') alarm(foreign(key, 'memory'))
    return held === 'foreign' ? undefined : held
  }

  async function fromStore(key: CacheKey, defer: Defer): Promise<Entry | 'none' | undefined> {
    if (store === undefined) return undefined
    const sealed = await store.read(key.name)
    if (sealed === undefined || sealed === 'none') return sealed
    const entry = await unseal((await keys()).secret, key, sealed)
    if (entry === 'foreign') alarm(foreign(key, 'KV'))
    if (entry !== undefined && entry !== 'foreign') return entry
    defer(store.delete(key.name).catch(() => undefined))
    return 'none'
  }

  async function toStore(key: CacheKey, entry: Entry): Promise<void> {
    const sealed = await seal((await keys()).secret, key, entry)
    await store?.write(key.name, sealed, (entry.freshUntil - entry.storedAt) / 1_000)
  }

  return {
    keyOf: async (identity) => cacheKey(await keys(), identity, ++turn),
    async find(key, defer) {
      const held = near(key)
      const isSure = held !== undefined && held.sureUntil > timers.now()
      if (isSure && held.entry.freshUntil > timers.now()) return held.entry
      const entry = await fromStore(key, defer)
      if (entry === 'none') {
        if (isSure) return held.entry
        memory.delete(key.name)
        return undefined
      }
      const found = entry ?? held?.entry
      if (found === undefined) return undefined
      memory.set(key, {
        entry: found,
        sureUntil: until(entry === undefined ? SURE_OF_NOTHING_MS : SURE_OF_READ_MS),
      })
      return found
    },
    keep(key, entry, defer) {
      if (entry.body.length > limits.maxEntryBytes || recent.at(key.name) > key.turn) return
      recent.add(key.name, ++turn)
      memory.set(key, { entry, sureUntil: until(SURE_OF_OWN_MS) })
      if (store !== undefined) defer(toStore(key, entry).catch(() => undefined))
    },
    async remove(name) {
      memory.delete(name)
      await store?.delete(name)
    },
  }
}

/** Loud, and without content: a name says nothing of the request. */
const foreign = ({ name }: CacheKey, where: string): string =>
  `The cache entry ${name} in ${where} is of another request or tenant. It was not served, and is removed.`

/** Derived at first use. Values are kept, not promises: a request must not wait for what another one started. */
function keysOf(secret: string): () => Promise<Keys> {
  let known: Keys | undefined
  return async () => {
    known ??= {
      secret: await importSecret(secret),
      identity: await deriveHmacKey(secret, 'cache-identity'),
      name: await deriveHmacKey(secret, 'cache-name'),
    }
    return known
  }
}

/** The turn at which names were kept last, so that a burst of the same miss is kept once. */
function recentTurns(): { at(name: string): number; add(name: string, turn: number): void } {
  const names = new Map<string, number>()
  return {
    at: (name) => names.get(name) ?? 0,
    add(name, turn) {
      names.delete(name)
      names.set(name, turn)
      for (const oldest of names.keys()) {
        if (names.size <= MAX_RECENT) break
        names.delete(oldest)
      }
    },
  }
}

/** What stands in the configuration, and what was purged since; undefined: nobody knows. */
export function generations(config: Generations, purges: Generations | undefined): GenerationOf {
  if (purges === undefined) return () => undefined
  const of = (numbers: Readonly<Record<string, number>>, name: string): number =>
    Object.hasOwn(numbers, name) ? (numbers[name] ?? 0) : 0
  // Side by side, not added up: where one falls and the other rises, nothing comes back.
  return (tenant, route) =>
    [config, purges]
      .flatMap(({ everything, tenants, routes }) => [everything, of(tenants, tenant), of(routes, route)])
      .join('.')
}
