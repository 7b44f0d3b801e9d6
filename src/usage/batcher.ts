import type { Timers } from '../lib/clock.ts'
import { inTime } from '../lib/within.ts'
import type { Entry } from './entry.ts'
import {
  duty,
  gathering,
  held,
  lost,
  newOutbox,
  opened,
  type Outbox,
  received,
  send,
  SENT_LIMIT_MS,
} from './outbox.ts'
import type { Batch, Receipt } from './wire.ts'

/** Deferred work may go on for half a minute; what is left then goes with a later request. */
export const DEFERRED_MS = 28_000
export type Defer = (work: Promise<unknown>) => void

/** This isolate's way to the ledger: everything goes behind the response, in batches. */
export interface Batcher {
  /** A request has begun whose entry will go to `object`. */
  begin(object: string, defer: Defer): void
  /** Its entry. */
  add(object: string, entry: Entry, defer: Defer): void
  /** Entries given up since the isolate began, because no ledger took them in time. */
  readonly dropped: number
  /** Sequence number of the next entry for an object. */
  next(object: string): number
}

export interface BatcherPorts {
  readonly isolate: string
  readonly timers: Timers
  /** A fresh stub for every call: one that has thrown stays broken. */
  readonly object: (name: string) => { report(batch: Batch): Promise<Receipt> }
}

const pause = (timers: Timers, ms: number): Promise<void> =>
  new Promise((resolve) => {
    timers.after(ms, resolve)
  })
const late = (): Error => new Error('The ledger did not answer in time.')

export function createBatcher({ isolate, timers, object }: BatcherPorts): Batcher {
  const boxes = new Map<string, Outbox>()
  const boxOf = (name: string): Outbox => boxes.get(name) ?? newOutbox(isolate)
  const change = (name: string, step: (box: Outbox) => Outbox): void => {
    boxes.set(name, step(boxOf(name)))
  }
  async function deliver(name: string, batch: Batch): Promise<void> {
    try {
      const receipt = await inTime(timers, SENT_LIMIT_MS, object(name).report(batch), late)
      change(name, (after) => received(after, receipt))
    } catch {
      change(name, (after) => lost(after, timers.now()))
    }
  }
  /** Sends what there is, again if it was lost, and what has gathered meanwhile; the work is over by `until`. */
  async function flush(name: string, until: number): Promise<void> {
    for (;;) {
      const { box, batch } = send(boxOf(name), timers.now())
      boxes.set(name, box)
      if (batch === undefined) return
      await deliver(name, batch)
      const left = boxOf(name)
      if (left.failures === 0 && !left.overdue) return
      const nextAt = Math.max(timers.now(), left.retryAt)
      if (nextAt + SENT_LIMIT_MS > until) return
      if (nextAt > timers.now()) await pause(timers, nextAt - timers.now())
    }
  }
  /** Only the first of a burst waits. */
  async function gather(name: string, until: number): Promise<void> {
    const since = timers.now()
    change(name, (box) => gathering(box, since))
    await pause(timers, boxOf(name).gatherMs)
    if (boxOf(name).gatheringSince === since) await flush(name, until)
  }
  function act(name: string, defer: Defer): void {
    const now = timers.now()
    const due = duty(boxOf(name), now)
    if (due === 'send') defer(flush(name, now + DEFERRED_MS))
    else if (due === 'gather') defer(gather(name, now + DEFERRED_MS))
  }

  return {
    begin(name, defer) {
      change(name, opened)
      act(name, defer)
    },
    add(name, entry, defer) {
      change(name, (box) => held(box, entry))
      act(name, defer)
    },
    get dropped() {
      return [...boxes.values()].reduce((total, { dropped }) => total + dropped, 0)
    },
    next: (name) => {
      const { from, entries } = boxOf(name)
      return from + entries.length
    },
  }
}
