import { describe, expect, test } from 'vitest'
import { type Books, type Caps, capsOf, openBooks } from '../../../src/keys/limits/books.ts'
import { type Ask, type Grant, grant, LEASE_MS, type Report } from '../../../src/keys/limits/quota.ts'
import { NANO_USD } from '../../../src/keys/record.ts'
import { expire, report } from '../../../src/keys/limits/settlement.ts'

const NOON = Date.UTC(2026, 10, 24, 12)
const need = (nanoUsd: number, tokens = 100) => ({ requests: 1, tokens, nanoUsd })
const ask = (id: string, nanoUsd = 0, more: Partial<Ask> = {}): Ask => ({
  id,
  need: need(nanoUsd),
  now: true,
  lease: 100,
  callMs: 600_000,
  ...more,
})
const dollars = (total: number) => capsOf({}, { total: total * NANO_USD })
const said = (id: string, seq: number, nanoUsd: number, open = 0): Report => ({
  id,
  seq,
  done: { requests: 1, tokens: 50, nanoUsd },
  open: { calls: open === 0 ? 0 : 1, requests: 0, tokens: 0, nanoUsd: open },
  own: false,
})

function granted(books: Books, caps: Caps, wanted: Ask, now = NOON): { books: Books; grant: Grant } {
  const result = grant(books, caps, wanted, now)
  if (!result.ok || result.grant === undefined) throw new Error('not granted')
  return { books: result.books, grant: result.grant }
}

describe('grants', () => {
  test('far from a limit a call gets a lease beside it, near it none', () => {
    const caps = dollars(1)
    const far = granted(openBooks(NOON), caps, ask('a', 1_000_000))
    expect(far.grant).toMatchObject({ nanoUsd: 1_000_000 + 49_950_000, leaseMs: LEASE_MS })
    const near = granted(openBooks(NOON), caps, ask('a', NANO_USD * 0.6))
    expect(near.grant).toMatchObject({ nanoUsd: NANO_USD * 0.6, leaseMs: 0, calls: 1 })
  })

  test('what is set aside is not given again, and says whether waiting helps', () => {
    const caps = dollars(1)
    const { books, grant: first } = granted(openBooks(NOON), caps, ask('a', NANO_USD * 0.7))
    const second = grant(books, caps, ask('b', NANO_USD * 0.4), NOON)
    expect(second).toMatchObject({ ok: false, shortage: { short: 'total', never: false, waitMs: 2_000 } })
    const settled = report(books, first, said('a', 1, NANO_USD * 0.7), NOON).books
    const third = grant(settled, caps, ask('b', NANO_USD * 0.4), NOON)
    expect(third).toMatchObject({ ok: false, shortage: { short: 'total', never: false } })
    expect(!third.ok && third.shortage).not.toHaveProperty('waitMs')
    expect(grant(settled, caps, ask('c', NANO_USD * 2), NOON)).toMatchObject({ shortage: { never: true } })
  })

  test('what costs nothing is granted on a budget that is overdrawn, and no lease with money beside it', () => {
    const { books, grant: first } = granted(openBooks(NOON), dollars(1), ask('a', NANO_USD * 0.7))
    const spent = report(books, first, said('a', 1, NANO_USD * 0.7), NOON).books
    const less = dollars(0.5)
    expect(grant(spent, less, ask('b', 1), NOON)).toMatchObject({ ok: false, shortage: { short: 'total' } })
    expect(granted(spent, less, ask('b', 0)).grant).toMatchObject({ nanoUsd: 0, held: 0 })
  })

  test.each([
    ['requests', { requestsPerMinute: 1 }],
    ['tokens', { tokensPerMinute: 150 }],
    ['concurrent', { concurrent: 1 }],
  ])('the second call is short of %s', (short, limits) => {
    const caps = capsOf(limits, {})
    const { books } = granted(openBooks(NOON), caps, ask('a'))
    expect(grant(books, caps, ask('b'), NOON)).toMatchObject({ ok: false, shortage: { short, never: false } })
  })

  test('a call larger than the tokens of a minute can never fit', () => {
    const caps = capsOf({ tokensPerMinute: 99 }, {})
    expect(grant(openBooks(NOON), caps, ask('a'), NOON)).toMatchObject({
      shortage: { short: 'tokens', never: true },
    })
  })

  test('a lease does not outlive the day whose money it holds', () => {
    const late = Date.UTC(2026, 10, 24, 23, 59, 59, 500)
    expect(granted(openBooks(late), capsOf({}, { day: NANO_USD }), ask('a', 1), late).grant.leaseMs).toBe(500)
  })

  test('a daily budget starts again at midnight, a month later in the year', () => {
    const caps = capsOf({}, { day: NANO_USD, month: 5 * NANO_USD })
    const { books, grant: made } = granted(openBooks(NOON), caps, ask('a', NANO_USD))
    const spent = report(books, made, said('a', 1, NANO_USD), NOON).books
    expect(grant(spent, caps, ask('b', 1), NOON)).toMatchObject({
      shortage: { short: 'day', waitMs: 43_200_000 },
    })
    const tomorrow = grant(spent, caps, ask('b', 1), NOON + 43_200_000)
    expect(tomorrow).toMatchObject({ ok: true, books: { money: { month: { spent: NANO_USD } } } })
  })
})

