import { describe, expect, it } from 'vitest'
import { cardOrFamily } from '../../../src/catalog/family.ts'
import type { ChatRequest } from '../../../src/protocol/chat.ts'
import { patchChat } from '../../../src/providers/openai/chat.ts'
import type { CodecContext } from '../../../src/providers/provider.ts'

function context(model: string, more: Partial<CodecContext> = {}): CodecContext {
  return {
    target: { id: `openai/${model}`, provider: 'openai', model, credential: 'OPENAI_API_KEY' },
    card: cardOrFamily(model),
    chance: { now: () => 0, random: () => 0 },
    strict: false,
    media: new Map(),
    notes: { get: () => undefined, set: () => undefined },
    pseudonyms: {},
    ...more,
  }
}
const ask = (fields: Record<string, unknown>): ChatRequest =>
  Object.freeze({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], ...fields })

describe('what changes in a relayed chat request', () => {
  it.each([
    ['nothing, for a plain request', 'gpt-4o-mini', {}],
    [
      'nothing, for fields nobody knows',
      'gpt-4o-mini',
      { tomorrow: { a: 1 }, temperature: 0.3, max_tokens: 5 },
    ],
    [
      'nothing, when the caller asks for usage',
      'gpt-4o-mini',
      { stream: true, stream_options: { include_usage: true } },
    ],
    [
      'nothing, for values that say nothing',
      'o3',
      { model: 'o3', temperature: 1, top_p: 1, n: 1, presence_penalty: 0, logprobs: false },
    ],
    [
      'nothing, for a family that is not known',
      'gpt-99-nova',
      { model: 'gpt-99-nova', temperature: 0.2, stop: 'x' },
    ],
    ['nothing, at effort none', 'gpt-5.1', { model: 'gpt-5.1', temperature: 0.2, reasoning_effort: 'none' }],
  ])('%s', (_, model, fields) => {
    expect(patchChat(ask(fields), context(model))).toBeUndefined()
  })

  it.each([
    [
      'usage is asked for on streams',
      'gpt-4o-mini',
      { stream: true },
      { set: { stream_options: { include_usage: true } }, drop: [], adapted: [] },
    ],
    [
      'other stream options stay',
      'gpt-4o-mini',
      { stream: true, stream_options: { include_obfuscation: false } },
      { set: { stream_options: { include_obfuscation: false, include_usage: true } }, drop: [], adapted: [] },
    ],
    [
      'an alias becomes the id that OpenAI knows',
      'gpt-4o-audio-preview',
      { model: 'gpt-4o-audio' },
      { set: { model: 'gpt-4o-audio-preview' }, drop: [], adapted: [] },
    ],
    [
      'max_tokens is renamed for reasoning models',
      'o3',
      { model: 'o3', max_tokens: 9 },
      { set: { max_completion_tokens: 9 }, drop: ['max_tokens'], adapted: ['max_tokens=renamed'] },
    ],
    [
      'the newer name wins where both are given',
      'o3',
      { model: 'o3', max_tokens: 9, max_completion_tokens: 8 },
      { set: {}, drop: ['max_tokens'], adapted: ['max_tokens=renamed'] },
    ],
    [
      'sampling is left out for reasoning models',
      'o3',
      { model: 'o3', temperature: 0.2, top_p: 0.5, stop: ['x'], logit_bias: { 1: 1 } },
      {
        set: {},
        drop: ['temperature', 'top_p', 'logit_bias', 'stop'],
        adapted: ['temperature=dropped', 'top_p=dropped', 'logit_bias=dropped', 'stop=dropped'],
      },
    ],
    [
      'sampling is left out unless the effort is none',
      'gpt-5.5',
      { model: 'gpt-5.5', temperature: 0.2 },
      { set: {}, drop: ['temperature'], adapted: ['temperature=dropped'] },
    ],
  ])('%s', (_, model, fields, expected) => {
    expect(patchChat(ask(fields), context(model))).toEqual(expected)
  })

  it('sends instructions as the user where a model knows no other role', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'hi' },
    ]
    expect(patchChat(ask({ model: 'o1-mini', messages }), context('o1-mini'))).toMatchObject({
      set: {
        messages: [
          { role: 'user', content: 'be brief' },
          { role: 'user', content: 'hi' },
        ],
      },
      adapted: ['messages=system-as-user'],
    })
  })

  it('leaves the family rules to the server in strict mode', () => {
    expect(
      patchChat(ask({ model: 'o3', temperature: 0.2, max_tokens: 3 }), context('o3', { strict: true })),
    ).toBeUndefined()
  })

  it('replaces or leaves out what names an end user, and says so', () => {
    const patch = patchChat(
      ask({ user: 'ann', prompt_cache_key: 'k' }),
      context('gpt-4o-mini', { pseudonyms: { user: 'x1', prompt_cache_key: undefined } }),
    )
    expect(patch).toEqual({
      set: { user: 'x1' },
      drop: ['prompt_cache_key'],
      adapted: ['prompt_cache_key=dropped', 'user=pseudonym'],
    })
  })
})

describe("signatures of Gemini's in a history", () => {
  const signed = { google: { thought_signature: 'c2ln', thought_signature_model: 'gemini-3' } }
  const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }
  const ours = {
    role: 'assistant',
    content: 'x',
    extra_content: signed,
    tool_calls: [{ ...call, extra_content: signed }],
  }

  it('are left out, and nothing else is', () => {
    const first = { role: 'user', content: 'hi', mine: 1 }
    const patch = patchChat(ask({ messages: [first, ours] }), context('gpt-4o-mini'))
    expect(JSON.parse(JSON.stringify(patch))).toEqual({
      set: { messages: [first, { role: 'assistant', content: 'x', tool_calls: [call] }] },
      drop: [],
      adapted: ['thought_signature=dropped'],
    })
  })

  it.each([
    ['that others wrote', { role: 'assistant', extra_content: { google: { thought_signature: 'c2ln' } } }],
    ['in shapes nobody expects', null],
    ['in shapes nobody expects', { role: 'assistant', tool_calls: 7, extra_content: 'x' }],
  ])('%s stay', (_, message) => {
    expect(patchChat(ask({ messages: [message] }), context('gpt-4o-mini'))).toBeUndefined()
  })
})
