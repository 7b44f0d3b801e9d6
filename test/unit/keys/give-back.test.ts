import { describe, expect, test } from 'vitest'
import { capsOf, moved, openBooks, periodKey } from '../../../src/keys/limits/books.ts'
import { grant } from '../../../src/keys/limits/quota.ts'
import { expire, givenBack } from '../../../src/keys/limits/settlement.ts'

const NOON = Date.UTC(2026, 10, 24, 12)
const MINUTE = 60_000
const DAY = 86_400_000
const keysAt = (at: number) => ({
  day: periodKey('day', at),
  month: periodKey('month', at),
  total: periodKey('total', at),
})
const charged = (nanoUsd: number, at: number) => {
  const books = openBooks(at)
  return { ...books, money: moved(books.money, keysAt(at), { spent: nanoUsd }) }
}
const spentOf = ({ money }: ReturnType<typeof charged>) => [
  money.day.spent,
  money.month.spent,
  money.total.spent,
]

describe('what a call was charged beyond its cost', () => {
  test('goes back to every period that it was charged to', () => {
    const books = givenBack(charged(1_000, NOON), { nanoUsd: 900, at: NOON }, NOON + MINUTE)
    expect(spentOf(books)).toEqual([100, 100, 100])
  })

  test('goes back to no later day or month than its own', () => {
    const tomorrow = { ...charged(1_000, NOON + DAY) }
    expect(spentOf(givenBack(tomorrow, { nanoUsd: 900, at: NOON }, NOON + DAY))).toEqual([1_000, 100, 100])
    const december = charged(1_000, NOON + 7 * DAY)
    expect(spentOf(givenBack(december, { nanoUsd: 900, at: NOON }, NOON + 7 * DAY))).toEqual([
      1_000, 1_000, 100,
    ])
  })

  test('goes back to no day that the clocks of isolate and object may not agree on', () => {
    const late = Date.UTC(2026, 10, 24, 23, 59, 30)
    expect(spentOf(givenBack(charged(1_000, late), { nanoUsd: 900, at: late }, late))).toEqual([
      1_000, 100, 100,
    ])
  })

  test.each([-5, Number.NaN, Infinity, 0])('an amount of %s gives nothing', (nanoUsd) => {
    expect(spentOf(givenBack(charged(1_000, NOON), { nanoUsd, at: NOON }, NOON))).toEqual([
      1_000, 1_000, 1_000,
    ])
  })

  test('is never more than was spent', () => {
    expect(spentOf(givenBack(charged(100, NOON), { nanoUsd: 900, at: NOON }, NOON))).toEqual([0, 0, 0])
  })
})

describe('the bound of a budget', () => {
  const NANO = 1_000_000_000
  const caps = capsOf({}, { total: NANO })
  const WORST = 40_000_000
  const ask = {
    id: 'a',
    need: { requests: 1, tokens: 0, nanoUsd: WORST },
    now: true,
    lease: 0,
    callMs: 1_000,
  }

  test.each(['forgiven', 'charged'] as const)(
    'holds where the isolate died, and its hold was %s',
    (state) => {
      const before = charged(500_000_000, NOON)
      const total = { ...before.money.total, forgiven: state === 'forgiven' ? 0 : 50_000_000 }
      const result = grant({ ...before, money: { ...before.money, total } }, caps, ask, NOON)
      if (!result.ok || result.grant === undefined) throw new Error('not granted')
      const dead = expire(result.books, caps, result.grant, NOON + DAY)
      expect(dead.grant?.state).toBe(state)
      const actual = 1_000_000
      const { money } = givenBack(dead.books, { nanoUsd: WORST - actual, at: NOON }, NOON + DAY)
      // What was spent is on the books, or within what may be forgiven.
      expect(money.total.spent + money.total.forgiven - total.forgiven).toBe(500_000_000 + actual)
      expect(money.total.forgiven).toBeLessThanOrEqual(NANO / 20)
    },
  )
})
