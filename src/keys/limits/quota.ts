import { atTime, type Books, type Caps, moved, PERIODS, type PeriodName, resetsAt, roomIn } from './books.ts'
import { booked, total, waitMs } from './window.ts'

/**
 * The rules of a key's limits, as its Durable Object applies them, one call at a time.
 *
 * A *grant* sets aside what one call needs and, far from every limit, what calls to come will need (a lease). An
 * isolate serves from a grant for `leaseMs`, then *reports*: what its calls cost, what those still running may cost.
 * The rest is free again. Reports carry running totals and a number, so a repeated, late or overtaken one changes
 * nothing: every call is counted exactly once. A grant nobody reports on *expires*, `callMs` + 62 s after it was made.
 *
 * Bounds, for every key, at any number of isolates, calls at once, restarts and lost messages:
 *
 * - Requests and tokens: no 60 seconds contain more than the limit. (A lease is booked at the end of its life.)
 * - Calls at once: never more than the limit, except calls that outlive their hold.
 * - Money, for a budget of B per day, month or life:
 *
 *       cost of all calls granted in the period ≤ B + F + Σ max(0, cost − worst case),   0 ≤ F ≤ B/20
 *
 *   F is what expired holds gave back: nothing while nobody dies, and at most B/20 per period whatever dies, because
 *   further expired holds are charged in full. A late report corrects either. The sum is zero while worst cases are
 *   true upper bounds. So $5.00 never become more than $5.25.
 * - With `failMode: open`, each isolate may add B/20 and a tenth of the rates per outage of the object.
 *
 * A clock of the object's that goes back frees nothing and begins no period anew; one that jumps ahead expires holds
 * early, within F. The clocks of isolates do not matter: they only measure how long ago they asked.
 */
export interface Need {
  readonly requests: number
  readonly tokens: number
  /** Nanodollars. */
  readonly nanoUsd: number
}

export interface Ask {
  /** Chosen by the isolate: asking twice for one id grants once. */
  readonly id: string
  readonly need: Need
  /** False: nobody waits, only a lease for calls like this one is wanted. */
  readonly now: boolean
  /** For how many calls to come a share is wanted beside it. */
  readonly lease: number
  /** How long a call may run, in milliseconds. */
  readonly callMs: number
}

export interface Grant extends Need {
  readonly id: string
  readonly calls: number
  /** How long the isolate may admit calls under it, from the moment it asked. */
  readonly leaseMs: number
  /** How much is booked in the sliding minute, and where (Unix milliseconds). */
  readonly bookedAt: number
  readonly bookedRequests: number
  readonly bookedTokens: number
  /** The periods the money is set aside in. */
  readonly keys: Readonly<Record<PeriodName, string>>
  readonly expiresAt: number
  readonly state: 'live' | 'forgiven' | 'charged'
  /** Still set aside; after expiry, the sum that was given back or charged. */
  readonly held: number
  readonly heldCalls: number
  readonly seq: number
  readonly reported: Need
  /** Made by an isolate that could not, or need not ask. */
  readonly own: boolean
}

/** Running totals of a grant. */
export interface Report {
  readonly id: string
  readonly seq: number
  /** Requests admitted; tokens and money of calls that ended. */
  readonly done: Need
  /** Calls that run, and what else may still be admitted, at worst. */
  readonly open: Amounts
  readonly own: boolean
}

export type Short = 'requests' | 'tokens' | 'concurrent' | PeriodName
export interface Shortage {
  readonly short: Short
  /** The call alone is larger than the limit. */
  readonly never: boolean
  /** Absent: waiting does not help. */
  readonly waitMs?: number
}

/** How long a lease serves: also how long a revoked key that has a limit lives on. */
export const LEASE_MS = 2_000
/** A lease is at most this part of what is left of a limit; none is given once less than the reserve is left. */
const LEASE_PARTS = 20
const RESERVE = 1 / 2
/** Slots come back with every call that ends. */
const SLOT_PARTS = 8
const SLOT_RESERVE = 1 / 4
/** A call may end this much later than its limit says: the last bytes, the report behind them. */
const GRACE_MS = 60_000
const MAX_CALL_MS = 3_600_000
/** How soon leases and running calls give back what they do not use. */
const HELD_WAIT_MS = 2_000
const DAY_MS = 86_400_000

export type Granted =
  | { readonly ok: true; readonly books: Books; readonly grant: Grant | undefined }
  | { readonly ok: false; readonly books: Books; readonly shortage: Shortage }

/** Sets aside one call (unless only a lease is wanted) and a lease beside it where there is room. */
export function grant(before: Books, caps: Caps, ask: Ask, now: number): Granted {
  const books = atTime(before, now, LEASE_MS)
  const shortage = ask.now ? shortageOf(books, caps, ask.need, now) : undefined
  if (shortage !== undefined) return { ok: false, books, shortage }
  const lease = ask.lease > 0 ? leaseFor(books, caps, ask) : undefined
  if (lease === undefined && !ask.now) return { ok: true, books, grant: undefined }
  const made = grantOf(books, ask, lease, now)
  return { ok: true, books: setAside(books, made), grant: made }
}

