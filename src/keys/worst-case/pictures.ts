import { cards } from '../../catalog/card.ts'
import type { ModelCard } from '../../catalog/model-card.ts'
import { priceRowOn } from '../../catalog/rates.ts'
import { isCount } from '../../protocol/usage.ts'

/** What a request says of the pictures that it wants, each of them alike. */
export interface PicturesAsked {
  readonly size: unknown
  readonly quality: unknown
  /** Unfinished pictures of a stream, before each one. */
  readonly partial: unknown
}
/** The most that one picture takes of an answer, in tokens. */
export interface PictureTokens {
  readonly picture: number
  /** What may be said or thought beside it. */
  readonly text: number
}

/** Listed prices of a picture are estimates: twice as much is taken for the most. */
const MARGIN = 2
/** A partial picture takes a hundred; ten times that is taken for the most. */
const TOKENS_PER_PARTIAL = 1_000
/** The models that draw and say how long their answers may be say no more. */
const TEXT_BESIDE = 32_768
/** The largest that a model chooses by itself, of those that choose: 1536x1024. */
const OWN_CHOICE_PIXELS = 1_536 * 1_024

/** A kind of picture with a listed price. */
interface Kind {
  /** Absent where the model has but one. */
  readonly quality: string | undefined
  readonly pixels: number
  readonly tokens: number
}

/**
 * An upper bound for one picture by the size and quality asked for: the dearest listed kind of that quality, as often as
 * the largest of them goes into the picture, and a margin. Undefined where nobody knows anything better than the
 * model's longest answer.
 */
export function pictureTokens(
  card: ModelCard,
  { size, quality, partial }: PicturesAsked,
  date: string,
): PictureTokens | undefined {
  const kinds = kindsFor(card, quality, date)
  const pixels = pixelsOf(size)
  const partials = partial ?? 0
  if (kinds.length === 0 || pixels === undefined || !isCount(partials)) return undefined
  const dearest = Math.max(...kinds.map(({ tokens }) => tokens))
  const times = Math.max(1, pixels / Math.max(...kinds.map((kind) => kind.pixels)))
  return {
    picture: Math.ceil(dearest * times * MARGIN) + partials * TOKENS_PER_PARTIAL,
    text: card.outputs.includes('text') ? (card.maxOutputTokens ?? TEXT_BESIDE) : 0,
  }
}

/** Of a model without a list, those of its maker's other models; but which quality such a one would choose nobody knows. */
function kindsFor(card: ModelCard, quality: unknown, date: string): readonly Kind[] {
  const own = kindsOf(card, date)
  const chosen = quality === undefined || quality === null || quality === 'auto'
  if (own.length > 0) return chosen ? own : ofQuality(own, quality)
  if (chosen || priceRowOn(card, date)?.rates.imageOut === undefined) return []
  const siblings = cards().filter(
    ({ provider, outputs }) => provider === card.provider && outputs.includes('image'),
  )
  return ofQuality(
    siblings.flatMap((each) => kindsOf(each, date)),
    quality,
  )
}

const ofQuality = (kinds: readonly Kind[], quality: unknown): readonly Kind[] =>
  kinds.filter((kind) => kind.quality === undefined || kind.quality === quality)

/** Listed are prices, of models that are billed by tokens. */
function kindsOf(card: ModelCard, date: string): readonly Kind[] {
  const row = priceRowOn(card, date)
  const each = row?.rates.imageOut
  if (row?.perImage === undefined || each === undefined) return []
  return Object.entries(row.perImage).flatMap(([kind, price]): Kind[] => {
    const [, quality, size = ''] = /^(?:([a-z]+) )?(\S+)$/.exec(kind) ?? []
    const pixels = pixelsOf(size)
    return pixels === undefined ? [] : [{ quality, pixels, tokens: price / each }]
  })
}

/** `1024x1536`, or `2K` for a square of so many thousand. */
function pixelsOf(size: unknown): number | undefined {
  if (size === undefined || size === null || size === 'auto') return OWN_CHOICE_PIXELS
  if (typeof size !== 'string') return undefined
  const [, thousands] = /^(\d(?:\.\d)?)K$/.exec(size) ?? []
  if (thousands !== undefined) return (Number(thousands) * 1_024) ** 2
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(size) ?? []
  return width === undefined ? undefined : Number(width) * Number(height)
}
