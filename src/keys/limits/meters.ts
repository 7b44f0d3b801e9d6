import { atTime, type Books, type Caps, PERIODS, type PeriodName, resetsAt } from './books.ts'
import { LEASE_MS } from './quota.ts'
import { NANO_USD } from '../record.ts'
import { emptyMs, total } from './window.ts'

/** What is left of a limit per minute, as of when it was read. */
export interface Meter {
  readonly limit: number
  readonly remaining: number
  /** Until the whole limit is free again. */
  readonly resetMs: number
}
export interface Meters {
  readonly requests?: Meter
  readonly tokens?: Meter
}

/** Only limits that are set have meters. */
export function metersOf(books: Books, caps: Caps, now: number): Meters {
  const at = atTime(books, now, LEASE_MS)
  const meter = (name: 'requests' | 'tokens'): { readonly [name in 'requests' | 'tokens']?: Meter } =>
    caps[name] === Infinity
      ? {}
      : {
          [name]: {
            limit: caps[name],
            remaining: Math.max(0, caps[name] - total(at[name])),
            resetMs: emptyMs(at[name], now),
          },
        }
  return { ...meter('requests'), ...meter('tokens') }
}

interface Unspent {
  readonly requests: number
  readonly tokens: number
}

/** OpenAI's names and forms; what an isolate holds on lease is still the caller's. */
export function rateHeaders(meters: Meters, onLease: Unspent = NO_LEASE): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of ['requests', 'tokens'] as const) {
    const meter = meters[name]
    if (meter === undefined) continue
    const left = Number.isFinite(onLease[name]) ? Math.max(0, onLease[name]) : 0
    headers[`x-ratelimit-limit-${name}`] = String(meter.limit)
    headers[`x-ratelimit-remaining-${name}`] = String(Math.min(meter.limit, meter.remaining + left))
    headers[`x-ratelimit-reset-${name}`] = duration(meter.resetMs)
  }
  return headers
}
const NO_LEASE: Unspent = { requests: 0, tokens: 0 }

/** As Go prints it and OpenAI sends it: `120ms`, `1s`, `1m3.5s`. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms))
  if (whole < 1_000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = `${(whole % 60_000) / 1_000}s`
  return minutes === 0 ? seconds : `${minutes}m${seconds}`
}

/** What the holder of a key may read of it. */
export interface KeyUsage extends Meters {
  readonly concurrent: { readonly limit?: number; readonly running: number }
  readonly budgets: Readonly<Record<PeriodName, BudgetUsage>>
  /** Charged for calls whose end is not known; a late report corrects it. */
  readonly unsettledUsd: number
  /** By how much answers cost more than their worst case: 0 unless a bound is wrong. */
  readonly overrunUsd: number
}
export interface BudgetUsage {
  readonly limitUsd?: number
  readonly spentUsd: number
  /** Set aside for calls that run, and for leases. */
  readonly heldUsd: number
  /** Unix milliseconds. */
  readonly resetsAt?: number
}

export function usageOf(books: Books, caps: Caps, now: number): KeyUsage {
  const at = atTime(books, now, LEASE_MS)
  const budget = (name: PeriodName): BudgetUsage => {
    const { key, spent, held } = at.money[name]
    const reset = resetsAt(name, key)
    return {
      ...(caps.money[name] !== Infinity && { limitUsd: caps.money[name] / NANO_USD }),
      spentUsd: spent / NANO_USD,
      heldUsd: held / NANO_USD,
      ...(reset !== undefined && { resetsAt: reset }),
    }
  }
  const [day, month, ever] = PERIODS
  return {
    ...metersOf(at, caps, now),
    concurrent: { ...(caps.calls !== Infinity && { limit: caps.calls }), running: at.calls },
    budgets: { day: budget(day), month: budget(month), total: budget(ever) },
    unsettledUsd: at.unsettled / NANO_USD,
    overrunUsd: at.overrun / NANO_USD,
  }
}
