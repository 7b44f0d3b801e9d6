/**
 * What one answer used, in integers. Every class of input tokens is part of `inputTokens`, every class of
 * output tokens part of `outputTokens`; an absent count is zero. A count of media tokens (audio, image,
 * video) includes its cached part.
 */
export interface Usage {
  /** All input: text, media, cached, written to a cache, and fed back by built-in tools. */
  readonly inputTokens: number
  /** All output, reasoning included. */
  readonly outputTokens: number

  /** ⊂ inputTokens: read from a prompt cache, of any modality. */
  readonly cachedTokens?: number
  /** ⊂ cachedTokens and ⊂ audioInputTokens. */
  readonly cachedAudioTokens?: number
  /** ⊂ cachedTokens and ⊂ imageInputTokens. */
  readonly cachedImageTokens?: number
  /** ⊂ inputTokens, disjoint from cachedTokens: text written to a prompt cache. */
  readonly cacheWriteTokens?: number
  /** ⊂ cacheWriteTokens: kept for twelve hours, at a rate of its own. */
  readonly cacheWrite12hTokens?: number
  /** ⊂ inputTokens. */
  readonly audioInputTokens?: number
  /** ⊂ inputTokens, disjoint from the other media. */
  readonly imageInputTokens?: number
  /** ⊂ inputTokens, disjoint from the other media. */
  readonly videoInputTokens?: number
  /** ⊂ inputTokens: results of Gemini's built-in tools, which its `promptTokenCount` leaves out. */
  readonly toolUseTokens?: number

  /** ⊂ outputTokens: hidden thinking, billed as text output. */
  readonly reasoningTokens?: number
  /** ⊂ outputTokens. */
  readonly audioOutputTokens?: number
  /** ⊂ outputTokens, disjoint from the other media. */
  readonly imageOutputTokens?: number
  /** ⊂ outputTokens, disjoint from the other media. */
  readonly videoOutputTokens?: number

  /** Calls of OpenAI's `web_search`; one per request of a model that always searches. */
  readonly searches?: number
  /** Calls of OpenAI's `web_search_preview`. */
  readonly previewSearches?: number
  /** 1 if a Gemini answer carries `groundingMetadata` (the unit Gemini 2 is billed in), else 0. */
  readonly groundedPrompts?: number
  /** Length of `groundingMetadata.webSearchQueries` (the unit Gemini 3 and later are billed in). */
  readonly searchQueries?: number
  readonly fileSearches?: number
  readonly mapsGroundings?: number

  /** Seconds of audio in or out, rounded up. */
  readonly seconds?: number
  /** Unicode code points of text to be spoken. */
  readonly characters?: number
  readonly images?: number
  /** The kind all `images` are of, as in the catalog: `high 1024x1024`, `2K`. */
  readonly imageKind?: string

  /** Some of it was counted here, since the answer did not say. */
  readonly estimated?: true
  /** The calls whose sum this is, where there were several: each is priced by itself. */
  readonly parts?: readonly UsagePart[]
}

/** What one call of several used. */
export interface UsagePart extends Usage {
  /** Whose price it has, where that is another model's than the answer's; empty: nobody knows. */
  readonly model?: string
}

/** A count as an upstream gives it; whatever comes in its place is none. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0

/**
 * What an upstream says that an answer used, if that can be. Counts that are none say nothing, and nor does nothing at
 * all: no answer is free of both input and output.
 */
export function believable(usage: Usage): Usage | undefined {
  const { inputTokens, outputTokens, seconds = 0 } = usage
  const counts: readonly unknown[] = [inputTokens, outputTokens, seconds]
  return counts.every(isCount) && inputTokens + outputTokens + seconds > 0 ? usage : undefined
}
