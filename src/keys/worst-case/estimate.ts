import { cost } from '../../catalog/cost.ts'
import type { ModelCard } from '../../catalog/model-card.ts'
import { priceRowOn, type ServiceTier } from '../../catalog/rates.ts'
import { alwaysSearches } from '../../protocol/chat-usage.ts'
import type { Usage } from '../../protocol/usage.ts'
import type { CallShape } from './call-shape.ts'
import type { Measures } from './measures.ts'
import { pictureTokens } from './pictures.ts'

/** Role and separators that a chat template puts around each message; tools likewise. */
const TOKENS_PER_MESSAGE = 16
/** The dearest image we know: gpt-4o-mini, 2,833 + 5,667 for each of at most eight tiles, is 48,169 (openai.md 2). */
const TOKENS_PER_IMAGE = 50_000
/** The thinnest speech codec carries a second in 1,000 letters of base64; a second is 32 tokens at most. */
const AUDIO_BYTES_PER_TOKEN = 16
/** Models whose longest answer no source states. */
const UNKNOWN_OUTPUT_TOKENS = 131_072
/** Searches in one answer have no limit of their own; more than this has not been seen. */
const SEARCHES = 10
const PICO_PER_NANO = 1_000n

export interface WorstCase {
  /** Input and output, as the token limit counts them. */
  readonly tokens: number
  /** Nanodollars, rounded up; absent if some candidate's price is not known: never taken as zero. */
  readonly nanoUsd: number | undefined
  /** The input alone, of all choices. */
  readonly inputTokens: number
  /** The most that one answer may hold: what must be sent upstream where the caller named no limit. */
  readonly outputTokens: number
  /** It may search, and what that costs the text of an answer does not tell. */
  readonly searches: boolean
}

export interface WorstCaseInput {
  readonly shape: CallShape
  /** The models that may serve; absent where the catalog does not know one. */
  readonly cards: readonly (ModelCard | undefined)[]
  /** The cap of the key or of the deployment. */
  readonly outputCap?: number | undefined
  /** YYYY-MM-DD. */
  readonly date: string
  /** What may be billed by measure. */
  readonly measures?: Measures | undefined
  /** The tier of requests that name none, by the settings of the account. */
  readonly autoTier?: 'priority' | undefined
}

/**
 * A strict upper bound on what a call can take and cost, at the dearest of the models that may serve it: every
 * byte of text a token, every token in the dearest class it may be billed in, all of the output used.
 */
export function worstCase({ shape, cards, outputCap, date, measures, autoTier }: WorstCaseInput): WorstCase {
  const outputTokens = outputOf(shape, cards, outputCap)
  const worst = cards.map((card) => {
    const inputTokens = inputOf(shape, card) * shape.choices
    const drawn = card && measures?.pictures && pictureTokens(card, measures.pictures, date)
    const output = (drawn === undefined ? outputTokens : drawn.picture + drawn.text) * shape.choices
    const used = {
      ...measures,
      inputTokens,
      outputTokens: output,
      pictureTokens: drawn === undefined ? output : drawn.picture * shape.choices,
    }
    return {
      inputTokens,
      tokens: inputTokens + output,
      nanoUsd: card && dearest(card, { shape, used, date, autoTier }),
    }
  })
  const known = worst.map(({ nanoUsd }) => nanoUsd).filter((each) => each !== undefined)
  return {
    tokens: Math.max(0, ...worst.map(({ tokens }) => tokens)),
    nanoUsd: known.length === 0 || known.length < worst.length ? undefined : Math.max(...known),
    inputTokens: Math.max(0, ...worst.map(({ inputTokens }) => inputTokens)),
    outputTokens,
    searches: shape.search,
  }
}

function inputOf(shape: CallShape, card: ModelCard | undefined): number {
  const counted =
    shape.textBytes +
    shape.messages * TOKENS_PER_MESSAGE +
    shape.images * TOKENS_PER_IMAGE +
    Math.ceil(shape.audioBytes / AUDIO_BYTES_PER_TOKEN)
  // A longer request than the model takes is refused by its provider, and costs nothing.
  const window = card?.assumed === true ? undefined : (card?.maxInputTokens ?? card?.contextTokens)
  if (window === undefined) return shape.boundless ? Math.max(counted, UNKNOWN_INPUT_TOKENS) : counted
  return shape.boundless ? window : Math.min(counted, window)
}
const UNKNOWN_INPUT_TOKENS = 1_048_576

