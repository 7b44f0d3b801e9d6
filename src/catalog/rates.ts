import type { ModelCard, PricedTier, PriceRow, TokenRates } from './model-card.ts'

/** The tier that served, as billed; OpenAI's `default` is `standard`. */
export type ServiceTier = 'standard' | PricedTier

/** Ten-thousandths: rates are multiplied by whole numbers and divided once, at the end. */
export const WHOLE = 10_000n

/** The rates of one request and the factor, in ten-thousandths, that applies to each. */
export interface EffectiveRates {
  readonly rates: TokenRates
  /** Printed prices of the tier, which the tier's factor must not touch. */
  readonly printed: TokenRates
  readonly factor: bigint
  readonly regional: bigint
}

/** The price row in force on a day (YYYY-MM-DD). */
export function priceRowOn(card: ModelCard, date: string): PriceRow | undefined {
  return card.prices.find(
    ({ from, until }) => (from === undefined || from <= date) && (until === undefined || date <= until),
  )
}

/**
 * Long-context row, then tier, then region. A long prompt reprices the whole request, not the part above
 * the limit. Undefined if the tier is not priced.
 */
export function effectiveRates(
  row: PriceRow,
  contextTokens: number,
  tier: ServiceTier,
  regional: boolean,
): EffectiveRates | undefined {
  const factor = tier === 'standard' ? Number(WHOLE) : row.tiers[tier]
  if (factor === undefined) return undefined
  const long = row.long !== undefined && contextTokens > row.long.above
  return {
    rates: long ? row.long.rates : row.rates,
    printed: (tier !== 'standard' && row.tierRates?.[tier]) || {},
    factor: BigInt(factor),
    regional: regional && row.regional !== undefined ? BigInt(row.regional) : WHOLE,
  }
}

/**
 * Where a class of tokens has no rate of its own, the first of these applies: a cached token costs what an
 * uncached one does, media cost what text does, and older models write their cache for nothing extra.
 */
const FALLBACKS = {
  input: [],
  cached: ['input'],
  cacheWrite: ['input'],
  cacheWrite12h: [],
  audioIn: ['input'],
  cachedAudioIn: ['audioIn', 'cached', 'input'],
  imageIn: ['input'],
  cachedImageIn: ['imageIn', 'cached', 'input'],
  videoIn: ['input'],
  output: ['audioOut', 'imageOut', 'videoOut'],
  audioOut: [],
  imageOut: [],
  videoOut: [],
} satisfies Record<keyof TokenRates, readonly (keyof TokenRates)[]>

/** Picodollars per token of a class, times 10⁸ for the two factors; undefined if no source prices it. */
export function scaledRate(effective: EffectiveRates, name: keyof TokenRates): bigint | undefined {
  for (const each of [name, ...FALLBACKS[name]]) {
    const printed = effective.printed[each]
    if (printed !== undefined) return BigInt(printed) * WHOLE * effective.regional
    const rate = effective.rates[each]
    if (rate !== undefined) return BigInt(rate) * effective.factor * effective.regional
  }
  return undefined
}
