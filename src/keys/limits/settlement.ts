import { atTime, type Books, type Caps, forgivable, moved, periodKey, PERIODS } from './books.ts'
import { type Grant, LEASE_MS, NOTHING, type Report } from './quota.ts'
import { booked, refunded } from './window.ts'

/** How long a late report can still correct an expired grant. */
const MEMORY_MS = 1_800_000
/** How long an isolate's own grant is known by after its last report: longer than its calls and their repetitions. */
const OWN_MEMORY_MS = 7_200_000

export interface Settled {
  readonly books: Books
  /** Absent: over and done with; another report of it changes nothing. */
  readonly grant: Grant | undefined
}

/** Books what a report says beyond the reports before it. */
export function report(before: Books, known: Grant | undefined, said: Report, now: number): Settled {
  const books = atTime(before, now, LEASE_MS)
  const made = known ?? (said.own ? ownGrant(books, said.id, now) : undefined)
  if (made === undefined || said.seq <= made.seq) return { books, grant: known }
  const next = updated(made, said, now)
  const released = made.held - next.held
  const settled: Books = {
    ...books,
    requests: corrected(books.requests, made.bookedAt, next.bookedRequests - made.bookedRequests),
    tokens: corrected(books.tokens, made.bookedAt, next.bookedTokens - made.bookedTokens),
    calls: books.calls - (made.heldCalls - next.heldCalls),
    money: moved(books.money, made.keys, movement(made, next)),
    overrun: books.overrun + excess(next) - excess(made),
    unsettled: made.state === 'charged' ? books.unsettled - released : books.unsettled,
  }
  const over = said.open.calls === 0 && !made.own // its own grants are remembered, to know a repetition by
  return { books: settled, grant: over ? undefined : next }
}

function updated(made: Grant, said: Report, now: number): Grant {
  const { reported } = made
  return {
    ...made,
    seq: said.seq,
    expiresAt: made.own ? now + OWN_MEMORY_MS : made.expiresAt,
    reported: {
      requests: Math.max(reported.requests, amount(said.done.requests)),
      tokens: Math.max(reported.tokens, amount(said.done.tokens)),
      nanoUsd: Math.max(reported.nanoUsd, amount(said.done.nanoUsd)),
    },
    held: Math.min(made.held, amount(said.open.nanoUsd)),
    heldCalls: Math.min(made.heldCalls, amount(said.open.calls)),
    bookedRequests: amount(said.done.requests) + amount(said.open.requests),
    bookedTokens: amount(said.done.tokens) + amount(said.open.tokens),
  }
}

/** Stands for the calls that an isolate admitted without asking: nothing was set aside for them. */
function ownGrant(books: Books, id: string, now: number): Grant {
  return {
    ...NOTHING,
    id,
    calls: 0,
    leaseMs: 0,
    bookedAt: now,
    bookedRequests: 0,
    bookedTokens: 0,
    keys: { day: books.money.day.key, month: books.money.month.key, total: books.money.total.key },
    expiresAt: now + OWN_MEMORY_MS,
    state: 'live',
    held: 0,
    heldCalls: 0,
    seq: 0,
    reported: NOTHING,
    own: true,
  }
}

function movement(made: Grant, next: Grant): { spent: number; held?: number; forgiven?: number } {
  const cost = next.reported.nanoUsd - made.reported.nanoUsd
  const known = made.held - next.held
  return {
    live: { spent: cost, held: -known },
    forgiven: { spent: cost, forgiven: -known },
    charged: { spent: cost - known },
  }[made.state]
}

/** What the calls of a grant cost beyond all that was set aside for them. */
function excess({ own, nanoUsd, reported }: Grant): number {
  return own ? 0 : Math.max(0, reported.nanoUsd - nanoUsd)
}

function corrected(window: Books['requests'], at: number, change: number): Books['requests'] {
  return change < 0 ? refunded(window, at, -change) : booked(window, at, change)
}

/** What a call was charged beyond its cost, and when it was admitted (Unix milliseconds). */
export interface Excess {
  readonly nanoUsd: number
  readonly at: number
}
/** How far the clocks of an isolate and of an object may be apart, and a lease from its call. */
const SURE_MS = 60_000

/**
 * The books once it is known that a call which was charged its worst case cost less. Only periods that it was charged
 * to beyond doubt get it back; whoever calls sees to it that a call is given back once. The bound of a budget stays:
 * what goes back was charged, or forgiven within F.
 */
export function givenBack(before: Books, { nanoUsd, at }: Excess, now: number): Books {
  const books = atTime(before, now, LEASE_MS)
  const keyOf = (name: (typeof PERIODS)[number]): string => {
    const key = periodKey(name, at - SURE_MS)
    return key === periodKey(name, at + SURE_MS) ? key : 'unsure'
  }
  const keys = { day: keyOf('day'), month: keyOf('month'), total: keyOf('total') }
  return { ...books, money: moved(books.money, keys, { spent: -amount(nanoUsd) }) }
}

/** A number from elsewhere: what is no amount counts nothing. */
function amount(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0
}

/**
 * The end of a grant that nobody reported on: its isolate died, or its messages were lost. What it held is given
 * back as long as the period's allowance for that lasts, else charged; the grant is remembered for a late report.
 */
export function expire(before: Books, caps: Caps, made: Grant, now: number): Settled {
  const books = atTime(before, now, LEASE_MS)
  if (made.expiresAt > now) return { books, grant: made }
  if (made.state !== 'live' || made.own) return { books, grant: undefined }
  const forgive = PERIODS.every((name) => {
    const { key, forgiven } = books.money[name]
    return key !== made.keys[name] || forgiven + made.held <= forgivable(caps.money[name])
  })
  const movement = forgive ? { forgiven: made.held } : { spent: made.held }
  return {
    books: {
      ...books,
      calls: books.calls - made.heldCalls,
      money: moved(books.money, made.keys, { held: -made.held, ...movement }),
      unsettled: books.unsettled + (forgive ? 0 : made.held),
    },
    grant: { ...made, state: forgive ? 'forgiven' : 'charged', heldCalls: 0, expiresAt: now + MEMORY_MS },
  }
}
