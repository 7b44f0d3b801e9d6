import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  comparable,
  compareCatalog,
  ourPrice,
  REASONS,
  same,
  theirPrice,
} from '../../../scripts/catalog-compare.ts'
import type { ModelCard } from '../../../src/catalog/model-card.ts'
import type { Usage } from '../../../src/protocol/usage.ts'

const TODAY = new Date('2026-11-23T12:00:00Z')
const models = comparable(TODAY)

/** Text, part of it out of a cache; long enough, now and then, to be priced as a long context. */
const usages = fc
  .record({
    input: fc.oneof(fc.nat(5_000), fc.nat(400_000)),
    cachedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    outputTokens: fc.nat(50_000),
  })
  .map(({ input, cachedShare, outputTokens }): Usage => ({
    inputTokens: input,
    cachedTokens: Math.floor(input * cachedShare),
    outputTokens,
  }))

describe('against a price source that others keep', () => {
  test('there are enough models in both to mean something', () => {
    expect(models.length).toBeGreaterThan(60)
  })

  test('every difference in a price of a class of tokens has a reason', () => {
    const { differences } = compareCatalog(TODAY)
    expect(differences.filter(({ reason }) => reason === undefined)).toEqual([])
    expect([...new Set(differences.map(({ model }) => model))].sort()).toEqual(Object.keys(REASONS).sort())
  })

  test.each(
    models.filter(({ id }) => REASONS[id] === undefined).map((card): [string, ModelCard] => [card.id, card]),
  )('%s costs the same, whatever is used', (_, card) => {
    fc.assert(
      fc.property(usages, (usage) => {
        const [ours, theirs] = [ourPrice(card, usage, TODAY), theirPrice(card, usage, TODAY)]
        if (theirs === undefined) return
        expect({ usage, ours, theirs, same: same(ours ?? -1, theirs) }).toMatchObject({ same: true })
      }),
      { numRuns: 30, seed: 1 },
    )
  })
})