describe('reports', () => {
  const caps = dollars(1)
  const begun = () => granted(openBooks(NOON), caps, ask('a', 600_000_000))

  test('B-08 are counted once, in whatever order they come', () => {
    const { books, grant: made } = begun()
    const second = report(books, made, said('a', 2, 200_000_000, 100_000_000), NOON)
    const first = report(second.books, second.grant, said('a', 1, 100_000_000, 300_000_000), NOON)
    expect(first).toEqual(second)
    const last = report(first.books, first.grant, said('a', 3, 250_000_000), NOON)
    expect(last.grant).toBeUndefined()
    expect(last.books.money.total).toMatchObject({ spent: 250_000_000, held: 0 })
    expect(report(last.books, undefined, said('a', 3, 250_000_000), NOON).books).toEqual(last.books)
  })

  test('B-10 a clock an hour back between grant and report neither refunds nor frees anything', () => {
    const back = NOON - 3_600_000
    const { books, grant: made } = begun()
    const settled = report(books, made, said('a', 1, 300_000_000), back)
    expect(settled.books.money.total).toMatchObject({ spent: 300_000_000, held: 0 })
    const limited = capsOf({ requestsPerMinute: 1 }, {})
    const once = granted(openBooks(NOON), limited, ask('a'))
    const refused = grant(once.books, limited, ask('b'), back)
    expect(refused).toMatchObject({ ok: false })
    expect(grant(refused.books, limited, ask('b'), back + 63_001)).toMatchObject({ ok: true })
  })

  test('an answer dearer than its worst case is counted in full, and told', () => {
    const { books, grant: made } = begun()
    const settled = report(books, made, said('a', 1, 900_000_000), NOON).books
    expect(settled).toMatchObject({ overrun: 300_000_000, money: { total: { spent: 900_000_000, held: 0 } } })
  })

  test('amounts that are none count nothing', () => {
    const { books, grant: made } = begun()
    for (const amount of [-1, Number.NaN, Infinity]) {
      const settled = report(books, made, said('a', 1, amount), NOON).books
      expect(settled.money.total).toMatchObject({ spent: 0, held: 0 })
    }
  })

  test('calls nobody asked for are booked, once', () => {
    const own = { ...said('local', 1, 5), own: true }
    const once = report(openBooks(NOON), undefined, own, NOON)
    expect(once.books.money.total.spent).toBe(5)
    expect(report(once.books, once.grant, own, NOON).books.money.total.spent).toBe(5)
  })
})

describe('expiry', () => {
  const caps = dollars(1)
  test('gives a small hold back, and a late report corrects that', () => {
    const { books, grant: made } = granted(openBooks(NOON), caps, ask('a', 1_000_000))
    expect(expire(books, caps, made, made.expiresAt - 1)).toMatchObject({ grant: made })
    const small = { ...made, nanoUsd: 1_000_000, held: 1_000_000 }
    const only = { ...books, money: { ...books.money, total: { ...books.money.total, held: small.held } } }
    const gone = expire(only, caps, small, made.expiresAt)
    expect(gone).toMatchObject({ grant: { state: 'forgiven' } })
    expect(gone.books.money.total).toMatchObject({ spent: 0, held: 0, forgiven: 1_000_000 })
    const late = report(gone.books, gone.grant, said('a', 1, 400_000), made.expiresAt + 1)
    expect(late.books.money.total).toMatchObject({ spent: 400_000, held: 0, forgiven: 0 })
  })

  test('charges a hold beyond the allowance, and a late report refunds the difference', () => {
    const { books, grant: made } = granted(openBooks(NOON), caps, ask('a', 600_000_000))
    const gone = expire(books, caps, made, made.expiresAt)
    expect(gone.books).toMatchObject({
      unsettled: 600_000_000,
      money: { total: { spent: 600_000_000, held: 0 } },
    })
    const late = report(gone.books, gone.grant, said('a', 1, 10), made.expiresAt + 1)
    expect(late.books).toMatchObject({ unsettled: 0, calls: 0, money: { total: { spent: 10, held: 0 } } })
    const forgotten = expire(gone.books, caps, gone.grant ?? made, gone.grant?.expiresAt ?? 0)
    expect(forgotten.grant).toBeUndefined()
    expect(report(forgotten.books, undefined, said('a', 1, 10), NOON).books).toMatchObject({
      unsettled: 600_000_000,
    })
  })
})
