import {
  type Freshness,
  type FreshnessPolicy,
  freshnessOf,
  FRESHNESS,
  mayServeStale,
} from '../keys/freshness.ts'
import type { Timers } from '../lib/clock.ts'
import { inTime } from '../lib/within.ts'
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
  return new View(ports)
}

class View<T> implements ConfigView<T> {
  readonly #ports: ViewPorts<T>
  readonly #policy: FreshnessPolicy
  #copy: (Copy<T> & { readonly revision: number }) | undefined
  /** What the object had when this isolate's code could not use it. */
  #refused: number | undefined
  /** When the object last said what is in force. */
  #heardAt: number | undefined
  #failedAt = -Infinity
  /** When the call that is under way began. */
  #askingSince: number | undefined
  /** Changes that this isolate has made, and how many of them the copy has seen. */
  #changes = 0
  #seen = 0

  constructor(ports: ViewPorts<T>) {
    this.#ports = ports
    this.#policy = ports.policy ?? FRESHNESS
  }

  current(defer: Defer): T | Promise<T> {
    switch (this.#freshness()) {
      case 'fresh':
        return this.#serving()
      case 'refresh':
        this.#refresh(defer)
        return this.#serving()
      case 'wait':
      case 'cold':
        return this.#isPaused() ? this.#lastResort() : this.#wait(defer)
    }
  }

  changed(): void {
    this.#changes++
    this.#failedAt = -Infinity
  }

  #freshness(): Freshness {
    if (this.#seen < this.#changes) return 'wait'
    const copy = this.#heardAt === undefined ? undefined : { at: this.#heardAt, known: true }
    return freshnessOf(copy, this.#ports.timers.now(), this.#policy)
  }

  #isUsable(): boolean {
    const freshness = this.#freshness()
    return freshness === 'fresh' || freshness === 'refresh'
  }

  #isPaused(): boolean {
    return this.#ports.timers.now() - this.#failedAt < PAUSE_MS
  }

  #serving(): T {
    if (this.#copy === undefined) return this.#ports.without
    return this.#refused === undefined ? this.#copy.inForce : this.#copy.stale
  }

  #lastResort(): T {
    const { timers, without } = this.#ports
    if (this.#copy === undefined || this.#heardAt === undefined) return without
    return mayServeStale(this.#heardAt, timers.now(), this.#policy) ? this.#copy.stale : without
  }

  async #wait(defer: Defer): Promise<T> {
    const { timers } = this.#ports
    const until = timers.now() + this.#policy.waitMs
    while (!this.#isUsable() && timers.now() < until) {
      this.#refresh(defer)
      if (this.#askingSince === undefined) break // it has failed at once
      await new Promise<void>((resolve) => timers.after(POLL_MS, resolve))
    }
    if (this.#isUsable()) return this.#serving()
    this.#failedAt = timers.now()
    return this.#lastResort()
  }

  #refresh(defer: Defer): void {
    const since = this.#askingSince
    const isAsking = since !== undefined && this.#ports.timers.now() - since <= CALL_LIMIT_MS
    if (!isAsking && !this.#isPaused()) defer(this.#ask())
  }

  async #ask(): Promise<void> {
    const { timers, object, report } = this.#ports
    const began = timers.now()
    const changes = this.#changes
    this.#askingSince = began
    try {
      const answer = object().read(this.#refused ?? this.#copy?.revision)
      const snapshot = await inTime(timers, CALL_LIMIT_MS, answer, () => new Error('too late'))
      if (snapshot !== undefined) await this.#take(snapshot)
      this.#heardAt = began
      this.#seen = changes
      this.#failedAt = -Infinity
    } catch (thrown) {
      this.#failedAt = timers.now()
      report('The runtime configuration cannot be read.', thrown)
    } finally {
      if (this.#askingSince === began) this.#askingSince = undefined
    }
  }

  async #take(snapshot: Snapshot): Promise<void> {
    try {
      this.#copy = { ...(await this.#ports.build(snapshot)), revision: snapshot.revision }
      this.#refused = undefined
    } catch (thrown) {
      this.#refused = snapshot.revision
      this.#ports.report(
        `Version ${snapshot.version} of the runtime configuration cannot be used here.`,
        thrown,
      )
    }
  }
}
