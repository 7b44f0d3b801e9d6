import { readFileSync } from 'node:fs'
import { calcPrice } from '@pydantic/genai-prices'
import { cards } from '../src/catalog/card.ts'
import { cost } from '../src/catalog/cost.ts'
import type { ModelCard } from '../src/catalog/model-card.ts'
import type { Usage } from '../src/protocol/usage.ts'

/** One price that two sources disagree on. */
export interface Difference {
  readonly model: string
  /** What was priced: a class of tokens, or a whole usage. */
  readonly part: string
  readonly ours: string
  readonly theirs: string
  /** Why we hold on to ours; undefined where nobody has looked into it. */
  readonly reason: string | undefined
  /** Where our price was seen. */
  readonly sources: readonly string[]
}

const PROVIDERS = { openai: 'openai', gemini: 'google' } as const
/** A picodollar: what a sum of floating-point numbers may be off by, many times over. */
const SAME = 1e-9

/** A usage in our classes, as theirs: both count cached and audio tokens within the input. */
export function theirUsage(usage: Usage): Record<string, number> {
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_read_tokens: usage.cachedTokens ?? 0,
    cache_write_tokens: usage.cacheWriteTokens ?? 0,
    input_audio_tokens: usage.audioInputTokens ?? 0,
    output_audio_tokens: usage.audioOutputTokens ?? 0,
  }
}

/** US dollars, by them; undefined for a model that they do not list under its own name. */
export function theirPrice(card: ModelCard, usage: Usage, at: Date): number | undefined {
  const providerId = PROVIDERS[card.provider]
  try {
    const result = calcPrice(theirUsage(usage), card.upstreamId, { providerId, timestamp: at })
    return result === null ? undefined : result.total_price
  } catch {
    return undefined // a class of tokens that the model has no price for
  }
}

/** US dollars, by us. */
export function ourPrice(card: ModelCard, usage: Usage, at: Date): number | undefined {
  const price = cost({ card, usage, date: at.toISOString().slice(0, 10) })
  return price && Number(price.picoUsd) / 1e12
}

export const same = (left: number, right: number): boolean =>
  Math.abs(left - right) <= Math.max(SAME, Math.abs(left) * 1e-9)

/** One class at a time, a million tokens of it; a hundred thousand for what long contexts reprice. */
const PARTS: Readonly<Record<string, Usage>> = {
  input: { inputTokens: 100_000, outputTokens: 0 },
  'cached input': { inputTokens: 100_000, cachedTokens: 100_000, outputTokens: 0 },
  output: { inputTokens: 0, outputTokens: 100_000 },
  'long input': { inputTokens: 500_000, outputTokens: 0 },
}

/** Models that both price by tokens, text in and text out. */
export function comparable(at: Date): readonly ModelCard[] {
  return cards().filter((card) => {
    const text = card.inputs.includes('text') && card.outputs.includes('text')
    const usage = { inputTokens: 1_000, outputTokens: 1_000 }
    return text && ourPrice(card, usage, at) !== undefined && theirPrice(card, usage, at) !== undefined
  })
}

/** Compares every class of tokens of every model that both list, at one day's prices. */
export function compareCatalog(at: Date): {
  readonly compared: number
  readonly differences: readonly Difference[]
} {
  const models = comparable(at)
  const differences = models.flatMap((card) =>
    Object.entries(PARTS).flatMap(([part, usage]): Difference[] => {
      const [ours, theirs] = [ourPrice(card, usage, at), theirPrice(card, usage, at)]
      if (ours === undefined || theirs === undefined || same(ours, theirs)) return []
      const reason = REASONS[card.id]
      return [
        { model: card.id, part, ours: text(ours), theirs: text(theirs), reason, sources: sourcesOf(card.id) },
      ]
    }),
  )
  return { compared: models.length, differences }
}

const text = (usd: number): string => String(Number(usd.toPrecision(12)))

interface Row {
  readonly id: string
  readonly pricing?: readonly { readonly sources?: readonly string[] }[]
}
let rows: readonly Row[] | undefined

function sourcesOf(id: string): readonly string[] {
  rows ??= JSON.parse(readFileSync('catalog/models.json', 'utf8')) as readonly Row[]
  return rows.find((row) => row.id === id)?.pricing?.at(-1)?.sources ?? []
}

/** Differences that somebody has looked into, by model. */
export const REASONS: Readonly<Record<string, string>> = {
  'gpt-4o-mini-search-preview':
    "theirs halves the input rate for cached tokens, as for gpt-4o-mini; OpenAI's table lists no cached rate for it, so cached tokens are priced as input (the dearer of the two)",
}
