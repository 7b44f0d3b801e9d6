import type { Usage } from '../protocol/usage.ts'

/**
 * Everything that is added up, in whole numbers. `input_tokens` and `output_tokens` are all of their side; the other
 * tokens are parts of them. Money is two counters, so that a sum stays exact: nanodollars, and the picodollars left
 * over from each amount.
 */
export const COUNTERS = [
  'requests',
  'refused',
  'cancelled',
  'cut_short',
  'estimated',
  'unpriced',
  'attempts',
  'failed_attempts',
  'input_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'audio_input_tokens',
  'image_input_tokens',
  'video_input_tokens',
  'tool_use_tokens',
  'output_tokens',
  'reasoning_tokens',
  'audio_output_tokens',
  'image_output_tokens',
  'video_output_tokens',
  'searches',
  'seconds',
  'characters',
  'images',
  'cost_nano',
  'cost_pico',
  'saved_input_tokens',
  'saved_output_tokens',
  'saved_nano',
  'saved_pico',
  'own_key',
  'own_key_unpriced',
  'own_key_nano',
  'own_key_pico',
  'duration_ms',
  'ttft_ms',
  'ttft_count',
  'duration_le_320',
  'duration_le_1280',
  'duration_le_5120',
  'duration_le_20480',
  'duration_le_81920',
  'ttft_le_320',
  'ttft_le_1280',
  'ttft_le_5120',
  'ttft_le_20480',
  'ttft_le_81920',
] as const
export type Counter = (typeof COUNTERS)[number]
/** An absent counter is zero. */
export type Counters = { readonly [name in Counter]?: number }

export function sum(left: Counters, right: Counters): Counters {
  const total: { [name in Counter]?: number } = { ...left }
  for (const name of COUNTERS) {
    const added = right[name]
    if (added !== undefined && added !== 0) total[name] = (total[name] ?? 0) + added
  }
  return total
}

const USAGE_COUNTERS = {
  input_tokens: 'inputTokens',
  cached_tokens: 'cachedTokens',
  cache_write_tokens: 'cacheWriteTokens',
  audio_input_tokens: 'audioInputTokens',
  image_input_tokens: 'imageInputTokens',
  video_input_tokens: 'videoInputTokens',
  tool_use_tokens: 'toolUseTokens',
  output_tokens: 'outputTokens',
  reasoning_tokens: 'reasoningTokens',
  audio_output_tokens: 'audioOutputTokens',
  image_output_tokens: 'imageOutputTokens',
  video_output_tokens: 'videoOutputTokens',
  seconds: 'seconds',
  characters: 'characters',
  images: 'images',
} as const satisfies { readonly [name in Counter]?: keyof Usage }
type UsageCounter = keyof typeof USAGE_COUNTERS

const isUsageCounter = (name: Counter): name is UsageCounter => Object.hasOwn(USAGE_COUNTERS, name)

/** The counts of one answer, each a whole number; nothing is named that was not used. */
export function countsOf(usage: Usage): Counters {
  const counts: { [name in Counter]?: number } = {}
  for (const name of COUNTERS) {
    const value = isUsageCounter(name) ? whole(usage[USAGE_COUNTERS[name]]) : 0
    if (value > 0) counts[name] = value
  }
  const { searches, previewSearches, groundedPrompts, searchQueries } = usage
  const searched =
    whole(searches) + whole(previewSearches) + Math.max(whole(groundedPrompts), whole(searchQueries))
  return searched > 0 ? { ...counts, searches: searched } : counts
}

const whole = (value: number | undefined): number =>
  value !== undefined && value > 0 ? Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER) : 0

/** `input=1000, cached=400, output=200`: the parts follow the whole that they are in. */
export function usageList(usage: Usage): string {
  const counts = countsOf(usage)
  return COUNTERS.flatMap((name) => {
    const value = counts[name]
    return value === undefined ? [] : [`${name.replace(/_tokens$/, '')}=${value}`]
  }).join(', ')
}

/** Upper bounds of the histograms, in milliseconds. */
export const BOUNDS_MS = [320, 1_280, 5_120, 20_480, 81_920] as const

/** Every bucket that holds a time of `ms`: they are cumulative, as Prometheus has them. */
export function bucketsOf(kind: 'duration' | 'ttft', ms: number): Counters {
  const counts: { [name in Counter]?: number } = {}
  for (const bound of BOUNDS_MS) if (ms <= bound) counts[`${kind}_le_${bound}`] = 1
  return counts
}

const PICO_PER_NANO = 1_000n

/** What the operator pays, what a cache saved, and what callers pay whose own key the provider bills. */
type Money = 'cost' | 'saved' | 'own_key'

/** An amount as two counters. */
export function moneyCounters(kind: Money, picoUsd: bigint): Counters {
  return {
    [`${kind}_nano`]: Number(picoUsd / PICO_PER_NANO),
    [`${kind}_pico`]: Number(picoUsd % PICO_PER_NANO),
  }
}

/** The amount that two counters stand for. */
export function moneyOf(kind: Money, counters: Counters): bigint {
  const nano = counters[`${kind}_nano`] ?? 0
  const pico = counters[`${kind}_pico`] ?? 0
  return BigInt(Math.round(nano)) * PICO_PER_NANO + BigInt(Math.round(pico))
}
