import type { Timers } from '../lib/clock.ts'
import { within } from '../lib/within.ts'
import type { KeyValueStore } from './ports.ts'

/** KV refuses to forget sooner. */
const MIN_EXPIRATION_SECONDS = 60
/** After so many failures in a row nobody waits for the store any more, for a while. */
const FAILURES = 3
const REST_MS = 5_000
/** How long a location goes on with what it has read: the least that KV allows. */
export const READ_TTL_SECONDS = 30
const PREFIX = 'response/'

export interface Store {
  /** `none`: there is nothing. Undefined: nobody knows. */
  readonly read: (name: string) => Promise<Uint8Array<ArrayBuffer> | 'none' | undefined>
  readonly write: (name: string, value: Uint8Array<ArrayBuffer>, ttlSeconds: number) => Promise<void>
  /** Rejects if it cannot. */
  readonly delete: (name: string) => Promise<void>
}

/** The tier in KV. Reading never rejects, nor takes longer than `readMs`: a store that is slow is no store. */
export function createStore(kv: KeyValueStore, timers: Timers, readMs: number): Store {
  let failures = 0
  let restUntil = 0
  const failed = (): undefined => {
    failures++
    if (failures >= FAILURES) restUntil = timers.now() + REST_MS
  }
  return {
    async read(name) {
      if (timers.now() < restUntil) return undefined
      try {
        const value = await within(timers, readMs, kv.get(PREFIX + name, OPTIONS))
        if (value === undefined) return failed()
        failures = 0
        return value === null ? 'none' : new Uint8Array(value)
      } catch {
        return failed()
      }
    },
    async write(name, value, ttlSeconds) {
      const expirationTtl = Math.max(MIN_EXPIRATION_SECONDS, Math.ceil(ttlSeconds))
      await kv.put(PREFIX + name, value, { expirationTtl }).catch(() => undefined)
    },
    delete: (name) => kv.delete(PREFIX + name),
  }
}
const OPTIONS = { type: 'arrayBuffer', cacheTtl: READ_TTL_SECONDS } as const
