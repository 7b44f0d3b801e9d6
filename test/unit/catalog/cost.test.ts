import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { card, cards } from '../../../src/catalog/card.ts'
import { cost, type CostInput, expectedCost } from '../../../src/catalog/cost.ts'
import type { ModelCard } from '../../../src/catalog/model-card.ts'
import { formatUsd, toMicroUsd } from '../../../src/catalog/money.ts'
import type { Usage } from '../../../src/protocol/usage.ts'

const DATE = '2026-11-23'

function known(id: string): ModelCard {
  const found = card(id)
  if (found === undefined) throw new Error(id)
  return found
}

type Given = Partial<Usage & Omit<CostInput, 'card' | 'usage'>>

function usd(id: string, { tier = 'standard', date = DATE, regional = false, ...usage }: Given) {
  const whole = { inputTokens: 0, outputTokens: 0, ...usage }
  const result = cost({ card: known(id), usage: whole, date, tier, regional })
  return result && formatUsd(result.picoUsd)
}

/** Worked out by hand from the providers' price pages; dated 2026-11-23 unless the row says otherwise. */
describe('outputs checked by hand', () => {
  test.each<[string, string, Given, string]>([
    ['cached input', 'gpt-4o-mini', { inputTokens: 1000, cachedTokens: 400, outputTokens: 200 }, '0.00024'],
    [
      'reasoning inside output',
      'o3',
      { inputTokens: 5000, outputTokens: 3000, reasoningTokens: 2500 },
      '0.034',
    ],
    [
      'audio in and out',
      'gpt-4o-audio',
      { inputTokens: 600, audioInputTokens: 500, outputTokens: 320, audioOutputTokens: 300 },
      '0.04445',
    ],
    [
      'thoughts are output',
      'gemini-2.5-pro',
      { inputTokens: 200_000, outputTokens: 1000, reasoningTokens: 600 },
      '0.26',
    ],
    [
      '[known-bug 52] one token over the long-context limit',
      'gemini-2.5-pro',
      { inputTokens: 200_001, outputTokens: 1000, reasoningTokens: 600 },
      '0.5150025',
    ],
    [
      'text, cached text and audio',
      'gemini-2.5-flash',
      {
        inputTokens: 3000,
        cachedTokens: 500,
        audioInputTokens: 2000,
        outputTokens: 1000,
        reasoningTokens: 900,
      },
      '0.004665',
    ],
    [
      'a search that is always made',
      'gpt-4o-search-preview',
      { inputTokens: 300, outputTokens: 400, searches: 1 },
      '0.02975',
    ],
    ['seconds of audio', 'whisper-1', { seconds: 90 }, '0.009'],
    ['characters spoken', 'tts-1', { characters: 1234 }, '0.01851'],
    [
      'transcription by tokens',
      'gpt-4o-transcribe',
      { inputTokens: 600, audioInputTokens: 600, outputTokens: 200 },
      '0.0035',
    ],
    [
      'printed tier price',
      'gpt-4o-mini',
      { inputTokens: 1000, outputTokens: 200, tier: 'priority' },
      '0.00045',
    ],
    ['before a price change', 'gemini-4-argon', { inputTokens: 100_000, outputTokens: 1000 }, '0.21'],
    [
      'after a price change',
      'gemini-4-argon',
      { inputTokens: 100_000, outputTokens: 1000, date: '2026-12-01' },
      '0.42',
    ],
    [
      'long context with cache reads and writes',
      'gpt-6.1-sol',
      { inputTokens: 300_000, cachedTokens: 200_000, cacheWriteTokens: 50_000, outputTokens: 1000 },
      '0.505',
    ],
  ])('%s: %s', (_case, id, given, expected) => {
    expect(usd(id, given)).toBe(expected)
  })
})

