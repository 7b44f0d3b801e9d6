import { dayOf, secondsOf } from '../../catalog/civil-date.ts'
import type { Budgets, Limits } from '../record.ts'
import { anchored, pruned, type Window } from './window.ts'

/** A limit that is not set is infinite, so that no rule needs to ask whether there is one. */
export interface Caps {
  readonly requests: number
  readonly tokens: number
  readonly calls: number
  readonly money: Readonly<Record<PeriodName, number>>
}
export type PeriodName = 'day' | 'month' | 'total'
export const PERIODS = ['day', 'month', 'total'] as const satisfies readonly PeriodName[]

/** One budget's running period, in nanodollars. */
export interface Period {
  /** `2026-11-24`, `2026-11`, or `ever`. */
  readonly key: string
  /** Settled cost, and what was charged for calls whose end nobody reported. */
  readonly spent: number
  /** Set aside for calls that run and for leases. */
  readonly held: number
  /** Given back although nobody said that it was not spent; never more than `forgivable`. */
  readonly forgiven: number
}

/** Everything a key's object counts. */
export interface Books {
  readonly requests: Window
  readonly tokens: Window
  readonly calls: number
  readonly money: Readonly<Record<PeriodName, Period>>
  /** By how much answers cost more than the worst case reserved for them: 0 unless a bound is wrong. */
  readonly overrun: number
  /** Charged for calls whose end nobody reported, and not corrected since. */
  readonly unsettled: number
}

/** What a budget gives back of unreported holds in one period: beyond it they are charged. */
const FORGIVABLE_PARTS = 20

export function forgivable(cap: number): number {
  return Math.floor(cap / FORGIVABLE_PARTS)
}

export function capsOf(limits: Limits, budgets: Budgets): Caps {
  return {
    requests: limits.requestsPerMinute ?? Infinity,
    tokens: limits.tokensPerMinute ?? Infinity,
    calls: limits.concurrent ?? Infinity,
    money: {
      day: budgets.day ?? Infinity,
      month: budgets.month ?? Infinity,
      total: budgets.total ?? Infinity,
    },
  }
}

export function openBooks(now: number): Books {
  const money = { day: period('day', now), month: period('month', now), total: period('total', now) }
  return { requests: [], tokens: [], calls: 0, money, overrun: 0, unsettled: 0 }
}

/**
 * The books as of now: old bookings dropped, a new day or month begun. A period never goes back: a clock that
 * does buys nothing with it.
 */
export function atTime(books: Books, now: number, bookedAheadMs: number): Books {
  return {
    ...books,
    requests: pruned(anchored(books.requests, now + bookedAheadMs), now),
    tokens: pruned(anchored(books.tokens, now + bookedAheadMs), now),
    money: {
      day: rolled(books.money.day, period('day', now)),
      month: rolled(books.money.month, period('month', now)),
      total: books.money.total,
    },
  }
}

function rolled(current: Period, next: Period): Period {
  return next.key > current.key ? next : current
}

function period(name: PeriodName, now: number): Period {
  return { key: periodKey(name, now), spent: 0, held: 0, forgiven: 0 }
}

export function periodKey(name: PeriodName, now: number): string {
  const day = dayOf(now)
  return { day, month: day.slice(0, 7), total: 'ever' }[name]
}

/** When a period's budget is whole again, in Unix milliseconds. */
export function resetsAt(name: PeriodName, key: string): number | undefined {
  if (name === 'total') return undefined
  const [year = 0, month = 1] = key.split('-').map(Number)
  if (name === 'day') return (secondsOf(key) ?? 0) * 1_000 + 86_400_000
  const next = month === 12 ? `${year + 1}-01-01` : `${year}-${String(month + 1).padStart(2, '0')}-01`
  return (secondsOf(next) ?? 0) * 1_000
}

/** What of a budget is neither spent nor set aside. */
export function roomIn(cap: number, { spent, held }: Period): number {
  return cap - spent - held
}

export interface Movement {
  readonly spent?: number
  readonly held?: number
  readonly forgiven?: number
}

/** Adds to the periods that are still the ones the money was set aside in: a closed day is not reopened. */
export function moved(
  money: Books['money'],
  keys: Readonly<Record<PeriodName, string>>,
  { spent = 0, held = 0, forgiven = 0 }: Movement,
): Books['money'] {
  const move = (name: PeriodName): Period => {
    const each = money[name]
    if (each.key !== keys[name]) return each
    return {
      key: each.key,
      spent: Math.max(0, each.spent + spent),
      held: Math.max(0, each.held + held),
      forgiven: Math.max(0, each.forgiven + forgiven),
    }
  }
  return { day: move('day'), month: move('month'), total: move('total') }
}
