import {
  type Freshness,
  type FreshnessPolicy,
  freshnessOf,
  FRESHNESS,
  mayServeStale,
} from '../keys/freshness.ts'
import type { Timers } from '../lib/clock.ts'
import type { ConfigObject, Snapshot } from './ports.ts'

type Defer = (work: Promise<unknown>) => void

/** Something made from a configuration, in force or no longer known to be. */
export interface Copy<T> {
  readonly inForce: T
  readonly stale: T
}
export interface ViewPorts<T> {
  /** A fresh stub for every call: one that has thrown stays broken. */
  readonly object: () => Pick<ConfigObject, 'read'>
  readonly timers: Timers
  /** Throws if this isolate's code cannot use the snapshot; then the copy before it stays. */
  readonly build: (snapshot: Snapshot) => Promise<Copy<T>>
  /** What serves while nothing is known, or nothing has been heard for too long. */
  readonly without: T
  readonly report: (message: string, cause: unknown) => void
  readonly policy?: FreshnessPolicy
}
export interface ConfigView<T> {
  /** A promise only where the copy is too old to be used, or there is none. */
  current(defer: Defer): T | Promise<T>
  /** This isolate has changed the configuration itself: the next request waits for the new one. */
  changed(): void
}

/** A call that takes longer has failed; nobody waits for it that long. */
const CALL_LIMIT_MS = 5_000
/** How often a waiting request looks whether another one's call is over; their promises must not be shared. */
const POLL_MS = 5
/** After a call that failed, requests do not wait for the next one before this has passed. */
const PAUSE_MS = 1_000

/** This isolate's copy of the runtime configuration: fresh, refreshed behind the request, waited for, or stale. */
export function configView<T>(ports: ViewPorts<T>): ConfigView<T> {
  const { timers, policy = FRESHNESS } = ports
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => timers.after(ms, resolve))
  let copy: (Copy<T> & { readonly revision: number }) | undefined
  /** What the object had when this isolate's code could not use it. */
  let refused: number | undefined
  /** When the object last said what is in force. */
  let heardAt: number | undefined
  let failedAt = -Infinity
  /** When the call that is under way began. */
  let askingSince: number | undefined
  /** Changes that this isolate has made, and how many of them the copy has seen. */
  let changes = 0
  let seen = 0

  async function ask(): Promise<void> {
    const began = timers.now()
    const before = changes
    askingSince = began
    try {
      const answer = ports.object().read(refused ?? copy?.revision)
      const snapshot = await within(timers, CALL_LIMIT_MS, answer)
      if (snapshot !== undefined) await take(snapshot)
      heardAt = began
      seen = before
      failedAt = -Infinity
    } catch (thrown) {
      failedAt = timers.now()
      ports.report('The runtime configuration cannot be read.', thrown)
    } finally {
      if (askingSince === began) askingSince = undefined
    }
  }
  async function take(snapshot: Snapshot): Promise<void> {
    try {
      copy = { ...(await ports.build(snapshot)), revision: snapshot.revision }
      refused = undefined
    } catch (thrown) {
      refused = snapshot.revision
      ports.report(`Version ${snapshot.version} of the runtime configuration cannot be used here.`, thrown)
    }
  }
  function refresh(defer: Defer): void {
    const hangs = askingSince !== undefined && timers.now() - askingSince > CALL_LIMIT_MS
    if ((askingSince === undefined || hangs) && timers.now() - failedAt >= PAUSE_MS) defer(ask())
  }
  function serving(): T {
    if (copy === undefined) return ports.without
    return refused === undefined ? copy.inForce : copy.stale
  }
  function lastResort(): T {
    const bound = heardAt !== undefined && mayServeStale(heardAt, timers.now(), policy)
    return bound && copy !== undefined ? copy.stale : ports.without
  }
  function freshness(): Freshness {
    if (seen < changes) return 'wait'
    return freshnessOf(heardAt === undefined ? undefined : { at: heardAt, known: true }, timers.now(), policy)
  }
  const isUsable = (): boolean => ['fresh', 'refresh'].includes(freshness())

  async function wait(defer: Defer): Promise<T> {
    const until = timers.now() + policy.waitMs
    refresh(defer)
    while (askingSince !== undefined && !isUsable() && timers.now() < until) await sleep(POLL_MS)
    if (isUsable()) return serving()
    failedAt = timers.now()
    return lastResort()
  }
  return {
    current(defer) {
      const state = freshness()
      if (state === 'fresh') return serving()
      if (state === 'refresh') {
        refresh(defer)
        return serving()
      }
      return timers.now() - failedAt < PAUSE_MS ? lastResort() : wait(defer)
    },
    changed() {
      changes++
      failedAt = -Infinity
    },
  }
}

/** Rejects when it takes longer; the work itself goes on. */
async function within<T>(timers: Timers, limitMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = timers.after(limitMs, () => reject(new Error('too late')))
  try {
    return await Promise.race([work, promise])
  } finally {
    stop()
  }
}