describe('rates', () => {
  test.each<[string, string, Given, string | undefined]>([
    ['cached at the input rate if it has none', 'o3-pro', { inputTokens: 10, cachedTokens: 10 }, '0.0002'],
    [
      'no cached rate in OpenAI batches of old models',
      'gpt-4o',
      { inputTokens: 1000, cachedTokens: 1000, tier: 'batch' },
      '0.00125',
    ],
    ['flex halves', 'gpt-5', { inputTokens: 1000, outputTokens: 1000, tier: 'flex' }, '0.005625'],
    [
      'printed flex cache rate',
      'o4-mini',
      { inputTokens: 1000, cachedTokens: 1000, tier: 'flex' },
      '0.000138',
    ],
    ['priority and long context', 'gpt-6.1-sol', { inputTokens: 300_000, tier: 'priority' }, '2.4'],
    ['regional processing', 'gpt-5.4', { inputTokens: 1000, regional: true }, '0.00275'],
    ['no regional surcharge before gpt-5.4', 'gpt-4o', { inputTokens: 1000, regional: true }, '0.0025'],
    ['exactly at the long-context limit', 'gpt-5.5', { inputTokens: 272_000 }, '1.36'],
    [
      'tool results do not count as context',
      'gemini-2.5-pro',
      { inputTokens: 210_000, toolUseTokens: 10_000 },
      '0.2625',
    ],
    [
      'twelve-hour cache writes',
      'gpt-6.1-sol',
      { inputTokens: 300, cacheWriteTokens: 300, cacheWrite12hTokens: 100 },
      '0.001',
    ],
    [
      'cache writes are plain input on old models',
      'gpt-5',
      { inputTokens: 1000, cacheWriteTokens: 1000 },
      '0.00125',
    ],
    [
      'cached audio',
      'gpt-realtime-2.1',
      { inputTokens: 1000, audioInputTokens: 1000, cachedTokens: 400, cachedAudioTokens: 400 },
      '0.01936',
    ],
    [
      'image tokens both ways',
      'gpt-image-2',
      { inputTokens: 150, imageInputTokens: 50, outputTokens: 1000 },
      '0.0309',
    ],
    [
      'audio at the text rate if it has none',
      'gemini-3.8-flash',
      { inputTokens: 1000, audioInputTokens: 1000 },
      '0.00075',
    ],
    ['speech by tokens', 'gpt-4o-mini-tts', { inputTokens: 100, outputTokens: 1000, seconds: 50 }, '0.01206'],
    ['embeddings', 'text-embedding-3-small', { inputTokens: 1000 }, '0.00002'],
    ['moderation is free', 'omni-moderation-latest', { inputTokens: 1000 }, '0'],
    ['an unevenly divided minute', 'gpt-live-transcribe', { seconds: 1 }, '0.000283333333'],
    ['a price cut', 'o3', { inputTokens: 1000, date: '2025-06-09' }, '0.01'],
    ['the day of the price cut', 'o3', { inputTokens: 1000, date: '2025-06-10' }, '0.002'],
    ['images priced by the piece', 'dall-e-3', { images: 2, imageKind: 'hd 1024x1792' }, '0.24'],
    ['a tier that is not sold', 'gpt-4', { inputTokens: 1, tier: 'priority' }, undefined],
    ['a day before the first price', 'gpt-5.6-sol', { inputTokens: 1, date: '2026-07-08' }, undefined],
    ['a model without prices', 'gemini-flash-latest', { inputTokens: 1 }, undefined],
    ['an output without a price', 'text-embedding-3-small', { inputTokens: 1, outputTokens: 1 }, undefined],
    [
      'audio from a model without a price for it',
      'gpt-4o',
      { outputTokens: 1, audioOutputTokens: 1 },
      undefined,
    ],
    [
      'long twelve-hour writes',
      'gpt-6.1-sol',
      { inputTokens: 300_000, cacheWriteTokens: 1, cacheWrite12hTokens: 1 },
      undefined,
    ],
    ['seconds of a model billed by tokens', 'gpt-4o', { seconds: 1 }, undefined],
    ['an image of unknown kind', 'dall-e-3', { images: 1, imageKind: 'constructor' }, undefined],
  ])('%s: %s', (_case, id, given, expected) => {
    expect(usd(id, given)).toBe(expected)
  })
})

describe('fees', () => {
  test.each<[string, string, Given, string | undefined]>([
    ['search calls', 'gpt-5', { searches: 3 }, '0.03'],
    ['search calls with a fixed block of input', 'gpt-4o-mini', { searches: 2 }, '0.0224'],
    ['legacy search on a reasoning model', 'gpt-5', { previewSearches: 1 }, '0.01'],
    ['legacy search on another model', 'gpt-4o', { previewSearches: 1 }, '0.025'],
    ['file search', 'gpt-5', { fileSearches: 4 }, '0.01'],
    ['Gemini 2 by grounded prompt', 'gemini-2.5-flash', { groundedPrompts: 1, searchQueries: 4 }, '0.035'],
    ['Gemini 3 by query', 'gemini-3.8-flash', { groundedPrompts: 1, searchQueries: 4 }, '0.056'],
    ['maps', 'gemini-3.8-flash', { mapsGroundings: 1 }, '0.014'],
    ['a search whose fee is unknown', 'gpt-4.1-nano', { inputTokens: 10, searches: 1 }, undefined],
    ['a search by a model that has none', 'whisper-1', { seconds: 1, searches: 1 }, undefined],
  ])('%s: %s', (_case, id, given, expected) => {
    expect(usd(id, given)).toBe(expected)
  })
})

