import type { Usage } from '../protocol/usage.ts'

/**
 * Everything that is added up, in whole numbers. `input_tokens` and `output_tokens` are all of their side; the other
 * tokens are parts of them. Money is two counters, so that a sum stays exact: nanodollars, and the picodollars left
 * over from each amount. They are kept as integers of 64 bits; see `CARRIED`.
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
  'unsettled_attempts',
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
  'own_key_saved_nano',
  'own_key_saved_pico',
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

/** What the operator pays and what a cache spared it; and the same of callers whose own key the provider bills. */
export const MONEY = ['cost', 'saved', 'own_key', 'own_key_saved'] as const
export type Money = (typeof MONEY)[number]
/**
 * Whole dollars, carried over from the nanodollars of a sum: nine million dollars of those are more than a number
 * holds. No request has them; the ledger carries them out of its integers.
 */
export type Carried = `${Money}_dollars`
export const SUMMED: readonly (Counter | Carried)[] = [
  ...COUNTERS,
  ...MONEY.map((kind) => `${kind}_dollars` as const),
]
export const NANO_PER_USD = 1_000_000_000

/** An absent counter is zero. */
export type Counters = { readonly [name in Counter | Carried]?: number }

export function sum(left: Counters, right: Counters): Counters {
  const total: { [name in Counter | Carried]?: number } = { ...left }
  for (const name of SUMMED) {
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
const PICO_PER_USD = 1_000_000_000_000n

/** An amount as two counters. */
export function moneyCounters(kind: Money, picoUsd: bigint): Counters {
  return {
    [`${kind}_nano`]: Number(picoUsd / PICO_PER_NANO),
    [`${kind}_pico`]: Number(picoUsd % PICO_PER_NANO),
  }
}

/** The amount that the counters stand for. */
export function moneyOf(kind: Money, counters: Counters): bigint {
  const of = (name: Counter | Carried): bigint => BigInt(Math.round(counters[name] ?? 0))
  return of(`${kind}_dollars`) * PICO_PER_USD + of(`${kind}_nano`) * PICO_PER_NANO + of(`${kind}_pico`)
}
