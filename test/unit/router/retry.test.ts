import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAILURES, type FailureKind } from '../../../src/providers/failure.ts'
import { firstEventLimitMs } from '../../../src/router/first-event-limit.ts'
import { textTokens } from '../../../src/lib/text-tally.ts'
import { promptTokens } from '../../../src/router/estimate.ts'
import { decide, type Progress, RETRY_POLICY } from '../../../src/router/retry.ts'
import { seeded } from '../../support/seeded.ts'

const fresh: Progress = {
  attempts: 1,
  onThisTarget: 1,
  tookMs: 50,
  remainingMs: 60_000,
  streak: 1,
  retryAllowed: true,
  elsewhere: true,
  p50Ms: 400,
  nextP50Ms: 400,
  sameElsewhere: false,
}
const of = (kind: FailureKind, change: Partial<Progress> = {}, retryAfterMs?: number, random = 0.5) =>
  decide({ kind, message: kind, retryAfterMs }, { ...fresh, ...change }, RETRY_POLICY, () => random)

describe('decide', () => {
  test('every kind does what its row says', () => {
    for (const kind of Object.keys(FAILURES) as FailureKind[])
      expect([kind, of(kind).act]).toEqual([kind, FAILURES[kind].act])
  })
  test('503 fails over at once', () => expect(of('overloaded')).toEqual({ act: 'next', afterMs: 0 }))
  test('a retry waits for a random part of 200 ms, twice as much after the second attempt', () => {
    expect(of('server_error', {}, undefined, 0.5)).toEqual({ act: 'retry', afterMs: 100 })
    expect(of('server_error', { attempts: 2 }, undefined, 0.5)).toEqual({ act: 'retry', afterMs: 200 })
  })
  test('a connection that failed is tried again at once, a lock after 100 to 300 ms', () => {
    expect(of('network')).toEqual({ act: 'retry', afterMs: 0 })
    expect(of('conflict', {}, undefined, 0.5)).toEqual({ act: 'retry', afterMs: 200 })
  })
  test('a short Retry-After replaces the delay, a long one sends to the next', () => {
    expect(of('rate_limited', {}, 1_000, 1)).toEqual({ act: 'retry', afterMs: 1_200 })
    expect(of('rate_limited', {}, 2_001).act).toBe('next')
    expect(of('server_error', {}, 30_000).act).toBe('next')
  })
  test.each([
    ['the budget is spent', { retryAllowed: false }],
    ['it took a second', { tookMs: 1_000 }],
    ['it is the second time here', { onThisTarget: 2 }],
    ['this isolate sees a streak', { streak: 2 }],
  ])('no retry when %s', (_, change) => expect(of('server_error', change).act).toBe('next'))
  test('three attempts at most', () =>
    expect(of('overloaded', { attempts: 3 })).toEqual({ act: 'stop', why: 'attempts' }))
  test('nobody left', () =>
    expect(of('overloaded', { elsewhere: false })).toEqual({ act: 'stop', why: 'exhausted' }))
  test('too little time left for the next one', () => {
    expect(of('overloaded', { remainingMs: 1_999 })).toEqual({ act: 'stop', why: 'deadline' })
    expect(of('overloaded', { remainingMs: 5_000, nextP50Ms: 6_000 })).toEqual({
      act: 'stop',
      why: 'deadline',
    })
  })
  test("the same internal error at two targets is the request's", () => {
    expect(of('server_error', { sameElsewhere: true })).toEqual({ act: 'stop', why: 'same-everywhere' })
  })
  test("a gateway's quick failure is tried again only where there is nobody else", () => {
    expect(of('bad_gateway').act).toBe('next')
    expect(of('bad_gateway', { elsewhere: false }).act).toBe('retry')
    expect(of('bad_gateway', { elsewhere: false, tookMs: 60_000 }).act).toBe('stop')
  })
  test('whatever happens, it ends in time and in three attempts', () => {
    const kind = fc.constantFrom(...(Object.keys(FAILURES) as FailureKind[]))
    const failure = fc.tuple(kind, fc.nat(30_000), fc.option(fc.nat(5_000), { nil: undefined }))
    fc.assert(
      fc.property(
        fc.array(failure, { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 1_000, max: 60_000 }),
        fc.nat(5),
        fc.nat(),
        (failures, deadline, others, seed) => {
          const random = seeded(seed)
          let [at, attempts, onThisTarget, untried] = [0, 0, 0, others]
          for (const [k, ms, retryAfterMs] of failures) {
            attempts++
            onThisTarget++
            // An attempt never outlives the deadline: its own most see to that.
            const tookMs = Math.min(ms, deadline - at)
            at += tookMs
            const next = decide(
              { kind: k, message: k, retryAfterMs },
              {
                ...fresh,
                attempts,
                onThisTarget,
                elsewhere: untried > 0,
                tookMs,
                remainingMs: deadline - at,
              },
              RETRY_POLICY,
              random,
            )
            if (next.act === 'stop') break
            at += next.afterMs
            expect(at).toBeLessThanOrEqual(deadline)
            if (next.act === 'next') [untried, onThisTarget] = [untried - 1, 0]
          }
          expect(attempts).toBeLessThanOrEqual(3)
          expect(at).toBeLessThanOrEqual(deadline)
          expect(untried).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })
})

describe('the limit to the first event', () => {
  test('what the target usually needs, and 60 % of the rest while there is another', () => {
    const most = 20_000
    const usual = { n: 100, mu: Math.log(400), sigma: 0.5 }
    expect(firstEventLimitMs(most, usual, 300_000, true)).toBeCloseTo(2 * 400 * Math.exp(1.55), 0)
    expect(firstEventLimitMs(most, { ...usual, mu: 2 }, 300_000, true)).toBe(3_000)
    expect(firstEventLimitMs(most, { ...usual, n: 5 }, 300_000, true)).toBe(20_000)
    expect(firstEventLimitMs(most, undefined, 10_000, true)).toBe(6_000)
    expect(firstEventLimitMs(most, undefined, 10_000, false)).toBe(10_000)
  })
})

describe('estimate', () => {
  test('characters by script', () => {
    expect(textTokens('The quick brown fox jumps over the lazy dog.')).toBe(11)
    expect(textTokens('日本語')).toBe(3)
  })
  test('media count by what they are', () => {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(1_000_000)}` } }
    expect(promptTokens([{ role: 'user', content: [image] }])).toBeLessThan(1_100)
  })
  test('any JSON, any depth', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => promptTokens(value) >= 0))
    let deep: unknown = 'x'
    for (let i = 0; i < 10_000; i++) deep = [deep]
    expect(promptTokens(deep)).toBe(0)
  })
})