test('answers that report no tokens are priced by the estimate, and say so', () => {
  const usage = { inputTokens: 0, outputTokens: 0, seconds: 60 }
  expect(cost({ card: known('gpt-4o-mini-tts'), usage, date: DATE })).toEqual({
    picoUsd: 15_000_000_000n,
    parts: [{ class: 'seconds', units: 60, picoUsd: 15_000_000_000n }],
    estimated: true,
  })
})

test('the parts name what was billed', () => {
  const usage = { inputTokens: 1000, cachedTokens: 400, outputTokens: 200 }
  expect(cost({ card: known('gpt-4o-mini'), usage, date: DATE })?.parts).toEqual([
    { class: 'input', units: 600, picoUsd: 90_000_000n },
    { class: 'cached', units: 400, picoUsd: 30_000_000n },
    { class: 'output', units: 200, picoUsd: 120_000_000n },
  ])
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, -5, 1.5])('a count of %s is no crash', (strange) => {
  const usage = { inputTokens: strange, outputTokens: 1, cachedTokens: strange, seconds: strange }
  expect(cost({ card: known('gpt-4o'), usage, date: DATE })?.picoUsd).toBeGreaterThan(0n)
})

describe('for any model and usage', () => {
  const tokens = fc.integer({ min: 0, max: 400_000 })
  const texts = fc.record({ inputTokens: tokens, outputTokens: tokens })
  const mixtures = fc.record({
    inputTokens: tokens,
    outputTokens: tokens,
    cachedTokens: tokens,
    cachedAudioTokens: tokens,
    cacheWriteTokens: tokens,
    audioInputTokens: tokens,
    imageInputTokens: tokens,
    audioOutputTokens: tokens,
    toolUseTokens: fc.integer({ min: 0, max: 1000 }),
  })
  const terms = fc.record({
    card: fc.constantFrom(...cards()),
    date: fc.constantFrom('2026-11-23', '2026-12-01', '2027-01-01'),
    tier: fc.constantFrom('standard', 'batch', 'flex', 'priority'),
    regional: fc.boolean(),
  })

  test('[known-bug 49] the parts add up, every token is billed once', () => {
    fc.assert(
      fc.property(terms, mixtures, (term, usage) => {
        const result = cost({ ...term, usage })
        fc.pre(result !== undefined)
        const units = result.parts.reduce((sum, part) => sum + part.units, 0)
        expect(units).toBe(usage.inputTokens + usage.outputTokens)
        expect(result.parts.reduce((sum, part) => sum + part.picoUsd, 0n)).toBe(result.picoUsd)
      }),
    )
  })

  test('more tokens never cost less', () => {
    fc.assert(
      fc.property(terms, texts, texts, (term, usage, more) => {
        const grown = {
          inputTokens: usage.inputTokens + more.inputTokens,
          outputTokens: usage.outputTokens + more.outputTokens,
        }
        const less = cost({ ...term, usage })
        const greater = cost({ ...term, usage: grown })
        fc.pre(less !== undefined && greater !== undefined)
        expect(greater.picoUsd >= less.picoUsd).toBe(true)
      }),
    )
  })

  test('[known-bug 51] a cached token never costs more than an uncached one', () => {
    fc.assert(
      fc.property(terms, texts, tokens, (term, usage, cachedTokens) => {
        const uncached = cost({ ...term, usage })
        const cached = cost({ ...term, usage: { ...usage, cachedTokens } })
        expect(cached === undefined).toBe(uncached === undefined)
        expect((cached?.picoUsd ?? 0n) <= (uncached?.picoUsd ?? 0n)).toBe(true)
      }),
    )
  })

  test('what is expected is what is billed', () => {
    fc.assert(
      fc.property(terms, texts, ({ card, date }, usage) => {
        const billed = cost({ card, date, usage })?.picoUsd
        expect(expectedCost(card, usage.inputTokens, usage.outputTokens, date)).toBe(billed)
      }),
    )
  })
})

describe('money', () => {
  test.each([
    [0n, '0'],
    [1n, '0.000000000001'],
    [240_000_000n, '0.00024'],
    [1_000_000_000_000n, '1'],
    [12_345_678_901_234_567_890n, '12345678.90123456789'],
    [-1_500_000_000_000n, '-1.5'],
  ])('%s pico is %s', (pico, text) => {
    expect(formatUsd(pico)).toBe(text)
  })

  test.each([
    [0n, 0],
    [499_999n, 0],
    [500_000n, 1],
    [240_000_000n, 240],
  ])('%s pico is %s micro', (pico, micro) => {
    expect(toMicroUsd(pico)).toBe(micro)
  })
})
