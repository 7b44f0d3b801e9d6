/** The providers the catalog covers; `google` in the source data is `gemini` here. */
export type CatalogProvider = 'openai' | 'gemini'

/** `rerouted`: the id still answers, but another model (`reroutedTo`) serves and is billed. */
export type ModelStatus = 'active' | 'deprecated' | 'shutdown' | 'rerouted'

export type CatalogEndpoint =
  | 'chat'
  | 'responses'
  | 'realtime'
  | 'realtime_transcription'
  | 'realtime_translation'
  | 'live'
  | 'speech'
  | 'transcriptions'
  | 'translations'
  | 'embeddings'
  | 'images'
  | 'image_edits'
  | 'moderations'

export type Modality = 'text' | 'image' | 'audio' | 'video' | 'pdf' | 'embedding'

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** When a parameter may be sent: always, only with reasoning effort `none`, or never. */
export type Allowed = 'free' | 'effort-none' | 'never'

/** How much a model thinks is steered by this; `fixed` thinks but takes no control. */
export type Reasoning =
  | {
      readonly kind: 'effort'
      readonly efforts: readonly Effort[]
      readonly default?: Effort
      readonly canDisable: boolean
    }
  | { readonly kind: 'level'; readonly levels: readonly Effort[]; readonly default?: Effort }
  | {
      readonly kind: 'budget'
      readonly min: number
      readonly max: number
      /** The budget that switches thinking off; absent where it cannot be. */
      readonly off?: 0
      readonly default?: 'dynamic' | 'off'
    }
  | { readonly kind: 'fixed' }

/** Tiers other than the standard one, each with its own price. */
export type PricedTier = 'batch' | 'flex' | 'priority'

/**
 * Picodollars (10⁻¹² USD) per token, the same number as millionths of a dollar per million tokens.
 * An absent class has no price of its own.
 */
export interface TokenRates {
  readonly input?: number
  readonly cached?: number
  readonly cacheWrite?: number
  readonly cacheWrite12h?: number
  readonly output?: number
  readonly audioIn?: number
  readonly cachedAudioIn?: number
  readonly audioOut?: number
  readonly imageIn?: number
  readonly cachedImageIn?: number
  readonly imageOut?: number
  readonly videoIn?: number
  readonly videoOut?: number
}

/** What a model costs between two dates, both inclusive; an absent date is open. */
export interface PriceRow {
  readonly from?: string
  readonly until?: string
  readonly rates: TokenRates
  /** Replaces `rates` for the whole request when its input is longer than `above` tokens. */
  readonly long?: { readonly above: number; readonly rates: TokenRates }
  /** Ten-thousandths applied to every token rate; a tier that is absent is not priced. */
  readonly tiers: { readonly [tier in PricedTier]?: number }
  /** Printed prices of a tier, where they are not an exact multiple. */
  readonly tierRates?: { readonly [tier in PricedTier]?: TokenRates }
  /** Ten-thousandths for regional processing. */
  readonly regional?: number
  /** Picodollars per minute of audio, billed by the second. */
  readonly perMinute?: number
  /** Picodollars per minute of audio: an estimate for models billed by tokens that may report none. */
  readonly estimatedPerMinute?: number
  /** Picodollars per Unicode code point of input. */
  readonly perCharacter?: number
  /** Picodollars per image by kind, e.g. `high 1024x1024` or `2K`; an estimate if images cost tokens. */
  readonly perImage?: { readonly [kind: string]: number }
}

/** Picodollars per call of a built-in tool; an absent fee is unknown. */
export interface Fees {
  readonly search?: {
    /** What counts: a search call (OpenAI), a grounded prompt (Gemini 2), a search query (Gemini 3+). */
    readonly unit: 'call' | 'prompt' | 'query'
    readonly each: number
    /** Input tokens billed for each call in place of the content found. */
    readonly contentTokens?: number
  }
  readonly searchPreview?: number
  readonly fileSearch?: number
  readonly maps?: number
}

/** What is known of one model; a boolean that is absent was not found in any source. */
export interface ModelCard {
  readonly id: string
  readonly provider: CatalogProvider
  readonly upstreamId: string
  /** Ids to probe if the provider does not know `upstreamId`. */
  readonly upstreamAlternatives?: readonly string[]
  readonly aliases: readonly string[]
  readonly snapshots: readonly string[]
  readonly status: ModelStatus
  /** Set on a card made up from the shape of an id that the catalog does not list. */
  readonly assumed?: true
  readonly restricted?: true
  readonly endpoints: readonly CatalogEndpoint[]
  readonly inputs: readonly Modality[]
  readonly outputs: readonly Modality[]
  readonly contextTokens?: number
  readonly maxInputTokens?: number
  readonly maxOutputTokens?: number
  readonly batch?: boolean
  readonly tools?: boolean
  readonly parallelTools?: boolean
  readonly structuredOutputs?: boolean
  readonly jsonMode?: boolean
  readonly vision?: boolean
  readonly pdf?: boolean
  readonly webSearch?: boolean
  readonly streaming?: boolean
  readonly promptCaching?: boolean
  readonly systemRole?: 'system' | 'developer' | 'systemInstruction'
  readonly temperature?: Allowed
  readonly reasoning?: Reasoning
  /** Size of an embedding, and whether the caller may ask for fewer dimensions. */
  readonly embedding?: { readonly dimensions: number; readonly custom: boolean }
  readonly prices: readonly PriceRow[]
  readonly fees?: Fees
  readonly released?: string
  readonly deprecated?: string
  /** First day (YYYY-MM-DD) on which the id no longer answers as itself. */
  readonly shutdown?: string
  readonly replacement?: string
  readonly reroutedTo?: string
  /** Models of the other provider in the same band of price and ability, best first. */
  readonly equivalents: readonly string[]
}
