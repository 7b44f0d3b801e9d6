import { describe, expect, test } from 'vitest'
import { card, cards } from '../../../src/catalog/card.ts'
import { cardOrFamily, familyOf } from '../../../src/catalog/family.ts'
import { generationOf } from '../../../src/catalog/generation.ts'
import { isReasoning, parameterRules } from '../../../src/catalog/parameters.ts'

describe('an id the catalog does not list', () => {
  test.each([
    ['gpt-7-sol', 'openai', 'gpt-7-sol', 'chat'],
    ['openai/gpt-7-sol', 'openai', 'gpt-7-sol', 'chat'],
    ['chatgpt-9-latest', 'openai', 'chatgpt-9-latest', 'chat'],
    ['o5-mini', 'openai', 'o5-mini', 'chat'],
    ['text-embedding-4', 'openai', 'text-embedding-4', 'embeddings'],
    ['tts-2', 'openai', 'tts-2', 'speech'],
    ['whisper-2', 'openai', 'whisper-2', 'transcriptions'],
    ['omni-moderation-2027', 'openai', 'omni-moderation-2027', 'moderations'],
    ['dall-e-4', 'openai', 'dall-e-4', 'images'],
    ['gpt-image-9', 'openai', 'gpt-image-9', 'images'],
    ['ft:gpt-4o-mini-2024-07-18:acme::9abc', 'openai', 'ft:gpt-4o-mini-2024-07-18:acme::9abc', 'chat'],
    ['gemini-9-flash', 'gemini', 'gemini-9-flash', 'chat'],
    ['models/gemini-9-flash', 'gemini', 'gemini-9-flash', 'chat'],
    ['google/gemini-9-flash', 'gemini', 'gemini-9-flash', 'chat'],
    ['gemma-4-31b-it', 'gemini', 'gemma-4-31b-it', 'chat'],
    ['gemini-embedding-3', 'gemini', 'gemini-embedding-3', 'embeddings'],
    ['gemini-9-flash-tts', 'gemini', 'gemini-9-flash-tts', 'speech'],
    ['gemini-9-live', 'gemini', 'gemini-9-live', 'live'],
  ])('%s is of %s, sent as %s, for %s', (id, provider, upstreamId, endpoint) => {
    expect(card(id)).toBeUndefined()
    const family = familyOf(id)
    expect(family).toMatchObject({ provider, upstreamId, assumed: true, prices: [] })
    expect(family?.endpoints).toContain(endpoint)
    expect(cardOrFamily(id)).toEqual(family)
  })

  test.each(['claude-opus-5', 'llama-4', 'o', 'omega', 'openai/gemini-9', 'gemini/gpt-7', 'models/gpt-7'])(
    '%s belongs to no family',
    (id) => {
      expect(familyOf(id)).toBeUndefined()
    },
  )

  test('takes over the abilities of the model it was tuned from, not the price', () => {
    const tuned = familyOf('ft:gpt-4o-mini-2024-07-18:acme::9abc')
    expect(tuned).toMatchObject({ contextTokens: 128_000, tools: true, prices: [] })
    expect(tuned?.shutdown).toBeUndefined()
  })

  test.each([
    ['gemini-9-flash', { kind: 'level', levels: ['low', 'medium', 'high'] }],
    ['gemini-pro-next', { kind: 'level', levels: ['low', 'medium', 'high'] }],
    ['gemini-2.5-pro-preview-06-05', { kind: 'budget', min: 128, max: 32_768, default: 'dynamic' }],
    [
      'gemini-2.5-flash-lite-preview-09-2025',
      { kind: 'budget', min: 512, max: 24_576, off: 0, default: 'off' },
    ],
    ['gemini-1.5-pro', undefined],
    ['gemini-2.0-flash-exp', undefined],
    ['gemini-9-flash-tts', undefined],
    ['gemma-4-31b-it', undefined],
    ['o5', { kind: 'effort', efforts: ['low', 'medium', 'high'], canDisable: false }],
    ['gpt-4o-2027-01-01', undefined],
  ])('%s thinks by %j', (id, reasoning) => {
    expect(familyOf(id)?.reasoning).toEqual(reasoning)
  })
})