export interface Amounts extends Need {
  readonly calls: number
}

function grantOf(books: Books, ask: Ask, lease: Amounts | undefined, now: number): Grant {
  // A lease spends no money of another day.
  const leaseMs = lease === undefined ? 0 : Math.min(LEASE_MS, DAY_MS - (now % DAY_MS))
  const granted = sum(lease, ask.now ? { ...ask.need, calls: 1 } : undefined)
  return {
    ...granted,
    id: ask.id,
    leaseMs,
    bookedAt: now + leaseMs,
    bookedRequests: finite(granted.requests),
    bookedTokens: finite(granted.tokens),
    keys: { day: books.money.day.key, month: books.money.month.key, total: books.money.total.key },
    expiresAt: now + leaseMs + Math.min(ask.callMs, MAX_CALL_MS) + GRACE_MS,
    state: 'live',
    held: finite(granted.nanoUsd),
    heldCalls: finite(granted.calls),
    seq: 0,
    reported: NOTHING,
    own: false,
  }
}

function sum(a: Amounts = NO_AMOUNTS, b: Amounts = NO_AMOUNTS): Amounts {
  return {
    requests: a.requests + b.requests,
    tokens: a.tokens + b.tokens,
    nanoUsd: a.nanoUsd + b.nanoUsd,
    calls: a.calls + b.calls,
  }
}

export const NOTHING: Need = { requests: 0, tokens: 0, nanoUsd: 0 }
const NO_AMOUNTS: Amounts = { ...NOTHING, calls: 0 }

function setAside(books: Books, made: Grant): Books {
  return {
    ...books,
    requests: booked(books.requests, made.bookedAt, made.bookedRequests),
    tokens: booked(books.tokens, made.bookedAt, made.bookedTokens),
    calls: books.calls + made.heldCalls,
    money: moved(books.money, made.keys, { held: made.held }),
  }
}

/** What has no limit is not set aside. */
function finite(amount: number): number {
  return Number.isFinite(amount) ? amount : 0
}

function shortageOf(books: Books, caps: Caps, need: Need, now: number): Shortage | undefined {
  if (books.calls + 1 > caps.calls) return { short: 'concurrent', never: false, waitMs: HELD_WAIT_MS }
  for (const short of ['requests', 'tokens'] as const) {
    const [cap, window] = [caps[short], books[short]]
    if (need[short] > cap) return { short, never: true }
    if (total(window) + need[short] > cap)
      return { short, never: false, waitMs: waitMs(window, now, cap, need[short]) }
  }
  for (const short of PERIODS) {
    const [cap, period] = [caps.money[short], books.money[short]]
    if (need.nanoUsd > cap) return { short, never: true }
    // A budget may be overdrawn, by a lower limit for one: what costs nothing takes nothing from it.
    if (need.nanoUsd === 0 || need.nanoUsd <= roomIn(cap, period)) continue
    if (need.nanoUsd <= cap - period.spent) return { short, never: false, waitMs: HELD_WAIT_MS }
    const reset = resetsAt(short, period.key)
    return { short, never: false, ...(reset !== undefined && { waitMs: Math.max(0, reset - now) }) }
  }
  return undefined
}

/** What is wanted, within a share of what is left of every limit; none if one has not room for another such call. */
function leaseFor(
  books: Books,
  caps: Caps,
  { need: typical, now: immediate, lease: wanted }: Ask,
): Amounts | undefined {
  const taken = immediate ? typical : NOTHING
  const money = PERIODS.map((name) => {
    const { spent, held } = books.money[name]
    return share(caps.money[name] - spent, held + taken.nanoUsd, LEASE_PARTS)
  })
  const lease = {
    requests: atMost(
      share(caps.requests, total(books.requests) + taken.requests, LEASE_PARTS),
      wanted * Math.max(1, typical.requests),
    ),
    tokens: atMost(
      share(caps.tokens, total(books.tokens) + taken.tokens, LEASE_PARTS),
      wanted * typical.tokens,
    ),
    nanoUsd: atMost(Math.min(...money), wanted * typical.nanoUsd),
    calls: atMost(share(caps.calls, books.calls + (immediate ? 1 : 0), SLOT_PARTS, SLOT_RESERVE), wanted),
  }
  const fits =
    lease.calls >= 1 &&
    lease.requests >= Math.max(1, typical.requests) &&
    lease.tokens >= typical.tokens &&
    lease.nanoUsd >= typical.nanoUsd
  return fits ? lease : undefined
}

/** What has no limit needs none in the lease either. */
function atMost(share: number, wanted: number): number {
  return share === Infinity ? Infinity : Math.min(share, wanted)
}

function share(cap: number, used: number, parts: number, reserve = RESERVE): number {
  if (cap === Infinity) return Infinity
  const left = cap - used
  return left < cap * reserve ? 0 : Math.floor(left / parts)
}
