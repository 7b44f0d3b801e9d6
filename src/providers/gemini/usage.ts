import type { ChatUsage } from '../../protocol/chat.ts'
import { countOnly, listOnly } from './tolerate.ts'
import type { GroundingMetadata, UsageMetadata } from './wire.ts'

/** Google's counters in OpenAI's classes (gemini.md 3.3): cached ⊂ prompt, reasoning ⊂ completion. */
export function chatUsage(usage: UsageMetadata, grounding: GroundingMetadata | undefined): ChatUsage {
  const toolUse = countOnly(usage.toolUsePromptTokenCount)
  const thoughts = countOnly(usage.thoughtsTokenCount)
  const candidates = countOnly(usage.candidatesTokenCount)
  const total = countOnly(usage.totalTokenCount)
  const prompt = countOnly(usage.promptTokenCount) + toolUse
  // Some back ends count the thoughts among the candidates' tokens: their total gives them away.
  const folded = thoughts > 0 && total > 0 && prompt + candidates === total
  const completion = folded ? candidates : candidates + thoughts
  const cached = Math.min(countOnly(usage.cachedContentTokenCount), prompt)
  const queries = listOnly(grounding?.webSearchQueries).length
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: total > 0 ? total : prompt + completion,
    prompt_tokens_details: {
      cached_tokens: cached,
      audio_tokens: ofModality(usage.promptTokensDetails, 'AUDIO'),
      ...modality('image_tokens', usage.promptTokensDetails, 'IMAGE'),
      ...modality('video_tokens', usage.promptTokensDetails, 'VIDEO'),
      ...modality('cached_audio_tokens', usage.cacheTokensDetails, 'AUDIO'),
      ...modality('cached_image_tokens', usage.cacheTokensDetails, 'IMAGE'),
      ...(toolUse > 0 && { tool_use_tokens: toolUse }),
    },
    completion_tokens_details: {
      reasoning_tokens: Math.min(thoughts, completion),
      audio_tokens: ofModality(usage.candidatesTokensDetails, 'AUDIO'),
      ...modality('text_tokens', usage.candidatesTokensDetails, 'TEXT'),
      ...modality('image_tokens', usage.candidatesTokensDetails, 'IMAGE'),
      ...modality('video_tokens', usage.candidatesTokensDetails, 'VIDEO'),
    },
    ...(grounding !== undefined && { server_tool_use: { grounded_prompts: 1, search_queries: queries } }),
  }
}

/** Streams repeat the usage, each time as it is by then; a field may be missing from a later event. */
export function mergedUsage(earlier: UsageMetadata | undefined, later: UsageMetadata): UsageMetadata {
  return earlier === undefined ? later : { ...earlier, ...later }
}

const TIERS: Readonly<Record<string, string>> = { standard: 'default', flex: 'flex', priority: 'priority' }

const tierIn = (tier: string): string | undefined => {
  const name = tier.toLowerCase()
  return Object.hasOwn(TIERS, name) ? TIERS[name] : undefined
}

/** The tier that really served, in OpenAI's word; undefined if it has none. */
export function servedTier(usage: UsageMetadata | undefined): string | undefined {
  const tier = usage?.serviceTier
  return typeof tier === 'string' ? tierIn(tier) : undefined
}

/** The same out of the headers, for the books: a tier that nobody knows keeps its own name, which has no price. */
export function billedTier(headers: Headers): string | undefined {
  const tier = headers.get('x-gemini-service-tier') ?? ''
  return tier === '' || /unspecified$/i.test(tier) ? undefined : (tierIn(tier) ?? tier)
}

type Counts = UsageMetadata['promptTokensDetails']
function ofModality(details: Counts, modality: string): number {
  return listOnly(details).reduce(
    (sum, each) => sum + (each?.modality === modality ? countOnly(each.tokenCount) : 0),
    0,
  )
}
function modality(name: string, details: Counts, modality: string): Record<string, number> {
  const tokens = ofModality(details, modality)
  return tokens > 0 ? { [name]: tokens } : {}
}
