import type { Grant, Need, Report } from './quota.ts'

/** What one call may cost at most. */
export interface Reservation extends Need {
  readonly id: string
}
/** What it did cost; what is absent or no amount is taken as the worst case. */
export interface Actual {
  readonly tokens?: number | undefined
  readonly nanoUsd?: number | undefined
}

/** A grant as its isolate uses it: the one piece of state here that is changed in place, on the hot path. */
export interface Lease {
  readonly id: string
  readonly own: boolean
  readonly openedAt: number
  readonly validUntil: number
  readonly left: { requests: number; tokens: number; nanoUsd: number; calls: number }
  readonly done: { requests: number; tokens: number; nanoUsd: number }
  readonly open: Map<string, Reservation>
  seq: number
  /** Whether there is something that the object has not been told. */
  changed: boolean
}

/** `askedAt` is the isolate's own time before it asked: no two clocks are ever compared. */
export function openLease(
  granted: Pick<Grant, 'id' | 'requests' | 'tokens' | 'nanoUsd' | 'calls' | 'leaseMs' | 'own'>,
  askedAt: number,
): Lease {
  const { id, own, requests, tokens, nanoUsd, calls, leaseMs } = granted
  return {
    id,
    own,
    openedAt: askedAt,
    validUntil: askedAt + leaseMs,
    left: { requests, tokens, nanoUsd, calls },
    done: { requests: 0, tokens: 0, nanoUsd: 0 },
    open: new Map(),
    seq: 0,
    changed: true,
  }
}

/** A clock that went back closes a lease: how old it is can no longer be told. */
export function isValid({ openedAt, validUntil }: Lease, now: number): boolean {
  return openedAt <= now && now < validUntil
}

/** Admits a call if the lease has room for its worst case. */
export function take(lease: Lease, call: Reservation): boolean {
  const { left } = lease
  const fits =
    left.calls >= 1 &&
    left.requests >= call.requests &&
    left.tokens >= call.tokens &&
    left.nanoUsd >= call.nanoUsd
  if (!fits || lease.open.has(call.id)) return false
  left.calls--
  left.requests -= call.requests
  left.tokens -= call.tokens
  left.nanoUsd -= call.nanoUsd
  lease.done.requests += call.requests
  lease.open.set(call.id, call)
  lease.changed = true
  return true
}

/** Settles a call once; any further settlement of it changes nothing. */
export function settle(lease: Lease, id: string, actual: Actual): boolean {
  const call = lease.open.get(id)
  if (call === undefined) return false
  lease.open.delete(id)
  const tokens = known(actual.tokens, call.tokens)
  const nanoUsd = known(actual.nanoUsd, call.nanoUsd)
  lease.done.tokens += tokens
  lease.done.nanoUsd += nanoUsd
  lease.left.calls++
  lease.left.tokens += call.tokens - tokens
  lease.left.nanoUsd += call.nanoUsd - nanoUsd
  lease.changed = true
  return true
}

function known(value: number | undefined, worst: number): number {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : worst
}

/** Keeps room for so many calls of the size that has been seen, and gives up the rest. */
export function shrink({ left, done, open }: Lease, calls: number): void {
  const largest = { tokens: 0, nanoUsd: 0 }
  for (const call of open.values()) {
    largest.tokens = Math.max(largest.tokens, call.tokens)
    largest.nanoUsd = Math.max(largest.nanoUsd, call.nanoUsd)
  }
  const none = open.size === 0 && done.requests === 0
  left.calls = Math.min(left.calls, none ? 0 : calls)
  left.requests = Math.min(left.requests, calls)
  left.tokens = Math.min(left.tokens, calls * largest.tokens)
  left.nanoUsd = Math.min(left.nanoUsd, calls * largest.nanoUsd)
}

/** Running totals; of a lease that still admits calls with all that it may admit. */
export function reportOf(lease: Lease, admits: boolean): Report {
  const { left } = lease
  const open = admits ? { ...left, calls: left.calls + lease.open.size } : { ...NONE, calls: lease.open.size }
  for (const call of lease.open.values()) {
    open.tokens += call.tokens
    open.nanoUsd += call.nanoUsd
  }
  lease.seq++
  return { id: lease.id, seq: lease.seq, done: { ...lease.done }, open, own: lease.own }
}
const NONE = { requests: 0, tokens: 0, nanoUsd: 0 }
