import { isValid, type Lease, openLease, reportOf, type Reservation, shrink, take } from './lease.ts'
import type { Meters } from './meters.ts'
import type { SyncAnswer } from './sync.ts'
import { type Ask, type Grant, LEASE_MS, type Need, type Report, type Shortage } from './quota.ts'
import { isLimited, type KeyView } from '../record.ts'

/** What one isolate knows of one key's limits. Changed in place; lives as long as the isolate. */
export interface Account {
  readonly kid: string
  /** The HMAC that the key was last presented with: what the object is asked by. */
  hash: string
  lease: Lease | undefined
  /** Leases that admit no more, with calls that run or news for the object. */
  closed: Lease[]
  meters: Meters
  /** Asks under way that want a lease: one at a time is enough. */
  asking: number
  /** Calls within the life of a lease, as a running mean, and when it was last brought up to date. */
  demand: number
  seenAt: number
  /** What the last call was thought to need: the next is expected to be like it. */
  typical: Need
  /** The object's last no, believed for a moment: a caller that insists does not reach it. */
  refused: { readonly shortage: Shortage; readonly need: Need; readonly until: number } | undefined
  /** A lease was wanted and not given, the limit being near: no more is wanted before this. */
  quietUntil: number
  /** Since when the object cannot be reached, and the money that may still be spent without it. */
  outage: { readonly since: number; nanoUsd: number; probeAt: number } | undefined
  /** When a report is planned for. */
  flushAt: number | undefined
}

/** A first call is expected to need no more than this, and a client to begin with a few. */
const FIRST_CALL: Need = { requests: 1, tokens: 4_000, nanoUsd: 10_000_000 }
const FIRST_CALLS = 4
const FIRST_CALL_MS = 600_000

export function openAccount(kid: string, hash: string): Account {
  return {
    kid,
    hash,
    lease: undefined,
    closed: [],
    meters: {},
    asking: 0,
    demand: 0,
    seenAt: 0,
    typical: FIRST_CALL,
    refused: undefined,
    quietUntil: 0,
    outage: undefined,
    flushAt: undefined,
  }
}

/** Calls on a key without limits run up a tab of the isolate's own, which is told this often. */
const TAB_TOLD_MS = 5_000
/** A tab is followed by a new one well within the time that the object remembers it for. */
const TAB_MS = 900_000
/** What nobody has been told for this long the object may have heard and forgotten: it is not told twice. */
const UNTOLD_MS = 3_600_000
const DAY_MS = 86_400_000
/** An open outage is served from shares that last a minute, as the limits do. */
const OUTAGE_MS = 60_000
/** How often an isolate tries again to reach the object, behind a request. */
const PROBE_MS = 5_000
/** What fails open may use: a tenth of each rate, a twentieth of each budget, per isolate. */
const OPEN_RATE_PARTS = 10
const OPEN_BUDGET_PARTS = 20
/** So many calls within the life of a lease make a lease worth its return. */
const BUSY_CALLS = 1.5
/** How long a refusal stands without asking again. */
const REFUSED_MS = 1_000

/** The lease that has room for the call, if there is one at hand; a key without limits always has. */
export function admitted(account: Account, key: KeyView, call: Reservation, now: number): Lease | undefined {
  const { lease } = account
  if (lease !== undefined && isValid(lease, now)) return take(lease, call) ? lease : undefined
  if (isLimited(key)) return undefined
  const own = ownLease(call.id, now, { leaseMs: Math.min(TAB_MS, DAY_MS - (now % DAY_MS)), ...UNLIMITED })
  replaceLease(account, own)
  return take(own, call) ? own : undefined
}

const UNLIMITED = { requests: Infinity, tokens: Infinity, nanoUsd: Infinity, calls: Infinity }

function ownLease(
  id: string,
  now: number,
  amounts: Pick<Grant, 'requests' | 'tokens' | 'nanoUsd' | 'calls' | 'leaseMs'>,
): Lease {
  return openLease({ id: `own_${id}`, own: true, ...amounts }, now)
}

