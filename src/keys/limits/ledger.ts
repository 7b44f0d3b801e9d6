import { type Books, capsOf, openBooks } from './books.ts'
import { type KeyUsage, type Meters, metersOf, usageOf } from './meters.ts'
import { type Ask, type Grant, grant, type Report, type Shortage } from './quota.ts'
import type { KeyRecord } from '../record.ts'
import { type Excess, expire, givenBack, report, type Settled } from './settlement.ts'

/** Where a ledger survives a restart. Everything a call changes is written before its answer leaves. */
export interface LedgerStore {
  readonly books: () => Books | undefined
  readonly grants: () => Iterable<Grant>
  readonly putBooks: (books: Books) => void
  readonly putGrant: (grant: Grant) => void
  readonly dropGrant: (id: string) => void
}

type Limited = Pick<KeyRecord, 'limits' | 'budgets'>

/** Applies the rules of `quota.ts` and `settlement.ts` to what is stored, one call at a time. */
export interface Ledger {
  report(reports: readonly Report[], now: number): void
  ask(key: Limited, ask: Ask, now: number): { readonly granted?: Grant; readonly shortage?: Shortage }
  /** What a call was charged too much. */
  giveBack(excess: Excess, now: number): void
  /** Ends every grant that is due. */
  expire(key: Limited, now: number): void
  /** When the next grant is due. */
  nextExpiry(): number | undefined
  meters(key: Limited, now: number): Meters
  usage(key: Limited, now: number): KeyUsage
}

export function createLedger(store: LedgerStore, now: number): Ledger {
  let books = store.books() ?? openBooks(now)
  const grants = new Map<string, Grant>()
  for (const each of store.grants()) grants.set(each.id, each)
  /** Nothing is due before it; a lower bound spares a walk through all grants at every call. */
  let earliest = dueFirst(grants)
  let moved = false

  function keep(id: string, settled: Settled): void {
    if (settled.grant === undefined) {
      grants.delete(id)
      store.dropGrant(id)
    } else {
      grants.set(id, settled.grant)
      store.putGrant(settled.grant)
      earliest = Math.min(earliest, settled.grant.expiresAt)
    }
    books = settled.books
    moved = true
  }
  /** Once per message, however much it moved. */
  function save(): void {
    if (moved) store.putBooks(books)
    moved = false
  }

  return {
    report(reports, now) {
      for (const said of reports) {
        const known = grants.get(said.id)
        const settled = report(books, known, said, now)
        if (settled.grant !== known) keep(said.id, settled)
      }
      save()
    },
    ask(key, ask, now) {
      const again = grants.get(ask.id)
      if (again !== undefined) return { granted: again }
      const result = grant(books, capsOf(key.limits, key.budgets), ask, now)
      books = result.books
      if (!result.ok) return { shortage: result.shortage }
      if (result.grant === undefined) return {}
      keep(ask.id, { books, grant: result.grant })
      save()
      return { granted: result.grant }
    },
    giveBack(excess, now) {
      books = givenBack(books, excess, now)
      store.putBooks(books)
    },
    expire(key, now) {
      if (now < earliest) return
      const caps = capsOf(key.limits, key.budgets)
      for (const each of grants.values()) {
        if (each.expiresAt <= now) keep(each.id, expire(books, caps, each, now))
      }
      earliest = dueFirst(grants)
      save()
    },
    nextExpiry: () => (grants.size === 0 ? undefined : dueFirst(grants)),
    meters: (key, now) => metersOf(books, capsOf(key.limits, key.budgets), now),
    usage: (key, now) => usageOf(books, capsOf(key.limits, key.budgets), now),
  }
}

function dueFirst(grants: ReadonlyMap<string, Grant>): number {
  let first = Infinity
  for (const { expiresAt } of grants.values()) first = Math.min(first, expiresAt)
  return first
}
