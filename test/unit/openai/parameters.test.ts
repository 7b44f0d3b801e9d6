import { describe, expect, it } from 'vitest'
import { cardOrFamily } from '../../../src/catalog/family.ts'
import type { ChatRequest } from '../../../src/protocol/chat.ts'
import { patchChat } from '../../../src/providers/openai/chat.ts'
import type { CodecContext } from '../../../src/providers/provider.ts'

function context(model: string): CodecContext {
  return {
    target: { id: `openai/${model}`, provider: 'openai', model, credential: 'OPENAI_API_KEY' },
    card: cardOrFamily(model),
    chance: { now: () => 0, random: () => 0 },
    strict: false,
    media: new Map(),
    notes: { get: () => undefined, set: () => undefined },
    pseudonyms: {},
  }
}
const message = (content: string) => ({ messages: [{ role: 'user', content }] })

/** Every request field of openai.md 2.1 and every kind of message of 2.2, as a caller would send it to a model that takes it. */
type Row = [row: string, fields: Record<string, unknown>, model?: string]
const RELAYED: Row[] = [
  ['messages', message('hi')],
  ['audio', { audio: { voice: 'alloy', format: 'wav' }, modalities: ['text', 'audio'] }, 'gpt-audio-1.5'],
  ['frequency_penalty, presence_penalty', { frequency_penalty: 0.5, presence_penalty: -0.5 }],
  ['function_call', { functions: [{ name: 'f' }], function_call: 'auto' }],
  ['functions', { functions: [{ name: 'f', parameters: {} }] }],
  ['logit_bias', { logit_bias: { 50_256: -100 } }],
  ['logprobs', { logprobs: true }],
  ['top_logprobs', { logprobs: true, top_logprobs: 3 }],
  ['max_completion_tokens', { max_completion_tokens: 10 }],
  ['max_tokens', { max_tokens: 10 }],
  ['metadata', { metadata: { team: 'a' } }],
  ['modalities', { modalities: ['text'] }],
  ['moderation', { moderation: { model: 'omni-moderation-latest' } }],
  ['n', { n: 3 }],
  [
    'parallel_tool_calls',
    { tools: [{ type: 'function', function: { name: 'f' } }], parallel_tool_calls: false },
  ],
  ['prediction', { prediction: { type: 'content', content: 'x' } }],
  ['prompt_cache_key', { prompt_cache_key: 'k' }],
  ['prompt_cache_options', { prompt_cache_options: { mode: 'explicit' } }, 'gpt-5.6-sol'],
  ['prompt_cache_retention', { prompt_cache_retention: '24h' }],
  ['reasoning_effort', { reasoning_effort: 'high' }, 'o3'],
  [
    'response_format',
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 's', strict: true, schema: { type: 'object' } },
      },
    },
  ],
  ['safety_identifier', { safety_identifier: 'h' }],
  ['seed', { seed: 12_345_678_901 }],
  ['service_tier', { service_tier: 'ultrafast' }],
  ['stop', { stop: ['a', 'b'] }],
  ['store', { store: true }],
  ['stream', { stream: true, stream_options: { include_usage: true } }],
  ['stream_options', { stream: true, stream_options: { include_usage: true, include_obfuscation: false } }],
  ['temperature', { temperature: 0.2 }],
  ['top_p', { top_p: 0.2 }],
  ['tool_choice', { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'required' }],
  ['tools', { tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: {} } }] }],
  ['user', { user: 'u' }],
  ['verbosity', { verbosity: 'low' }, 'gpt-5.6-sol'],
  ['web_search_options', { web_search_options: { search_context_size: 'low' } }, 'gpt-5-search-api'],
  ['unknown', { of_tomorrow: { nested: [1] } }],
]

describe('parameters of a chat request to OpenAI', () => {
  it.each(RELAYED)('[openai 2.1 %s] is relayed as it came', (_, fields, model = 'gpt-4o-mini') => {
    const request: ChatRequest = { model, ...message('hi'), ...fields }
    expect(patchChat(request, context(model))).toBeUndefined()
  })

  it('[openai 2.1 model] is the upstream’s own id', () => {
    expect(
      patchChat(
        { model: 'gpt-4o-audio', messages: [{ role: 'user', content: 'hi' }] },
        context('gpt-4o-audio-preview'),
      )?.set,
    ).toEqual({
      model: 'gpt-4o-audio-preview',
    })
  })
})
