import { describe, expect, test } from 'vitest'
import {
  capacityKey,
  credentialKey,
  gateFor,
  gateOf,
  gateOfAllowance,
  modelKey,
  reopen,
  shut,
  type Subject,
} from '../../../src/health/gates.ts'
import { nextPacificMidnight } from '../../../src/health/pacific.ts'
import { FAILURES, type FailureKind } from '../../../src/providers/failure.ts'

const subject: Subject = { provider: 'openai', credential: 'main', model: 'gpt-5' }
const now = Date.UTC(2026, 10, 24, 12)
const of = (
  kind: FailureKind,
  extra: { retryAfterMs?: number; dailyReset?: 'pacific'; random?: number } = {},
) =>
  gateOf({
    failure: { kind, message: kind, retryAfterMs: extra.retryAfterMs },
    subject: { ...subject, ...(extra.dailyReset && { dailyReset: extra.dailyReset }) },
    now,
    random: extra.random ?? 0,
  })

describe('which gate a failure shuts', () => {
  test('every kind that names a gate shuts one, and no other does', () => {
    for (const kind of Object.keys(FAILURES) as FailureKind[])
      expect([kind, of(kind, { retryAfterMs: 1_000 }) !== undefined]).toEqual([
        kind,
        FAILURES[kind].gate !== undefined,
      ])
  })
  test('a rate limit rests the credential for this model, as long as it was told and up to a fifth more', () => {
    expect(of('rate_limited', { retryAfterMs: 10_000 })).toMatchObject({
      key: capacityKey(subject),
      gate: { until: now + 10_000 },
    })
    expect(of('rate_limited', { retryAfterMs: 10_000, random: 1 })?.gate.until).toBe(now + 12_000)
    expect(of('rate_limited')?.gate.until).toBe(now + 5_000)
  })
  test('an upstream cannot shut itself off for ever', () => {
    expect(of('rate_limited', { retryAfterMs: 1e12 })?.gate.until).toBe(now + 3_600_000)
  })
  test('overload is health alone, unless the upstream says how long', () => {
    expect(of('overloaded')).toBeUndefined()
    expect(of('overloaded', { retryAfterMs: 3_000 })?.key).toBe(capacityKey(subject))
  })
  test('a bill rests the whole credential for ten minutes', () => {
    expect(of('billing')).toEqual({
      key: credentialKey(subject),
      gate: { until: now + 600_000, reason: 'billing' },
    })
  })
  test("a day's quota lasts until midnight in Los Angeles, whatever its Retry-After says", () => {
    const gate = of('quota_exhausted', { dailyReset: 'pacific', retryAfterMs: 22_000 })
    expect(gate).toEqual({
      key: capacityKey(subject),
      gate: { until: Date.UTC(2026, 10, 25, 8), reason: 'quota_exhausted' },
    })
    expect(of('quota_exhausted')?.key).toBe(credentialKey(subject))
  })
  test('a missing model shuts the model and no other', () => {
    expect(of('model_missing')?.key).toBe(modelKey(subject))
  })
  test('a credential that is nearly spent rests before it is refused', () => {
    const spent = gateOfAllowance([{ limit: 1_000, remaining: 19, resetMs: 4_000 }], subject, now)
    expect(spent?.gate).toEqual({ until: now + 4_000, reason: 'nearly_spent' })
    expect(gateOfAllowance([{ limit: 1_000, remaining: 20, resetMs: 4_000 }], subject, now)).toBeUndefined()
    expect(gateOfAllowance([{ limit: 0, remaining: 0, resetMs: 4_000 }], subject, now)).toBeUndefined()
  })
})

describe('shut gates', () => {
  test('closing again keeps the later deadline', () => {
    const day = shut({}, 'k', { until: now + 80_000_000, reason: 'quota_exhausted' })
    expect(shut(day, 'k', { until: now + 2_000, reason: 'rate_limited' })).toBe(day)
    expect(shut(day, 'k', { until: now + 90_000_000, reason: 'billing' })['k']?.reason).toBe('billing')
  })
  test('a gate opens when its time has come', () => {
    const gates = shut({}, capacityKey(subject), { until: now + 1_000, reason: 'rate_limited' })
    expect(gateFor(gates, subject, now + 999)).toBeDefined()
    expect(gateFor(gates, subject, now + 1_000)).toBeUndefined()
    expect(gateFor(gates, { ...subject, credential: 'other' }, now)).toBeUndefined()
  })
  test('a check that succeeds disproves a bad key, not an unpaid bill', () => {
    const bad = shut({}, credentialKey(subject), { until: now + 1, reason: 'bad_credential' })
    const unpaid = shut({}, credentialKey(subject), { until: now + 1, reason: 'billing' })
    expect(reopen(bad, subject)).toEqual({})
    expect(reopen(unpaid, subject)).toBe(unpaid)
  })
})

describe('midnight in Los Angeles', () => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'America/Los_Angeles',
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const local = (ms: number): string => format.format(ms)
  test.each([
    ['winter', Date.UTC(2026, 0, 15, 20)],
    ['summer', Date.UTC(2026, 6, 15, 20)],
    ['the evening before the clocks go forward', Date.UTC(2026, 2, 8, 5)],
    ['the morning after they did', Date.UTC(2026, 2, 8, 18)],
    ['the evening before they go back', Date.UTC(2026, 10, 1, 5)],
    ['between midnight and the change', Date.UTC(2026, 10, 1, 8)],
    ['after it', Date.UTC(2026, 10, 1, 20)],
    ['new year', Date.UTC(2026, 11, 31, 23)],
    ['leap day', Date.UTC(2028, 1, 29, 12)],
  ])('%s', (_, ms) => {
    const next = nextPacificMidnight(ms)
    expect(local(next)).toMatch(/00:00:00$/)
    expect(next).toBeGreaterThan(ms)
    expect(next - ms).toBeLessThanOrEqual(25 * 3_600_000)
  })
  test('every hour of six years agrees with the time zone database', () => {
    const wrong: string[] = []
    for (let ms = Date.UTC(2024, 0, 1); ms < Date.UTC(2030, 0, 1); ms += 7 * 3_600_000) {
      const next = nextPacificMidnight(ms)
      const right = local(next).endsWith('00:00:00') && next > ms && next - ms <= 25 * 3_600_000
      if (!right) wrong.push(new Date(ms).toISOString())
    }
    expect(wrong).toEqual([])
  })
})
