import { describe, expect, test } from 'vitest'
import { capsOf, openBooks } from '../../../src/keys/limits/books.ts'
import { duration, metersOf, rateHeaders, usageOf } from '../../../src/keys/limits/meters.ts'
import { denialError, refusalError, refusalOf } from '../../../src/keys/refusal.ts'

const NOON = Date.UTC(2026, 10, 24, 12)

describe('refusals', () => {
  test('a request that can never fit says so, with the type of the limit (B-04)', () => {
    const error = refusalError(
      refusalOf({ short: 'tokens', never: true }, { 'x-ratelimit-limit-tokens': '99' }),
    )
    expect(error.status).toBe(429)
    expect(error.toBody().error).toMatchObject({ type: 'tokens', code: 'rate_limit_exceeded' })
    expect(error.toBody().error.message).toContain('can never fit')
    expect(error.detail).toMatchObject({ retry: false, headers: { 'x-ratelimit-limit-tokens': '99' } })
    expect(error.detail.retryAfterMs).toBeUndefined()
  })

  test('a rate says when to come back, and lets clients retry', () => {
    const error = refusalError(refusalOf({ short: 'requests', never: false, waitMs: 1_500 }, {}))
    expect(error.toBody().error).toMatchObject({ type: 'requests', code: 'rate_limit_exceeded' })
    expect(error.detail).toMatchObject({ retryAfterMs: 1_500 })
    expect(error.detail.retry).toBeUndefined()
  })

  test.each([
    ['day', 60_000, 60_000],
    ['day', 7_200_000, undefined],
    ['total', undefined, undefined],
  ] as const)(
    'a used-up %s budget that is whole again in %s ms stops clients',
    (short, waitMs, retryAfterMs) => {
      const error = refusalError(
        refusalOf({ short, never: false, ...(waitMs !== undefined && { waitMs }) }, {}),
      )
      expect(error).toMatchObject({ code: 'insufficient_quota', status: 429 })
      expect(error.detail).toMatchObject({ retry: false, retryAfterMs })
    },
  )

  test('revoked, disabled and unknown keys are not told apart', () => {
    expect(denialError('revoked').toBody()).toEqual(denialError('disabled').toBody())
    expect(denialError('revoked')).toMatchObject({
      status: 401,
      detail: { headers: { 'www-authenticate': 'Bearer' } },
    })
    expect(denialError('model')).toMatchObject({ code: 'model_not_found', status: 404 })
    expect(denialError('endpoint')).toMatchObject({ code: 'not_allowed', status: 403 })
    expect(refusalError({ kind: 'expired', never: true, headers: {} })).toMatchObject({
      code: 'invalid_api_key',
    })
  })
})

describe('meters', () => {
  test.each([
    [0, '0ms'],
    [120, '120ms'],
    [1_000, '1s'],
    [61_000, '1m1s'],
    [3_500, '3.5s'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })

  test('limits that are not set have no header', () => {
    const meters = metersOf(openBooks(NOON), capsOf({ tokensPerMinute: 10 }, {}), NOON)
    expect(rateHeaders(meters, { requests: Infinity, tokens: -1 })).toEqual({
      'x-ratelimit-limit-tokens': '10',
      'x-ratelimit-remaining-tokens': '10',
      'x-ratelimit-reset-tokens': '0ms',
    })
  })

  test('usage is in dollars, with the time of the next reset', () => {
    expect(usageOf(openBooks(NOON), capsOf({}, { month: 2_500_000_000 }), NOON)).toEqual({
      concurrent: { running: 0 },
      budgets: {
        day: { spentUsd: 0, heldUsd: 0, resetsAt: Date.UTC(2026, 10, 25) },
        month: { limitUsd: 2.5, spentUsd: 0, heldUsd: 0, resetsAt: Date.UTC(2026, 11, 1) },
        total: { spentUsd: 0, heldUsd: 0 },
      },
      unsettledUsd: 0,
      overrunUsd: 0,
    })
  })
})