describe('a hostile id is refused', () => {
  test.each([
    'gpt-../../v1/files',
    'gpt-4o/../../files',
    'gpt-4o//x',
    'gpt-4o?key=1',
    'gpt-4o#x',
    'gpt-4o%2e%2e',
    'gpt-4o\nx-header: 1',
    'gpt-4o\r',
    'gpt-4o x',
    'gpt-4o\u0000',
    'gpt-４o',
    'gemini-9:streamGenerateContent',
    'gemini-9/../../files',
    'gemini-9/generateContent',
    'models/models/gemini-9',
    'models/gemini-..',
    'gemini/../gemini-9',
    `gpt-${'9'.repeat(200)}`,
    '-gpt-4o',
    '/gpt-4o',
  ])('%j', (id) => {
    expect(cardOrFamily(id)).toBeUndefined()
  })
})

test.each([
  ['gemini-3.5-flash-lite', { major: 3, minor: 5, tier: 'flash-lite' }],
  ['models/gemini-2.5-pro', { major: 2, minor: 5, tier: 'pro' }],
  ['gemini-4-argon', { major: 4, minor: 0, tier: 'argon' }],
  ['gemini-3', { major: 3, minor: 0, tier: '' }],
  ['gemini-flash-latest', undefined],
  ['gpt-4o', undefined],
])('the generation of %s', (id, generation) => {
  expect(generationOf(id)).toEqual(generation)
})

test.each([
  ['o3', true],
  ['o3-2025-04-16', true],
  ['gpt-5', true],
  ['gpt-6.2-sol', true],
  ['gpt-7', true],
  ['gpt-5-chat-latest', false],
  ['chat-latest', false],
  ['gpt-4o', false],
  ['gpt-4.1', false],
  ['omni-moderation-latest', false],
])('%s reasons: %s', (id, reasons) => {
  expect(isReasoning(id)).toBe(reasons)
})

describe('parameter rules', () => {
  test.each([
    ['gpt-4o', { maxTokensField: 'max_tokens', systemRole: 'keep', sampling: 'free', functionTools: 'free' }],
    ['o1-mini', { systemRole: 'user', sampling: 'never', functionTools: 'never' }],
    ['o1-preview-2024-09-12', { systemRole: 'user', maxTokensField: 'max_completion_tokens' }],
    ['o3', { systemRole: 'developer', sampling: 'never', stop: 'never', functionTools: 'free' }],
    ['o3-mini', { sampling: 'never', stop: 'free' }],
    ['gpt-5-mini', { maxTokensField: 'max_completion_tokens', sampling: 'never', penalties: 'never' }],
    ['gpt-5.1', { sampling: 'effort-none', functionTools: 'free' }],
    ['gpt-5.4-nano-2026-03-17', { sampling: 'effort-none', functionTools: 'effort-none' }],
    ['gpt-5.6', { sampling: 'effort-none', functionTools: 'effort-none' }],
    ['gpt-6-astra', { sampling: 'never', functionTools: 'never' }],
    ['gpt-6.1-sol-2026-09-29', { sampling: 'never', functionTools: 'never' }],
    [
      'gpt-4o-search-preview',
      { maxTokensField: 'max_tokens', sampling: 'never', seed: 'never', stop: 'never' },
    ],
    ['gpt-5-chat-latest', { maxTokensField: 'max_tokens', sampling: 'free', systemRole: 'keep' }],
    ['ft:gpt-4o-2024-08-06:acme::1', { maxTokensField: 'max_tokens', sampling: 'free' }],
    ['gpt-9', { maxTokensField: 'max_completion_tokens', sampling: 'free', systemRole: 'keep' }],
    ['claude-opus-5', { maxTokensField: 'max_tokens', sampling: 'free' }],
  ])('%s', (id, rules) => {
    expect(parameterRules(id)).toMatchObject(rules)
  })

  test('say of sampling what the catalog says of temperature', () => {
    const listed = cards().filter(
      ({ provider, endpoints, temperature }) =>
        provider === 'openai' &&
        temperature !== undefined &&
        endpoints.some((endpoint) => endpoint === 'chat' || endpoint === 'responses'),
    )
    expect(listed.map(({ id }) => [id, parameterRules(id).sampling])).toEqual(
      listed.map(({ id, temperature }) => [id, temperature]),
    )
  })
})
