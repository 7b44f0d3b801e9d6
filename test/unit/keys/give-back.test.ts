import { describe, expect, test } from 'vitest'
import { moved, openBooks, periodKey } from '../../../src/keys/books.ts'
import { givenBack } from '../../../src/keys/settlement.ts'

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
