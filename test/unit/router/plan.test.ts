import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Admission, Refusal } from '../../../src/health/admit.ts'
import type { Candidate } from '../../../src/router/candidate.ts'
import { plan, type PlanInput } from '../../../src/router/plan.ts'
import { priority } from '../../../src/router/strategies/priority.ts'
import { candidate, context } from './candidates.ts'

const no = (target: string, why: Refusal['why'], panicShare = 1): Admission => ({
  verdict: 'no',
  why,
  panicShare,
  panicPermit: { target, epoch: 1, kind: 'panic' },
  retryAfterMs: 1_500,
})
const lease = (target: string): Admission => ({
  verdict: 'probe',
  permit: { target, epoch: 1, kind: 'lease', lease: 'L' },
})
const of = (candidates: readonly Candidate[], change: Partial<PlanInput> = {}, random = 0.5, tokens = 500) =>
  plan(
    { candidates, needs: new Set(), ...change },
    priority,
    context(() => random, { promptTokens: tokens }),
  )
const ids = (p: ReturnType<typeof of>): readonly string[] => p.order.map((c) => c.id)

describe('plan', () => {
  test('what cannot serve is dropped, with its reason', () => {
    const p = of(
      [
        candidate('codec', { serves: false }),
        candidate('blind', { features: new Set(['tools']) }),
        candidate('small', { contextTokens: 1_000 }),
        candidate('dear', { costNano: 2_000 }),
        candidate('gated', { costNano: 1, gate: { until: 1, reason: 'rate_limited' } }),
        candidate('good', { costNano: 1, features: new Set(['vision']) }),
      ],
      { needs: new Set(['vision']), maxCostNano: 1_000 },
      0.5,
      2_000,
    )
    expect(ids(p)).toEqual(['good'])
    expect(p.dropped.map((d) => d.why)).toEqual(['endpoint', 'capability', 'context', 'price', 'gate'])
    expect(p.dropped.at(-1)?.detail).toBe('rate_limited')
  })
  test('the context estimate has a little slack', () => {
    expect(of([candidate('a', { contextTokens: 1_000 })], {}, 0.5, 1_050).outcome).toBe('ok')
    expect(of([candidate('a', { contextTokens: 1_000 })], {}, 0.5, 1_051).outcome).toBe('none')
  })
  test('tiers in order of priority', () => {
    expect(
      ids(
        of([
          candidate('c', { priority: 2 }),
          candidate('a', { priority: 0 }),
          candidate('b', { priority: 1 }),
        ]),
      ),
    ).toEqual(['a', 'b', 'c'])
  })
  test('an open target is passed over, and a lease for it is wanted', () => {
    const p = of([candidate('a', { admission: no('a', 'open') }), candidate('b')])
    expect(ids(p)).toEqual(['b'])
    expect(p.wanted).toEqual(['a'])
    expect(p.suppressed).toEqual([])
  })
  test('what the own breaker withheld counts only where it would have been used', () => {
    expect(of([candidate('a', { admission: no('a', 'local') }), candidate('b')]).suppressed).toEqual(['a'])
    expect(of([candidate('b'), candidate('a', { admission: no('a', 'local') })]).suppressed).toEqual([])
  })
  test('a leased probe goes first, with the others behind it', () => {
    expect(ids(of([candidate('a'), candidate('b', { admission: lease('b') })]))).toEqual(['b', 'a'])
  })
  test('a gated target is still better than none that health admits', () => {
    const gate = { until: 5_000, reason: 'rate_limited' } as const
    const p = of([candidate('a', { admission: no('a', 'open') }), candidate('b', { gate })])
    expect(p.outcome).toBe('ok')
    expect(ids(p)).toEqual(['b'])
    expect(p.wanted).toEqual(['a'])
    expect(p.reserve.map(({ id }) => id)).toEqual(['a'])
  })
  test('who has no leave now stands in reserve, the gated last and the unfit nowhere', () => {
    const p = of([
      candidate('gated', { gate: { until: 5_000, reason: 'rate_limited' } }),
      candidate('red', { admission: no('red', 'ramp') }),
      candidate('good'),
      candidate('blind', { serves: false }),
    ])
    expect(ids(p)).toEqual(['good'])
    expect(p.reserve.map(({ id }) => id)).toEqual(['red', 'gated'])
    const panicked = of(
      [candidate('a', { admission: no('a', 'open') }), candidate('b', { admission: no('b', 'open') })],
      {},
      0,
    )
    expect(panicked.outcome).toBe('panic')
    expect([...ids(panicked), ...panicked.reserve.map(({ id }) => id)].toSorted()).toEqual(['a', 'b'])
  })
  test('when everything is red, some requests try the least red, and the rest are told when to come again', () => {
    const red = [
      candidate('a', { admission: no('a', 'open', 0.1) }),
      candidate('b', { admission: no('b', 'open', 0.4) }),
    ]
    const tried = of(red, {}, 0.39)
    expect(tried.outcome).toBe('panic')
    expect(tried.order).toMatchObject([{ id: 'b', permit: { kind: 'panic' } }])
    expect(of(red, {}, 0.4)).toMatchObject({
      outcome: 'refused',
      order: [],
      refused: ['b'],
      retryAfterMs: 1_500,
    })
  })
  test('a target that is well but full makes nobody panic', () => {
    const p = of(
      [candidate('a', { admission: no('a', 'open', 1) }), candidate('b', { admission: no('b', 'spill', 0) })],
      {},
      0,
    )
    expect(p).toMatchObject({ outcome: 'refused', order: [], refused: ['b'] })
  })
  test('policy is never relaxed', () => {
    expect(of([candidate('a', { serves: false })]).outcome).toBe('none')
  })
  test('with every gate shut, the one that opens first is tried: there is nowhere else to go', () => {
    const p = of([
      candidate('late', { gate: { until: 9, reason: 'billing' } }),
      candidate('soon', { gate: { until: 1, reason: 'rate_limited' } }),
    ])
    expect(p.outcome).toBe('ok')
    expect(p.order.map((each) => each.id)).toEqual(['soon', 'late'])
    expect(p.dropped.map(({ why }) => why)).toEqual(['gate', 'gate'])
  })
  test('nothing is admitted while it is open without a lease or a panic, and nobody is lost', () => {
    const admission = fc.constantFrom<(id: string) => Admission>(
      (id) => no(id, 'open'),
      (id) => no(id, 'local', 0.3),
      (id) => no(id, 'ramp'),
      lease,
      (id) => ({ verdict: 'yes', permit: { target: id, epoch: 0, kind: 'normal' } }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(admission, fc.nat(2)), { maxLength: 6 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (all, random) => {
          const candidates = all.map(([make, tier], i) =>
            candidate(`t${i}`, { admission: make(`t${i}`), priority: tier }),
          )
          const p = of(candidates, {}, random)
          for (const planned of p.order) {
            const { verdict } = planned.admission
            expect(verdict !== 'no' || planned.permit.kind === 'panic').toBe(true)
          }
          const seen = [...p.order.map((c) => c.id), ...p.dropped.map((d) => d.id)].sort()
          const complete = JSON.stringify(seen) === JSON.stringify(candidates.map((c) => c.id).sort())
          expect(p.outcome !== 'ok' || complete).toBe(true)
        },
      ),
    )
  })
})