/** Counts a call that came, whether or not it will be served. */
export function observe(account: Account, { requests, tokens, nanoUsd }: Need, now: number): void {
  account.typical = { requests, tokens, nanoUsd }
  const elapsed = Math.max(0, now - account.seenAt)
  account.demand = account.demand * Math.exp(-elapsed / LEASE_MS) + 1
  account.seenAt = now
}

/**
 * What to ask when the key itself must be asked for: in the same breath a lease for the call that will come next,
 * unless one is at hand.
 */
export function askWithKey({ lease, typical }: Account, id: string, now: number): Ask | undefined {
  if (lease !== undefined && isValid(lease, now)) return undefined
  return { id, need: typical, now: false, lease: FIRST_CALLS, callMs: FIRST_CALL_MS }
}

/** Half as much again as is to be expected; a key that is seldom used gets no lease, which nobody would use. */
function wanted({ demand }: Account): number {
  return demand < BUSY_CALLS ? 0 : Math.ceil(demand * 1.5)
}

/** What to ask the object for a call that no lease has room for. */
export function askFor(account: Account, call: Reservation, callMs: number, now: number): Ask {
  const { id, ...need } = call
  const lease = account.asking === 0 && now >= account.quietUntil ? wanted(account) : 0
  return { id, need, now: true, lease, callMs }
}

/** The object has just refused as much, or less. */
export function refusedAlready({ refused }: Account, need: Need, now: number): Shortage | undefined {
  if (refused === undefined || now >= refused.until) return undefined
  const { shortage } = refused
  if (shortage.short === 'concurrent') return undefined // comes back with any call that ends
  const unit = shortage.short === 'requests' || shortage.short === 'tokens' ? shortage.short : 'nanoUsd'
  return need[unit] >= refused.need[unit] ? shortage : undefined
}

export function refusedNow(account: Account, shortage: Shortage, need: Need, now: number): void {
  account.refused = { shortage, need, until: now + Math.min(shortage.waitMs ?? REFUSED_MS, REFUSED_MS) }
}

/** What to ask ahead, so that the next calls need not wait; undefined while the lease at hand will do. */
export function askAhead(account: Account, call: Reservation, callMs: number, now: number): Ask | undefined {
  const { lease, outage } = account
  if (account.asking > 0) return undefined
  const { id, ...need } = call
  const ask: Ask = { id: `next_${id}`, need, now: false, lease: Math.max(1, wanted(account)), callMs }
  if (outage !== undefined) return now >= outage.probeAt ? ask : undefined
  if (lease === undefined || lease.own || now < account.quietUntil || wanted(account) === 0) return undefined
  const aged = now - lease.openedAt > (LEASE_MS * 3) / 4
  return aged || runsLow(lease, call) ? ask : undefined
}

/** Fewer than two more such calls fit. */
function runsLow({ left }: Lease, call: Reservation): boolean {
  return (
    left.calls < 2 ||
    left.requests < 2 * call.requests ||
    left.tokens < 2 * call.tokens ||
    left.nanoUsd < 2 * call.nanoUsd
  )
}

/** Takes over what the object granted: the call it was granted for, if it still waits, and a lease for others. */
export function accept(account: Account, granted: Grant, askedAt: number, call?: Reservation): Lease {
  const lease = openLease(granted, askedAt)
  if (call !== undefined) take(lease, call)
  if (granted.leaseMs > 0) replaceLease(account, lease)
  else {
    account.closed.push(lease)
    lease.changed = call === undefined // what nobody waits for any more goes back; a running call is known already
  }
  return lease
}

function replaceLease(account: Account, next: Lease | undefined): void {
  if (account.lease !== undefined) {
    account.lease.changed = true // that it has ended is news
    account.closed.push(account.lease)
  }
  account.lease = next
}