function outputOf(
  { maxOutputTokens }: CallShape,
  cards: readonly (ModelCard | undefined)[],
  cap = Infinity,
): number {
  const models = Math.max(0, ...cards.map(longestAnswer))
  return Math.min(maxOutputTokens ?? models, cap)
}

function longestAnswer(card: ModelCard | undefined): number {
  if (card?.embedding !== undefined) return 0
  return card?.maxOutputTokens ?? UNKNOWN_OUTPUT_TOKENS
}

interface Used extends Pick<Usage, 'inputTokens' | 'outputTokens'>, Measures {
  /** ⊂ outputTokens: as many of them as may be pictures. */
  readonly pictureTokens: number
}
interface Bounds extends Pick<WorstCaseInput, 'shape' | 'date' | 'autoTier'> {
  readonly used: Used
}

function dearest(card: ModelCard, { shape, used, date, autoTier }: Bounds): number | undefined {
  if (shape.hostedTools) return undefined
  const prices: bigint[] = []
  const ways = [
    ...searchesOf(card, shape, used).flatMap((usage) => waysToBill(card, shape, usage, used.pictureTokens)),
    ...measured(card, used, date),
  ]
  for (const tier of tiersOf(shape, autoTier)) {
    for (const usage of ways) {
      const priced = cost({ card, usage, date, tier, regional: true })
      if (priced !== undefined) prices.push(priced.picoUsd)
    }
  }
  if (prices.length === 0) return undefined
  const picoUsd = prices.reduce((most, each) => (each > most ? each : most))
  return Number((picoUsd + PICO_PER_NANO - 1n) / PICO_PER_NANO)
}

/** With the searches of all choices, each by either of the tools that search the web, and in its files. */
function searchesOf({ id, fees }: ModelCard, { search, choices }: CallShape, used: Used): readonly Usage[] {
  const always = alwaysSearches(id)
  if (!search && !always) return [used]
  const most = (always ? 1 : SEARCHES) * choices
  const files = fees?.fileSearch === undefined ? {} : { fileSearches: most }
  return [
    { ...used, ...files, searches: most, searchQueries: most, groundedPrompts: choices },
    ...(fees?.searchPreview === undefined ? [] : [{ ...used, ...files, previewSearches: most }]),
  ]
}

/** By measure alone, as models are billed that count no tokens, or whose answer says of none; pictures by each of their kinds. */
function measured(
  card: ModelCard,
  { seconds = 0, characters = 0, images = 0 }: Used,
  date: string,
): readonly Usage[] {
  const none = { inputTokens: 0, outputTokens: 0 }
  const kinds = Object.keys(priceRowOn(card, date)?.perImage ?? {})
  return [
    ...(seconds + characters > 0 ? [{ ...none, seconds, characters }] : []),
    ...(images > 0 ? kinds.map((imageKind) => ({ ...none, images, imageKind })) : []),
  ]
}

/** The same tokens in each class that could hold them all. */
function waysToBill(
  card: ModelCard,
  shape: CallShape,
  usage: Usage,
  pictureTokens: number,
): readonly Usage[] {
  const { inputTokens, outputTokens } = usage
  const audioIn = shape.audioBytes > 0 || shape.audioOut || shape.boundless ? inputTokens : 0
  const imageIn = shape.images > 0 || shape.boundless ? inputTokens : 0
  const inputs: readonly Usage[] = [
    usage,
    { ...usage, cacheWriteTokens: inputTokens },
    { ...usage, imageInputTokens: imageIn },
    { ...usage, audioInputTokens: audioIn },
    { ...usage, videoInputTokens: shape.boundless ? inputTokens : 0 },
  ]
  return inputs.flatMap((each) => [
    each,
    { ...each, audioOutputTokens: card.outputs.includes('audio') ? outputTokens : 0 },
    { ...each, imageOutputTokens: card.outputs.includes('image') ? pictureTokens : 0 },
  ])
}

/**
 * By the tiers that may be asked for. A provider may serve a cheaper one, never a dearer; a tier of which nobody knows
 * the price has no worst case.
 */
const TIERS: ReadonlyMap<string, readonly ServiceTier[]> = new Map([
  ['default', ['standard']],
  ['flex', ['standard']],
  ['priority', ['standard', 'priority']],
  ['fast', ['standard', 'priority']],
])

function tiersOf({ tier = 'auto' }: CallShape, autoTier: WorstCaseInput['autoTier']): readonly ServiceTier[] {
  return TIERS.get(tier === 'auto' ? (autoTier ?? 'default') : tier) ?? []
}
