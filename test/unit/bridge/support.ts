import type { BridgeContext } from '../../../src/protocol/bridge/bridge.ts'
import type { ChatChunk, ChatDelta, FinishReason } from '../../../src/protocol/chat.ts'

/** Ids count up, so that a fixture can hold them. */
export function context(more: Partial<BridgeContext> = {}): BridgeContext {
  let next = 0
  const notes = new Map<string, string>()
  return {
    chance: { now: () => 1_790_000_005_000, random: () => (next++ % 62) / 62 },
    strict: false,
    target: { provider: 'gemini', model: 'gemini-3.8-flash', credential: 'GEMINI_API_KEY' },
    notes: { get: (key) => notes.get(key), set: (key, value) => void notes.set(key, value) },
    ...more,
  }
}

const HEAD = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'gemini-3.8-flash',
} as const

export function chunk(delta: ChatDelta, finish: FinishReason | null = null): ChatChunk {
  return { ...HEAD, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] }
}

export const usageChunk: ChatChunk = {
  ...HEAD,
  choices: [],
  usage: {
    prompt_tokens: 10,
    completion_tokens: 30,
    total_tokens: 40,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 20 },
  },
  model_version: 'gemini-3.8-flash-002',
}

export function signed(signature: string): NonNullable<ChatDelta['extra_content']> {
  return { google: { thought_signature: signature, thought_signature_model: 'gemini-3' } }
}
