import type { Timers } from '../lib/clock.ts'
import { within } from '../lib/within.ts'
import type { KeyValueStore } from './ports.ts'

/** KV refuses to forget sooner. */
const MIN_EXPIRATION_SECONDS = 60
/** After so many failures in a row nobody waits for the store any more, for a while. */
const FAILURES = 3
const REST_MS = 5_000
const PREFIX = 'response/'

export interface Store {
  readonly read: (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>
  readonly write: (name: string, value: Uint8Array<ArrayBuffer>, ttlSeconds: number) => Promise<void>
  readonly delete: (name: string) => Promise<void>
}

/** The tier in KV. It never rejects, nor takes longer than `readMs` to read: a store that is slow is no store. */
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
        const value = await within(timers, readMs, kv.get(PREFIX + name, 'arrayBuffer'))
        if (value === undefined) return failed()
        failures = 0
        return value === null ? undefined : new Uint8Array(value)
      } catch {
        return failed()
      }
    },
    async write(name, value, ttlSeconds) {
      const expirationTtl = Math.max(MIN_EXPIRATION_SECONDS, Math.ceil(ttlSeconds))
      await kv.put(PREFIX + name, value, { expirationTtl }).catch(() => undefined)
    },
    async delete(name) {
      await kv.delete(PREFIX + name).catch(() => undefined)
    },
  }
}
