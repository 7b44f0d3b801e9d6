import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../../src/router/candidate.ts'
import { type StrategyName, strategies } from '../../../src/router/strategies/index.ts'
import { sticky } from '../../../src/router/strategies/sticky.ts'
import { seeded } from '../../support/seeded.ts'
import { candidate, context } from './candidates.ts'

const NAMES = Object.keys(strategies) as StrategyName[]
const logNormal = fc.record({
  n: fc.integer({ min: 0, max: 500 }),
  mu: fc.double({ min: 3, max: 9, noNaN: true }),
  sigma: fc.double({ min: 0, max: 2, noNaN: true }),
})
const any = fc
  .uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 6 }),
      weight: fc.nat(9),
      health: fc.double({ min: 0.05, max: 1, noNaN: true }),
      errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
      costNano: fc.option(fc.nat(1_000_000), { nil: undefined }),
      latency: fc.option(
        fc.record({
          ttft: fc.array(logNormal, { minLength: 4, maxLength: 4 }),
          speed: fc.option(logNormal, { nil: undefined }),
        }),
        { nil: undefined },
      ),
    }),
    { selector: (c) => c.id, maxLength: 8 },
  )
  .map((all) => all.map(({ id, ...change }) => candidate(id, change)))
const first = (name: StrategyName, candidates: readonly Candidate[], c = context(seeded(1))): string =>
  strategies[name](candidates, c)[0]?.id ?? ''
function tally(
  name: StrategyName,
  candidates: readonly Candidate[],
  picks: number,
  seed = 1,
): Record<string, number> {
  const c = context(seeded(seed))
  const counts: Record<string, number> = {}
  for (let i = 0; i < picks; i++) {
    const id = first(name, candidates, c)
    counts[id] = (counts[id] ?? 0) + 1
  }
  return counts
}

describe.each(NAMES)('%s', (name) => {
  test('its output is a permutation, with a score for each, and nothing is changed in place', () => {
    fc.assert(
      fc.property(any, fc.nat(), (candidates, seed) => {
        const frozen = Object.freeze(candidates.map((c) => Object.freeze(c)))
        const order = strategies[name](frozen, context(seeded(seed)))
        expect(order.map((c) => c.id).sort()).toEqual(candidates.map((c) => c.id).sort())
        for (const c of order) expect(Number.isNaN(c.score)).toBe(false)
      }),
    )
  })
})

describe('smooth turns', () => {
  const weights = fc
    .array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 })
    .filter((w) => w.some((x) => x > 0))
  test('every period is exact, wherever it starts', () => {
    fc.assert(
      fc.property(weights, fc.nat(), fc.integer({ min: 1, max: 3 }), (w, seed, periods) => {
        const candidates = w.map((weight, i) => candidate(`t${i}`, { weight }))
        const counts = tally('weighted', candidates, periods * w.reduce((a, b) => a + b, 0), seed)
        w.forEach((weight, i) => expect(counts[`t${i}`] ?? 0).toBe(periods * weight))
      }),
    )
  })
  test('heavy ones are spread: five to one to one never takes more than three in a row', () => {
    const candidates = [candidate('a', { weight: 5 }), candidate('b'), candidate('c')]
    const c = context(() => 0)
    const seen = Array.from({ length: 14 }, () => first('weighted', candidates, c)).join('')
    expect(seen).toBe('aabacaaaabacaa')
  })
  test('isolates start at different places', () => {
    const candidates = [candidate('a'), candidate('b'), candidate('c')]
    const starts = new Set(
      Array.from({ length: 50 }, (_, seed) => first('round-robin', candidates, context(seeded(seed)))),
    )
    expect(starts.size).toBe(3)
  })
})