/** Without its object a key that fails open gets a share of its limits from the isolate itself. */
export function admittedInOutage(
  account: Account,
  key: KeyView,
  call: Reservation,
  now: number,
): Lease | undefined {
  if (key.failMode !== 'open') return undefined
  account.outage ??= { since: now, nanoUsd: openMoney(key), probeAt: now }
  account.outage.probeAt = now + PROBE_MS
  const current = account.lease
  if (current?.own === true && isValid(current, now)) return take(current, call) ? current : undefined
  if (current !== undefined) closeLease(account)
  const { requestsPerMinute = Infinity, tokensPerMinute = Infinity, concurrent = Infinity } = key.limits
  const lease = ownLease(call.id, now, {
    leaseMs: OUTAGE_MS,
    requests: Math.ceil(requestsPerMinute / OPEN_RATE_PARTS),
    tokens: Math.ceil(tokensPerMinute / OPEN_RATE_PARTS),
    calls: Math.ceil(concurrent / OPEN_RATE_PARTS),
    nanoUsd: account.outage.nanoUsd,
  })
  replaceLease(account, lease)
  return take(lease, call) ? lease : undefined
}

function openMoney({ budgets }: KeyView): number {
  const { day = Infinity, month = Infinity, total = Infinity } = budgets
  return Math.floor(Math.min(day, month, total) / OPEN_BUDGET_PARTS)
}

/**
 * Closes what has ended and says what is new. Until `delivered`, nothing counts as told. When another lease is asked
 * for, the one at hand keeps only what will be used until it comes; the rest goes back with the same message.
 */
export function collect(account: Account, now: number, ahead: boolean): readonly Report[] {
  const { lease } = account
  if (lease !== undefined && !isValid(lease, now)) closeLease(account)
  const kept = ahead && account.lease?.own === false ? account.lease : undefined
  if (kept !== undefined) shrink(kept, Math.ceil(account.demand / TAIL_PARTS))
  account.closed = account.closed.filter(({ own, validUntil }) => !own || now - validUntil < UNTOLD_MS)
  const news = account.closed.filter(({ changed }) => changed)
  const current = kept ?? (account.lease?.own === true && account.lease.changed ? account.lease : undefined)
  return [...news, ...(current === undefined ? [] : [current])].map((each) => {
    each.changed = false
    return reportOf(each, each === kept)
  })
}
/** A quarter of the life of a lease: longer than an answer takes. */
const TAIL_PARTS = 4

/** The object may have granted what the isolate was never told: that goes back, unused. */
export function abandon(account: Account, id: string, now: number): void {
  const nothing = { requests: 0, tokens: 0, nanoUsd: 0, calls: 0, leaseMs: 0 }
  account.closed.push(openLease({ id, own: false, ...nothing }, now))
}

/** The lease admits no more: its unused part goes back with the next report. */
export function closeLease(account: Account): void {
  const { lease, outage } = account
  if (lease?.own === true && outage !== undefined) outage.nanoUsd = lease.left.nanoUsd
  replaceLease(account, undefined)
}

/** What an answer changes, whatever it was asked for. */
export function delivered(account: Account, answer: SyncAnswer, leaseWanted: boolean, askedAt: number): void {
  account.meters = answer.meters
  if (leaseWanted && (answer.granted?.leaseMs ?? 0) === 0) account.quietUntil = askedAt + LEASE_MS
  account.closed = account.closed.filter(({ open, changed }) => changed || open.size > 0)
  if (account.outage === undefined) return
  if (account.lease?.own === true) closeLease(account)
  account.outage = undefined
}

export function undelivered(account: Account, reports: readonly Report[]): void {
  const ids = new Set(reports.map(({ id }) => id))
  for (const each of account.closed) if (ids.has(each.id)) each.changed = true
  if (account.lease !== undefined && ids.has(account.lease.id)) account.lease.changed = true
}

export function hasNews({ lease, closed }: Account, now: number): boolean {
  if (closed.some(({ changed }) => changed)) return true
  return lease !== undefined && (lease.own ? lease.changed : !isValid(lease, now))
}

/** When what is known now must be reported: with the end of the lease, or soon. */
export function flushDue({ lease, closed }: Account, now: number): number | undefined {
  const news = closed.filter(({ changed }) => changed)
  const due = news.map(({ own }) => now + (own ? TAB_TOLD_MS : FLUSH_MS))
  if (lease?.own === true && lease.changed) due.push(now + TAB_TOLD_MS)
  if (lease?.own === false) due.push(Math.max(lease.validUntil, now))
  return due.length === 0 ? undefined : Math.min(...due)
}
/** Calls that end close to each other are reported together. */
const FLUSH_MS = 1_000
