import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { generateCatalog } from '../../../scripts/generate-catalog.ts'
import { card, cards, upstreamIdFor } from '../../../src/catalog/card.ts'

const root = new URL('../../../', import.meta.url)
const source: readonly { id: string; provider: string; aliases: string[]; snapshots: string[] }[] =
  JSON.parse(readFileSync(new URL('catalog/models.json', root), 'utf8'))

test('the generated rows are those of catalog/models.json', () => {
  expect(readFileSync(new URL('src/catalog/models.generated.ts', root), 'utf8')).toBe(generateCatalog())
})

test('every model of the source is listed once, in its order', () => {
  expect(source).toHaveLength(138)
  expect(cards().map(({ id }) => id)).toEqual(source.map(({ id }) => id))
})

test('no name belongs to two models', () => {
  const names = source.flatMap((row) => [row.id, ...row.aliases, ...row.snapshots])
  expect(new Set(names).size).toBe(names.length)
})

describe('a model is found by every name it has', () => {
  test.each(source)('$id', (row) => {
    const prefix = row.provider === 'google' ? 'gemini' : 'openai'
    for (const name of [row.id, ...row.aliases, ...row.snapshots]) {
      expect(card(name)?.id).toBe(row.id)
      expect(card(`${prefix}/${name}`)?.id).toBe(row.id)
    }
  })
})

describe('the models the product names', () => {
  test.each([
    ['gpt-4o', 'gpt-4o'],
    ['gpt-4o-audio', 'gpt-4o-audio-preview'],
    ['gpt-4o-realtime', 'gpt-4o-realtime-preview'],
    ['gpt-4o-search-preview', 'gpt-4o-search-preview'],
    ['gpt-4o-transcribe', 'gpt-4o-transcribe'],
    ['gpt-4o-mini', 'gpt-4o-mini'],
    ['gpt-4o-mini-audio', 'gpt-4o-mini-audio-preview'],
    ['gpt-4o-mini-realtime', 'gpt-4o-mini-realtime-preview'],
    ['gpt-4o-mini-search-preview', 'gpt-4o-mini-search-preview'],
    ['gpt-4o-mini-transcribe', 'gpt-4o-mini-transcribe'],
    ['gpt-4o-mini-tts', 'gpt-4o-mini-tts'],
    ['gpt-4-turbo', 'gpt-4-turbo'],
    ['gpt-4.1', 'gpt-4.1'],
    ['gpt-4', 'gpt-4'],
    ['o3', 'o3'],
    ['o3-pro', 'o3-pro'],
    ['o3-mini', 'o3-mini'],
    ['o3-deep-research', 'o3-deep-research'],
    ['o4-mini', 'o4-mini'],
    ['o4-mini-deep-research', 'o4-mini-deep-research'],
    ['o1-preview', 'o1-preview'],
    ['o1-mini', 'o1-mini'],
    ['whisper-1', 'whisper-1'],
    ['gemini-2.5-pro', 'gemini-2.5-pro'],
    ['gemini-2.5-flash', 'gemini-2.5-flash'],
    ['gemini-2.0-flash', 'gemini-2.0-flash'],
  ])('%s is %s upstream', (id, upstream) => {
    expect(card(id)?.id).toBe(id)
    expect(upstreamIdFor(id)).toBe(upstream)
  })
})

test.each([
  ['gpt-4o-2024-11-20', 'gpt-4o-2024-11-20'],
  ['openai/gpt-4o-audio-preview-2024-12-17', 'gpt-4o-audio-preview-2024-12-17'],
  ['gpt-4o-audio-preview', 'gpt-4o-audio-preview'],
  ['openai/gpt-4o-audio', 'gpt-4o-audio-preview'],
  ['gemini-3.1-pro-preview-customtools', 'gemini-3.1-pro-preview-customtools'],
  ['google/models/gemini-2.5-pro', 'gemini-2.5-pro'],
  ['models/gemini-2.5-pro', 'gemini-2.5-pro'],
  ['gemini-99-ultra', 'gemini-99-ultra'],
  ['../files', undefined],
])('%s is sent as %s', (id, upstream) => {
  expect(upstreamIdFor(id)).toBe(upstream)
})

test.each([
  'gemini/gpt-4o',
  'openai/gemini-2.5-pro',
  'models/gpt-4o',
  'gpt-4o ',
  'GPT-4o',
  '',
  'constructor',
])('%j is no model of the catalog', (id) => {
  expect(card(id)).toBeUndefined()
})

test('successors and equivalents are ids of the catalog', () => {
  const named = cards().flatMap(({ replacement, reroutedTo, equivalents }) => [
    ...[replacement, reroutedTo].filter((id) => id !== undefined),
    ...equivalents,
  ])
  expect(named.filter((id) => card(id)?.id !== id)).toEqual([])
})

test('each provider and each kind of steering is told apart', () => {
  expect(card('gemini-2.5-pro')).toMatchObject({
    provider: 'gemini',
    reasoning: { kind: 'budget', min: 128, max: 32_768, default: 'dynamic' },
    temperature: 'free',
    contextTokens: 1_048_576,
  })
  expect(card('gemini-2.5-flash')?.reasoning).toEqual({
    kind: 'budget',
    min: 0,
    max: 24_576,
    off: 0,
    default: 'dynamic',
  })
  expect(card('gemini-3.8-flash')?.reasoning).toEqual({
    kind: 'level',
    levels: ['low', 'medium', 'high'],
    default: 'medium',
  })
  expect(card('gpt-5.1')).toMatchObject({
    reasoning: { kind: 'effort', default: 'none', canDisable: true },
    temperature: 'effort-none',
    systemRole: 'developer',
  })
  expect(card('o1-mini')).toMatchObject({ reasoning: { kind: 'fixed' }, temperature: 'never' })
  expect(card('gpt-4o')?.reasoning).toBeUndefined()
})