describe('money and time', () => {
  const fast = {
    ttft: Array.from({ length: 4 }, () => ({ n: 200, mu: Math.log(300), sigma: 0.3 })),
    speed: { n: 200, mu: Math.log(100), sigma: 0.2 },
  }
  const slow = {
    ttft: Array.from({ length: 4 }, () => ({ n: 200, mu: Math.log(3_000), sigma: 0.3 })),
    speed: { n: 200, mu: Math.log(30), sigma: 0.2 },
  }
  test('cost: the cheapest nearly always, the others still now and then', () => {
    const counts = tally(
      'cost',
      [candidate('dear', { costNano: 2_000 }), candidate('cheap', { costNano: 1_000 })],
      4_000,
    )
    expect(counts['cheap']).toBeGreaterThan(3_880)
    expect(counts['dear']).toBeGreaterThan(5)
  })
  test('cost: failures are paid for', () => {
    const counts = tally(
      'cost',
      [candidate('ill', { costNano: 1_000, errorRate: 0.6 }), candidate('well', { costNano: 2_000 })],
      1_000,
    )
    expect(counts['well']).toBeGreaterThan(800)
  })
  test('cost: what has no price comes last', () => {
    const counts = tally('cost', [candidate('unpriced'), candidate('priced', { costNano: 9e9 })], 2_000)
    expect(counts['priced']).toBeGreaterThan(1_940)
  })
  test('latency: the fastest, with about one in a hundred for the other', () => {
    const counts = tally(
      'latency',
      [candidate('slow', { latency: slow }), candidate('fast', { latency: fast })],
      4_000,
    )
    expect(counts['fast']).toBeGreaterThan(3_900)
    expect(counts['slow']).toBeGreaterThan(10)
  })
  test('latency: equals share, so that isolates do not herd', () => {
    const counts = tally(
      'latency',
      [candidate('a', { latency: fast }), candidate('b', { latency: fast })],
      2_000,
    )
    expect(counts['a']).toBeGreaterThan(800)
    expect(counts['a']).toBeLessThan(1_200)
  })
  test('latency: the unknown is explored', () => {
    const counts = tally('latency', [candidate('known', { latency: slow }), candidate('new')], 1_000)
    expect(counts['new']).toBeGreaterThan(900)
  })
  test('balanced: a little more money for a lot less waiting', () => {
    const candidates = [
      candidate('slow', { latency: slow, costNano: 100_000 }),
      candidate('fast', { latency: fast, costNano: 120_000 }),
    ]
    expect(tally('balanced', candidates, 1_000)['fast']).toBeGreaterThan(800)
    const dear = [
      candidate('slow', { latency: slow, costNano: 100_000 }),
      candidate('fast', { latency: fast, costNano: 90_000_000 }),
    ]
    expect(tally('balanced', dear, 1_000)['slow']).toBeGreaterThan(950)
  })
})

describe('sticky', () => {
  const scored = (id: string, change: Partial<Candidate & { score: number }> = {}) => ({
    ...candidate(id, change),
    score: 1,
    ...change,
  })
  test('a permutation; a key stays with its target whoever else leaves', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 6 }),
        fc.string(),
        (ids, key) => {
          const order = sticky(
            ids.map((id) => scored(id)),
            key,
            false,
          )
          expect(order.map((c) => c.id).sort()).toEqual([...ids].sort())
          const home = order[0]?.id
          const loser = ids.find((id) => id !== home)
          expect(
            sticky(
              ids.filter((id) => id !== loser).map((id) => scored(id)),
              key,
              false,
            )[0]?.id,
          ).toBe(home)
        },
      ),
    )
  })
  test('keys are spread by weight', () => {
    const order = [scored('a', { weight: 3 }), scored('b', { weight: 1 })]
    const homes = Array.from({ length: 4_000 }, (_, i) => sticky(order, `session-${i}`, false)[0]?.id)
    expect(homes.filter((id) => id === 'a').length / 4_000).toBeCloseTo(0.75, 1)
  })
  test('a place that is too dear is not kept', () => {
    const key =
      Array.from({ length: 50 }, (_, i) => `s${i}`).find(
        (k) => sticky([scored('a'), scored('b')], k, true)[0]?.id === 'b',
      ) ?? ''
    expect(sticky([scored('a', { score: 1 }), scored('b', { score: 1.5 })], key, true)[0]?.id).toBe('b')
    expect(sticky([scored('a', { score: 1 }), scored('b', { score: 1.6 })], key, true)[0]?.id).toBe('a')
  })
})
