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

/** Deferred work may go on for half a minute: these fit, and what is left then goes with a later request. */
const RETRIES_MAX = 3
export type Defer = (work: Promise<unknown>) => void

/** This isolate's way to the ledger: everything goes behind the response, in batches. */
export interface Batcher {
  /** A request has begun whose entry will go to `object`. */
  begin(object: string): void
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

const late = (): Error => new Error('The ledger did not answer in time.')

export function createBatcher({ isolate, timers, object }: BatcherPorts): Batcher {
  const boxes = new Map<string, Outbox>()
  const boxOf = (name: string): Outbox => boxes.get(name) ?? newOutbox(isolate)
  const change = (name: string, step: (box: Outbox) => Outbox): void => {
    boxes.set(name, step(boxOf(name)))
  }

  async function flush(name: string): Promise<void> {
    const { box, batch } = send(boxOf(name), timers.now())
    boxes.set(name, box)
    if (batch === undefined) return
    try {
      const receipt = await inTime(timers, SENT_LIMIT_MS, object(name).report(batch), late)
      change(name, (after) => received(after, receipt))
    } catch {
      change(name, (after) => lost(after, timers.now()))
    }
    const left = boxOf(name)
    if (left.entries.length > 0 && left.failures <= RETRIES_MAX)
      await gather(name, Math.max(left.gatherMs, left.retryAt - timers.now()))
  }
  /** Only the first of a burst waits. */
  async function gather(name: string, ms: number): Promise<void> {
    change(name, (box) => gathering(box, timers.now()))
    await new Promise<void>((resolve) => {
      timers.after(ms, resolve)
    })
    await flush(name)
  }

  return {
    begin: (name) => change(name, opened),
    add(name, entry, defer) {
      change(name, (box) => held(box, entry))
      const due = duty(boxOf(name), timers.now())
      if (due === 'send') defer(flush(name))
      else if (due === 'gather') defer(gather(name, boxOf(name).gatherMs))
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
