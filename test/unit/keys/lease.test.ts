import { describe, expect, test } from 'vitest'
import { capsOf, openBooks } from '../../../src/keys/limits/books.ts'
import { isValid, openLease, reportOf, settle, shrink, take } from '../../../src/keys/limits/lease.ts'
import { grant } from '../../../src/keys/limits/quota.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const call = (id: string, amount = 10) => ({ id, requests: 1, tokens: amount, nanoUsd: amount })
const lease = () =>
  openLease({ id: 'l', own: false, requests: 5, tokens: 100, nanoUsd: 100, calls: 5, leaseMs: 2_000 }, NOW)

describe('a lease', () => {
  test('is valid from when it was asked for until it ends, and not when the clock goes back', () => {
    const made = lease()
    expect([NOW, NOW + 1_999].every((at) => isValid(made, at))).toBe(true)
    expect([NOW - 1, NOW + 2_000].some((at) => isValid(made, at))).toBe(false)
  })

  test('admits what fits, each call once, and takes back what a call did not use', () => {
    const made = lease()
    expect(take(made, call('a', 90))).toBe(true)
    expect(take(made, call('a', 1))).toBe(false)
    expect(take(made, call('b', 20))).toBe(false)
    expect(settle(made, 'a', { tokens: 5, nanoUsd: 30 })).toBe(true)
    expect(take(made, call('b', 70))).toBe(true)
    expect(take(made, call('c', 1))).toBe(false)
    expect(reportOf(made, false)).toEqual({
      id: 'l',
      seq: 1,
      done: { requests: 2, tokens: 5, nanoUsd: 30 },
      open: { calls: 1, requests: 0, tokens: 70, nanoUsd: 70 },
      own: false,
    })
  })

  test('that is shrunk admits no more than it reports', () => {
    const made = lease()
    take(made, call('a'))
    shrink(made, 2)
    expect(reportOf(made, true).open).toEqual({ calls: 3, requests: 2, tokens: 30, nanoUsd: 30 })
    expect(['b', 'c', 'd'].map((id) => take(made, call(id)))).toEqual([true, true, false])
    expect(reportOf(made, false)).toMatchObject({ done: { requests: 3 }, open: { calls: 3, nanoUsd: 30 } })
  })
})

test('a lease counts in the sliding minute until a minute after it can last be used', () => {
  const caps = capsOf({ requestsPerMinute: 100 }, {})
  const ask = (id: string, leased: number) => ({
    id,
    now: true,
    lease: leased,
    callMs: 1_000,
    need: { requests: 1, tokens: 0, nanoUsd: 0 },
  })
  const first = grant(openBooks(NOW), caps, ask('first', 50), NOW)
  expect(first).toMatchObject({ ok: true, grant: { requests: 5, leaseMs: 2_000 } })
  const free = (at: number) => grant(first.books, capsOf({ requestsPerMinute: 5 }, {}), ask('x', 0), at).ok
  expect(free(NOW + 61_999)).toBe(false)
  expect(free(NOW + 63_000)).toBe(true)
})
