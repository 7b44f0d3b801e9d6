import { believable, isCount, type Usage } from './usage.ts'

/** By tokens, or by the length of the sound (openai.md 4.2). */
export type TranscriptUsage =
  | {
      readonly type: 'tokens'
      readonly input_tokens: number
      readonly output_tokens: number
      readonly total_tokens: number
      readonly input_token_details?: Readonly<Record<string, number | undefined>> | null | undefined
    }
  | { readonly type: 'duration'; readonly seconds: number }

export function transcriptUsage(usage: TranscriptUsage | null | undefined): Usage | undefined {
  if (usage === undefined || usage === null) return undefined
  if (usage.type === 'duration')
    return isCount(usage.seconds)
      ? believable({ inputTokens: 0, outputTokens: 0, seconds: Math.ceil(usage.seconds) })
      : undefined
  return believable({
    inputTokens: usage.input_tokens,
    audioInputTokens: usage.input_token_details?.['audio_tokens'] ?? 0,
    outputTokens: usage.output_tokens,
  })
}
