import type { Usage } from '../protocol/usage.ts'
import type { Fees, ModelCard, PriceRow } from './model-card.ts'
import { dividedHalfUp } from './money.ts'
import {
  effectiveRates,
  type EffectiveRates,
  priceRowOn,
  scaledRate,
  type ServiceTier,
  WHOLE,
} from './rates.ts'
import { count, type TokenClass, tokenClasses } from './token-classes.ts'

export type CostClass =
  | TokenClass
  | 'searchContent'
  | 'search'
  | 'searchPreview'
  | 'fileSearch'
  | 'maps'
  | 'seconds'
  | 'characters'
  | 'images'

export interface CostPart {
  readonly class: CostClass
  readonly units: number
  readonly picoUsd: bigint
}

/**
 * Picodollars (10⁻¹² USD) as bigint: every printed price is a whole number of them per token, and a total
 * may pass 2⁵³ (9,007 USD). `picoUsd` is the exact sum of the parts, each rounded half up once.
 */
export interface Cost {
  readonly picoUsd: bigint
  readonly parts: readonly CostPart[]
  /** Set if a part rests on an estimate: the provider's, for answers that report no tokens, or one of what was used. */
  readonly estimated?: true
}

export interface CostInput {
  /** The model that served, which may not be the one asked for. */
  readonly card: ModelCard
  readonly usage: Usage
  /** The day (YYYY-MM-DD, UTC) of the request. */
  readonly date: string
  /** The tier that served, `standard` if absent. */
  readonly tier?: ServiceTier
  /** Whether the request was processed in a region of the caller's choice. */
  readonly regional?: boolean
}

/** What an answer cost at list price; undefined, never zero, if any part of it has no known price. */
export function cost({
  card,
  usage,
  date,
  tier = 'standard',
  regional = false,
}: CostInput): Cost | undefined {
  const row = priceRowOn(card, date)
  if (row === undefined) return undefined
  // Google compares promptTokenCount, which leaves tool results out.
  const contextTokens = count(usage.inputTokens) - count(usage.toolUseTokens)
  const effective = effectiveRates(row, contextTokens, tier, regional)
  if (effective === undefined) return undefined

  const tokens = tokenParts(usage, effective)
  const fees = feeParts(usage, card.fees ?? {}, effective)
  const measured = measuredParts(usage, row)
  if (tokens === undefined || fees === undefined || measured === undefined) return undefined
  const parts = [...tokens, ...fees, ...measured.parts]
  const picoUsd = parts.reduce((sum, part) => sum + part.picoUsd, 0n)
  const estimated = measured.estimated || usage.estimated === true
  return { picoUsd, parts, ...(estimated && { estimated: true }) }
}

/** Picodollars for a plain text request at standard tier, to compare models before one has served. */
export function expectedCost(
  card: ModelCard,
  inputTokens: number,
  outputTokens: number,
  date: string,
): bigint | undefined {
  return cost({ card, usage: { inputTokens, outputTokens }, date })?.picoUsd
}

const TOKEN_ORDER = [
  'input',
  'cached',
  'cacheWrite',
  'cacheWrite12h',
  'audioIn',
  'cachedAudioIn',
  'imageIn',
  'cachedImageIn',
  'videoIn',
  'output',
  'audioOut',
  'imageOut',
  'videoOut',
] as const satisfies readonly TokenClass[]

function tokenParts(usage: Usage, effective: EffectiveRates): readonly CostPart[] | undefined {
  const classes = tokenClasses(usage)
  const parts: CostPart[] = []
  for (const name of TOKEN_ORDER) {
    if (classes[name] === 0) continue
    const part = tokenPart(name, classes[name], scaledRate(effective, name))
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts
}

function tokenPart(name: CostClass, units: number, scaled: bigint | undefined): CostPart | undefined {
  if (scaled === undefined) return undefined
  return { class: name, units, picoUsd: dividedHalfUp(BigInt(units) * scaled, WHOLE * WHOLE) }
}

function feeParts(usage: Usage, fees: Fees, effective: EffectiveRates): readonly CostPart[] | undefined {
  const searches = searchCount(usage, fees.search)
  const called: readonly (readonly [CostClass, number, number | undefined])[] = [
    ['search', searches, fees.search?.each],
    ['searchPreview', count(usage.previewSearches), fees.searchPreview],
    ['fileSearch', count(usage.fileSearches), fees.fileSearch],
    ['maps', count(usage.mapsGroundings), fees.maps],
  ]
  const parts: CostPart[] = []
  for (const [name, units, each] of called) {
    if (units === 0) continue
    if (each === undefined) return undefined
    parts.push({ class: name, units, picoUsd: BigInt(units) * BigInt(each) })
  }
  const block = searches * (fees.search?.contentTokens ?? 0)
  if (block === 0) return parts
  const content = tokenPart('searchContent', block, scaledRate(effective, 'input'))
  return content && [...parts, content]
}

/** Counts in the unit the model's search is billed in; any search at all where the fee is unknown. */
function searchCount(usage: Usage, fee: Fees['search']): number {
  const counts = {
    call: count(usage.searches),
    prompt: count(usage.groundedPrompts),
    query: count(usage.searchQueries),
  }
  return fee === undefined ? Math.max(counts.call, counts.prompt, counts.query) : counts[fee.unit]
}

interface Measured {
  readonly parts: readonly CostPart[]
  readonly estimated: boolean
}

/** Seconds, characters and images: the bill of models not billed by tokens, else only a description. */
function measuredParts(usage: Usage, row: PriceRow): Measured | undefined {
  const exact = [
    secondsPart(usage, row.perMinute),
    charactersPart(usage, row.perCharacter),
    hasTokenRates(row) ? undefined : imagesPart(usage, row),
  ].filter((part) => part !== undefined)
  if (exact.length > 0 || usesTokens(usage) || !isMeasured(usage)) return { parts: exact, estimated: false }
  const guessed = secondsPart(usage, row.estimatedPerMinute) ?? imagesPart(usage, row)
  return guessed && { parts: [guessed], estimated: true }
}

function secondsPart(usage: Usage, perMinute: number | undefined): CostPart | undefined {
  const units = count(usage.seconds)
  if (units === 0 || perMinute === undefined) return undefined
  return { class: 'seconds', units, picoUsd: dividedHalfUp(BigInt(units) * BigInt(perMinute), 60n) }
}

function charactersPart(usage: Usage, perCharacter: number | undefined): CostPart | undefined {
  const units = count(usage.characters)
  if (units === 0 || perCharacter === undefined) return undefined
  return { class: 'characters', units, picoUsd: BigInt(units) * BigInt(perCharacter) }
}

function imagesPart(usage: Usage, { perImage = {} }: PriceRow): CostPart | undefined {
  const units = count(usage.images)
  const kind = usage.imageKind ?? ''
  const each = Object.hasOwn(perImage, kind) ? perImage[kind] : undefined
  if (units === 0 || each === undefined) return undefined
  return { class: 'images', units, picoUsd: BigInt(units) * BigInt(each) }
}

function hasTokenRates({ rates }: PriceRow): boolean {
  return Object.keys(rates).length > 0
}

function usesTokens(usage: Usage): boolean {
  return count(usage.inputTokens) + count(usage.outputTokens) > 0
}

function isMeasured(usage: Usage): boolean {
  return count(usage.seconds) + count(usage.characters) + count(usage.images) > 0
}
