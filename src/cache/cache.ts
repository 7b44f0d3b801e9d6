import { deriveHmacKey } from '../keys/secrets.ts'
import type { Timers } from '../lib/clock.ts'
import { importSecret, seal, unseal } from './entry.ts'
import { cacheKey, type KeyMacs } from './key.ts'
import { createMemory } from './memory.ts'
import type { CacheKey, Defer, Entry, GenerationOf, KeyValueStore, ResponseCache } from './ports.ts'
import { createStore } from './store.ts'

export interface CacheParts {
  readonly secret: string
  /** Undefined: in this isolate's memory only. */
  readonly kv: KeyValueStore | undefined
  readonly timers: Timers
  readonly limits: {
    readonly memoryBytes: number
    readonly maxEntryBytes: number
    readonly readTimeoutMs: number
  }
}
interface Keys extends KeyMacs {
  readonly secret: CryptoKey
}

/** How many names are remembered of what was kept lately. */
const MAX_RECENT = 1_000

/** Memory of this isolate, then KV. Requests never wait for one another: what they share is values, not promises. */
export function createCache({ secret, kv, timers, limits }: CacheParts): ResponseCache {
  const memory = createMemory(limits.memoryBytes)
  const store = kv && createStore(kv, timers, limits.readTimeoutMs)
  const recent = recentTurns()
  let turn = 0
  const keys = keysOf(secret)

  async function fromStore(key: CacheKey, defer: Defer): Promise<Entry | undefined> {
    const sealed = await store?.read(key.name)
    if (store === undefined || sealed === undefined) return undefined
    const entry = await unseal((await keys()).secret, key, sealed)
    if (entry === undefined) defer(store.delete(key.name))
    else memory.set(key, entry)
    return entry
  }

  async function toStore(key: CacheKey, entry: Entry): Promise<void> {
    const sealed = await seal((await keys()).secret, key, entry)
    await store?.write(key.name, sealed, (entry.freshUntil - entry.storedAt) / 1_000)
  }

  return {
    keyOf: async (identity) => cacheKey(await keys(), identity, ++turn),
    async find(key, defer) {
      const near = memory.get(key)
      if (near !== undefined && near.freshUntil > timers.now()) return near
      return (await fromStore(key, defer)) ?? near
    },
    keep(key, entry, defer) {
      if (entry.body.length > limits.maxEntryBytes || recent.at(key.name) > key.turn) return
      recent.add(key.name, ++turn)
      memory.set(key, entry)
      if (store !== undefined) defer(toStore(key, entry).catch(() => undefined))
    },
    async remove(name) {
      memory.delete(name)
      await store?.delete(name)
    },
  }
}

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

/** Generations that stand in the configuration and come with it. */
export function generations(config: {
  readonly everything: number
  readonly tenants: Readonly<Record<string, number>>
  readonly routes: Readonly<Record<string, number>>
}): GenerationOf {
  const of = (numbers: Readonly<Record<string, number>>, name: string): number =>
    Object.hasOwn(numbers, name) ? (numbers[name] ?? 0) : 0
  return (tenant, route) =>
    [config.everything, of(config.tenants, tenant), of(config.routes, route)].join('.')
}
