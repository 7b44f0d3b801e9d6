import type { Timers } from '../lib/clock.ts'

/** So many wrong keys within the window, then an address is told to wait. Keys that are right are never counted. */
const MAX_FAILURES = 20
const WINDOW_MS = 10_000
const MAX_ADDRESSES = 2_000

/** Counts wrong keys by address, in this isolate: enough that guessing and looking up stay cheap for us. */
export interface Strangers {
  /** How long an address has to wait; undefined if it need not. */
  waitMs(address: string): number | undefined
  failed(address: string): void
}

export function createStrangers({ now }: Pick<Timers, 'now'>): Strangers {
  const seen = new Map<string, { count: number; readonly until: number }>()
  return {
    waitMs(address) {
      const entry = seen.size === 0 ? undefined : seen.get(address)
      if (entry === undefined || entry.count < MAX_FAILURES) return undefined
      const left = entry.until - now()
      return left > 0 ? left : undefined
    },
    failed(address) {
      const entry = seen.get(address)
      if (entry !== undefined && entry.until > now()) {
        entry.count++
        return
      }
      seen.delete(address)
      for (const oldest of seen.size >= MAX_ADDRESSES ? seen.keys() : []) {
        seen.delete(oldest)
        break
      }
      seen.set(address, { count: 1, until: now() + WINDOW_MS })
    },
  }
}
