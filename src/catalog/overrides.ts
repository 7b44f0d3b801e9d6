import type { ModelCard, PriceRow, TokenRates } from './model-card.ts'
import { priceRowOn } from './rates.ts'

/** What the operator pays for a model: US dollars per million tokens, minute, million characters or search. */
export interface Override extends TokenDollars {
  readonly perMinute?: number | undefined
  readonly perMillionCharacters?: number | undefined
  readonly perSearch?: number | undefined
}
const TOKEN_CLASSES = [
  'input',
  'cached',
  'cacheWrite',
  'output',
  'audioIn',
  'audioOut',
  'imageIn',
  'imageOut',
] as const
type TokenDollars = { readonly [name in (typeof TOKEN_CLASSES)[number]]?: number | undefined }
export type Overrides = Readonly<Record<string, Override>>

const PICO_PER_USD = 1e12
const MILLION = 1e6

interface Priced {
  /** Under which the operator may have written a price, the surest first. */
  readonly names: readonly (string | undefined)[]
  readonly card: ModelCard | undefined
  /** YYYY-MM-DD. */
  readonly date: string
}

/** A card that says nothing but a price, for a model that the catalog does not list. */
const BARE = {
  provider: 'openai',
  aliases: [],
  snapshots: [],
  status: 'active',
  endpoints: [],
  inputs: [],
  outputs: [],
  equivalents: [],
  prices: [],
} as const satisfies Partial<ModelCard>

/**
 * The card with the operator's price, if one of `names` or the card's id has one. It replaces every rate of the
 * model; the factors of its tiers stay.
 */
export function overriddenCard(overrides: Overrides, { names, card, date }: Priced): ModelCard | undefined {
  const name = [...names, card?.id].find((each) => each !== undefined && Object.hasOwn(overrides, each))
  const own = name === undefined ? undefined : overrides[name]
  if (name === undefined || own === undefined) return card
  const tiers = (card && priceRowOn(card, date)?.tiers) ?? {}
  const known = card ?? { ...BARE, id: name, upstreamId: name }
  return { ...known, prices: [rowOf(own, tiers)], ...feesOf(own, known) }
}

function feesOf({ perSearch }: Override, { fees }: ModelCard): Pick<ModelCard, 'fees'> {
  if (perSearch === undefined) return {}
  const each = Math.round(perSearch * PICO_PER_USD)
  return { fees: { ...fees, search: { unit: fees?.search?.unit ?? 'call', each } } }
}

function rowOf(own: Override, tiers: PriceRow['tiers']): PriceRow {
  const rates: { -readonly [name in keyof TokenRates]: TokenRates[name] } = {}
  for (const name of TOKEN_CLASSES) {
    const value = own[name]
    // A dollar per million tokens is a million picodollars per token.
    if (value !== undefined) rates[name] = Math.round(value * MILLION)
  }
  const { perMinute, perMillionCharacters } = own
  return {
    rates,
    tiers,
    ...(perMinute !== undefined && { perMinute: Math.round(perMinute * PICO_PER_USD) }),
    ...(perMillionCharacters !== undefined && {
      perCharacter: Math.round((perMillionCharacters * PICO_PER_USD) / MILLION),
    }),
  }
}
