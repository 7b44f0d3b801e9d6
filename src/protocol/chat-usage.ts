import type { ChatUsage } from './chat.ts'
import type { ServedBy } from './endpoint.ts'
import { believable, isCount, type Usage } from './usage.ts'

/** OpenAI's usage object, in token classes (catalog.md 10): cached and audio are within prompt, reasoning within completion. */
export function toUsage(usage: ChatUsage | null | undefined): Usage | undefined {
  if (usage === null || usage === undefined || !isCount(usage.prompt_tokens)) return undefined
  if (usage.completion_tokens !== undefined && !isCount(usage.completion_tokens)) return undefined
  const input = usage.prompt_tokens_details ?? {}
  const output = usage.completion_tokens_details ?? {}
  const searches = count(usage.server_tool_use?.web_searches)
  return {
    inputTokens: usage.prompt_tokens,
    cachedTokens: count(input['cached_tokens']),
    cachedAudioTokens: count(input['cached_audio_tokens']),
    cachedImageTokens: count(input['cached_image_tokens']),
    cacheWriteTokens: count(input['cache_write_tokens']),
    audioInputTokens: count(input['audio_tokens']),
    imageInputTokens: count(input['image_tokens']),
    videoInputTokens: count(input['video_tokens']),
    toolUseTokens: count(input['tool_use_tokens']),
    outputTokens: count(usage.completion_tokens),
    reasoningTokens: count(output['reasoning_tokens']),
    audioOutputTokens: count(output['audio_tokens']),
    imageOutputTokens: count(output['image_tokens']),
    groundedPrompts: count(usage.server_tool_use?.grounded_prompts),
    searchQueries: count(usage.server_tool_use?.search_queries),
    ...(searches > 0 && { searches }),
  }
}
const count = (value: unknown): number => (isCount(value) ? value : 0)

/** Models that search for every chat of theirs, asked to or not (openai.md 2.1). */
const ALWAYS_SEARCHES = /-search-(?:preview|api)(?:-\d{4}-\d{2}-\d{2})?$/

export const alwaysSearches = (model: string): boolean => ALWAYS_SEARCHES.test(model)

/** The search that a model makes for each answer, of which no usage tells: one call (catalog.md 10, rule 9). */
export const ownSearch = (model: string | undefined): Pick<Usage, 'searches'> =>
  model !== undefined && alwaysSearches(model) ? { searches: 1 } : {}

/** What a chat answer, or a text completion made of one, used. */
export function answerUsage(
  usage: ChatUsage | null | undefined,
  { model }: Pick<ServedBy, 'model'>,
): Usage | undefined {
  const used = toUsage(usage)
  return used && believable({ ...used, ...ownSearch(model) })
}

/** Reads `model` and `service_tier`, whatever an upstream put there. */
export function servedBy(answer: {
  readonly model?: unknown
  readonly model_version?: unknown
  readonly service_tier?: unknown
}): ServedBy {
  return {
    model: nonEmpty(answer.model_version) ?? nonEmpty(answer.model),
    tier: nonEmpty(answer.service_tier),
  }
}
const nonEmpty = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
