import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { card } from '../../../src/catalog/card.ts'
import { createPricing } from '../../../src/catalog/pricing.ts'
import type { Usage } from '../../../src/protocol/usage.ts'

/** The catalog as it is written down, and its prices worked out from that alone, without any of our own code. */
interface Row {
  readonly effective_from: string | null
  readonly effective_until: string | null
  readonly long_context: (Rates & { readonly threshold_tokens: number }) | null
  readonly tier_multipliers: { readonly [tier in Tier]?: number | null } | null
  readonly tier_prices: { readonly [tier in Tier]?: Rates } | null
}
type Rates = { readonly [name in Name]?: number | null }
type Tier = 'flex' | 'priority'
type Name = keyof typeof CLASSES
const MODELS: readonly { readonly id: string; readonly pricing: readonly (Row & Rates)[] }[] = JSON.parse(
  readFileSync(new URL('../../../catalog/models.json', import.meta.url), 'utf8'),
)

/** Answers that used one class of tokens and nothing else, and the day's price of that class. */
const CLASSES = {
  input_text: (n: number): Usage => ({ inputTokens: n, outputTokens: 0 }),
  cached_input_text: (n: number): Usage => ({ inputTokens: n, outputTokens: 0, cachedTokens: n }),
  cache_write: (n: number): Usage => ({ inputTokens: n, outputTokens: 0, cacheWriteTokens: n }),
  audio_in: (n: number): Usage => ({ inputTokens: n, outputTokens: 0, audioInputTokens: n }),
  image_in: (n: number): Usage => ({ inputTokens: n, outputTokens: 0, imageInputTokens: n }),
  video_in: (n: number): Usage => ({ inputTokens: n, outputTokens: 0, videoInputTokens: n }),
  output_text: (n: number): Usage => ({ inputTokens: 0, outputTokens: n, reasoningTokens: n }),
  audio_out: (n: number): Usage => ({ inputTokens: 0, outputTokens: n, audioOutputTokens: n }),
  image_out: (n: number): Usage => ({ inputTokens: 0, outputTokens: n, imageOutputTokens: n }),
}
const TIERS = [undefined, 'flex', 'priority'] as const
const NAMES = Object.keys(CLASSES) as Name[]
const isInput = (name: Name): boolean => !name.includes('out')

const priceOf = createPricing({})
const nextDay = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10)

/** The first and last day of a row, and one in between where it is open. */
const daysOf = ({ effective_from: from, effective_until: until }: Row): readonly string[] =>
  [from, until, until === null ? '2030-01-01' : undefined].filter((day) => typeof day === 'string')

/** Whole picodollars: a dollar per million tokens is a million of them each; halves are rounded up. */
const pico = (tokens: number, usd: number, factor: number): bigint => {
  const scaled = BigInt(tokens) * BigInt(Math.round(usd * 1e6)) * BigInt(Math.round(factor * 10_000))
  return (scaled + 5_000n) / 10_000n
}

function expected(row: Row & Rates, name: Name, tokens: number, tier: Tier | undefined): bigint | undefined {
  const long = row.long_context
  const rates = long !== null && isInput(name) && tokens > long.threshold_tokens ? long : row
  const factor = tier === undefined ? 1 : row.tier_multipliers?.[tier]
  if (typeof factor !== 'number') return undefined
  const printed = tier === undefined ? undefined : row.tier_prices?.[tier]?.[name]
  if (typeof printed === 'number') return pico(tokens, printed, 1)
  const rate = rates[name]
  return typeof rate === 'number' ? pico(tokens, rate, factor) : undefined
}

describe('every price that is written down', () => {
  const cases = MODELS.flatMap(({ id, pricing }) =>
    pricing.flatMap((row) =>
      NAMES.filter((name) => typeof row[name] === 'number').map((name) => ({ id, row, name })),
    ),
  )

  test('is what is charged, in every tier, on its first and last day, and on both sides of a long context', () => {
    const asked = cases.flatMap(({ id, row, name }) => {
      const above = row.long_context?.threshold_tokens
      const sizes = [1, 7, 999_983, ...(above === undefined || !isInput(name) ? [] : [above, above + 1])]
      return daysOf(row).flatMap((date) =>
        sizes.flatMap((tokens) => TIERS.map((tier) => ({ id, row, name, date, tokens, tier }))),
      )
    })
    const wrong = asked.flatMap(({ id, row, name, date, tokens, tier }) => {
      const answered = { card: card(id), served: { model: id, tier }, model: id, date }
      const ours = priceOf({ ...answered, usage: CLASSES[name](tokens) })?.picoUsd
      const theirs = expected(row, name, tokens, tier)
      return ours === theirs ? [] : [{ id, name, date, tokens, tier, ours, theirs }]
    })
    expect(cases.length).toBeGreaterThan(250)
    expect(wrong).toEqual([])
  })

  test('holds for days that follow on those of the one before', () => {
    const changed = MODELS.filter(({ pricing }) => pricing.length > 1)
    expect(changed.map(({ pricing }) => pricing.at(-1)?.effective_until)).toEqual(changed.map(() => null))
    for (const { id, pricing } of changed) {
      for (const [i, { effective_until: until }] of pricing.slice(0, -1).entries()) {
        const next = pricing[i + 1]?.effective_from ?? undefined
        expect({ id, next }).toEqual({ id, next: until === null ? null : nextDay(until, 1) })
      }
    }
  })
})
