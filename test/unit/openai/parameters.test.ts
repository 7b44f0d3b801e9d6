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
  ['extensions of others', { top_k: 5, include_reasoning: true, reasoning: { effort: 'low' }, google: {} }],
]

const DATA = 'data:image/png;base64,iVBORw0KGgo='
const says = (role: string, content: unknown, rest: Record<string, unknown> = {}) => ({
  messages: [{ role, content, ...rest }],
})
const part = (type: string, member: unknown) => says('user', [{ type, [type]: member }])
const CALL = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":' } }

const MESSAGES: Row[] = [
  ['system, developer leading', { messages: [{ role: 'system', content: 's' }, ...message('hi').messages] }],
  ['system later', { messages: [...message('hi').messages, { role: 'developer', content: 's' }] }],
  ['user string', says('user', 'hi')],
  ['text part', part('text', 'hi')],
  ['image_url data', part('image_url', { url: DATA })],
  ['image_url http', part('image_url', { url: 'https://images.acme.com/a.png' })],
  ['image_url.detail', part('image_url', { url: DATA, detail: 'original' })],
  ['input_audio', part('input_audio', { data: 'AAAA', format: 'wav' })],
  ['file_data', part('file', { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' })],
  ['file_id', part('file', { file_id: 'file-1' })],
  ['video_url', part('video_url', { url: 'https://videos.acme.com/a.mp4' })],
  ['refusal part', says('assistant', [{ type: 'refusal', refusal: 'no' }])],
  ['assistant.content', says('assistant', 'hi')],
  ['assistant.refusal', says('assistant', null, { refusal: 'no' })],
  ['assistant.reasoning_content', says('assistant', 'hi', { reasoning_content: 'hm' })],
  ['assistant.tool_calls', says('assistant', null, { tool_calls: [CALL] })],
  ['assistant.audio.id', says('assistant', null, { audio: { id: 'audio_1' } })],
  ['tool', { messages: [...says('assistant', null, { tool_calls: [CALL] }).messages, { role: 'tool' }] }],
  ['function', says('function', 'ok', { name: 'f' })],
  ['name', says('user', 'hi', { name: 'ann' })],
  ['of tomorrow', says('oracle', { riddle: 1 }, { weight: 2 })],
]

const FUNCTION = {
  type: 'function',
  function: { name: 'f', parameters: { $ref: '#/$defs/x' }, strict: true },
}
const choosing = (choice: unknown) => ({ tools: [FUNCTION], tool_choice: choice })
const NAMED = { type: 'function', function: { name: 'f' } }
const TOOLS: Row[] = [
  ['function', { tools: [FUNCTION] }],
  ['custom', { tools: [{ type: 'custom', custom: { name: 'sql', format: { type: 'text' } } }] }],
  ['no parameters', { tools: [NAMED] }],
  ['tools empty', { tools: [] }],
  ['"auto"', choosing('auto')],
  ['"none"', choosing('none')],
  ['"required"', choosing('required')],
  ['{type:"function"}', choosing(NAMED)],
  ['allowed_tools', choosing({ type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [NAMED] } })],
  ['unknown name', choosing({ type: 'function', function: { name: 'g' } })],
]

const answering = (format: Record<string, unknown>) => ({ response_format: format })
const FORMATS: Row[] = [
  ['text', answering({ type: 'text' })],
  ['json_object', answering({ type: 'json_object' })],
  ['json_schema', answering({ type: 'json_schema', json_schema: { name: 's', schema: { anyOf: [] } } })],
  ['json + tools', { ...answering({ type: 'json_object' }), tools: [FUNCTION] }],
  ['grammar', answering({ type: 'grammar' })],
]

describe('parameters of a chat request to OpenAI', () => {
  it.each(RELAYED)('[openai 2.1 %s] is relayed as it came', (_, fields, model = 'gpt-4o-mini') => {
    const request: ChatRequest = { model, ...message('hi'), ...fields }
    expect(patchChat(request, context(model))).toBeUndefined()
  })
  const expectRelayed = (fields: Record<string, unknown>, model = 'gpt-4o-mini') =>
    expect(patchChat({ model, ...message('hi'), ...fields }, context(model))).toBeUndefined()
  it.each(MESSAGES)('[openai 2.2 %s] is relayed as it came', (_, fields) => expectRelayed(fields))
  it.each(FORMATS)('[openai 2.5 %s] is relayed as it came', (_, fields) => expectRelayed(fields))
  it.each(TOOLS)('[openai 2.6 %s] is relayed as it came', (_, fields) => expectRelayed(fields))

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
