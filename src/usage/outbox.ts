import type { Entry } from './entry.ts'
import type { Batch, Receipt } from './wire.ts'

/** What an isolate holds for one ledger object. Plain data: requests of one isolate share it. */
export interface Outbox {
  readonly isolate: string
  readonly entries: readonly Entry[]
  /** Sequence number of the first entry. */
  readonly from: number
  readonly open: number
  /** How many the ledger knows to be open. */
  readonly toldOpen: number
  readonly gatherMs: number
  /** When the gathering began that somebody waits for; undefined: nobody does. */
  readonly gatheringSince: number | undefined
  /** The batch that is under way: when it left, and how many were open. */
  readonly sent: { readonly at: number; readonly open: number } | undefined
  /** More had been gathered before that batch arrived: it follows at once. */
  readonly overdue: boolean
  readonly failures: number
  readonly retryAt: number
  readonly dropped: number
}

/** A crash costs what was gathered in this time, and what is on its way: two seconds leave a fifth of one for that. */
export const GATHER_MS = 1_800
/** As many are sent at once, without waiting. */
export const BATCH_MAX = 100
/** A ledger that is down for long costs the oldest entries, which the next batch tells by a gap. */
export const HELD_MAX = 2_000
/** An RPC that has not answered by then is as good as lost: to send the same again does no harm. */
export const SENT_LIMIT_MS = 10_000
const RETRY_MS = 2_000
const RETRY_MAX_MS = 60_000

export const newOutbox = (isolate: string): Outbox => ({
  isolate,
  entries: [],
  from: 0,
  open: 0,
  toldOpen: 0,
  gatherMs: GATHER_MS,
  gatheringSince: undefined,
  sent: undefined,
  overdue: false,
  failures: 0,
  retryAt: 0,
  dropped: 0,
})

export const opened = (box: Outbox): Outbox => ({ ...box, open: box.open + 1 })

/** A request has ended: its entry is held until the ledger has it. */
export function held(box: Outbox, entry: Entry): Outbox {
  const entries = [...box.entries, entry]
  const excess = Math.max(0, entries.length - HELD_MAX)
  return {
    ...box,
    entries: entries.slice(excess),
    from: box.from + excess,
    dropped: box.dropped + excess,
    open: Math.max(0, box.open - 1),
  }
}

/** Entries, or requests begun that nobody would miss if the isolate died: the ledger has not heard of them. */
const hasNews = ({ entries, open, toldOpen }: Outbox): boolean => entries.length > 0 || open > toldOpen

/** What the request that has just begun, or added an entry, should do about it. */
export function duty(box: Outbox, now: number): 'send' | 'gather' | 'nothing' {
  if (!hasNews(box) || now < box.retryAt) return 'nothing'
  if (box.entries.length >= BATCH_MAX && !isUnderWay(box, now)) return 'send'
  if (box.gatheringSince === undefined) return 'gather'
  // Whoever waits for the gathering to end may be gone with its request.
  return now > box.gatheringSince + box.gatherMs ? 'send' : 'nothing'
}

const isUnderWay = ({ sent }: Outbox, now: number): boolean =>
  sent !== undefined && now < sent.at + SENT_LIMIT_MS

export const gathering = (box: Outbox, now: number): Outbox => ({ ...box, gatheringSince: now })

/** The batch to send now, if there is something to say and none is under way. */
export function send(box: Outbox, now: number): { readonly box: Outbox; readonly batch: Batch | undefined } {
  const idle = { ...box, gatheringSince: undefined }
  if (!hasNews(box)) return { box: idle, batch: undefined }
  if (isUnderWay(box, now)) return { box: { ...idle, overdue: true }, batch: undefined }
  const { isolate, from, entries, open } = box
  return {
    box: { ...idle, overdue: false, sent: { at: now, open } },
    batch: { isolate, from, entries, open },
  }
}

/** A receipt says what the ledger has, whichever batch it answers. */
export function received(box: Outbox, { next, gatherMs }: Receipt): Outbox {
  const done = Math.min(Math.max(0, next - box.from), box.entries.length)
  return {
    ...box,
    entries: box.entries.slice(done),
    from: box.from + done,
    toldOpen: box.sent?.open ?? box.toldOpen,
    gatherMs: Math.max(GATHER_MS, gatherMs),
    sent: undefined,
    failures: 0,
    retryAt: 0,
  }
}

/**
 * No receipt came: whether the batch arrived is not known, and need not be. That requests have begun is not worth a
 * repetition: they end, and what they then have to say is.
 */
export function lost(box: Outbox, now: number): Outbox {
  if (box.entries.length === 0) return { ...box, sent: undefined }
  const pause = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** box.failures)
  return { ...box, sent: undefined, failures: box.failures + 1, retryAt: now + pause }
}
