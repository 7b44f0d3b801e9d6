import { describe, expect, test } from 'vitest'
import { card } from '../../../src/catalog/card.ts'
import type { Body } from './support.ts'
import { answer, contextFor, encode, refused, stream, whole, event, END } from './support.ts'
import { traitsFor, traitsOf } from '../../../src/providers/gemini/model.ts'

const thinking = (body: Body, on: string) => encode(body, { on }).body.generationConfig?.thinkingConfig
const MODELS = {
  '2.5-flash': 'gemini-2.5-flash',
  '2.5-flash-lite': 'gemini-2.5-flash-lite',
  '2.5-pro': 'gemini-2.5-pro',
  '3.x with minimal': 'gemini-3.6-flash',
  '3.1-pro': 'gemini-3.1-pro-preview',
  '3.7': 'gemini-3.7-flash',
  '3.8': 'gemini-3.8-flash',
  '4-argon': 'gemini-4-argon',
  '4-hydrogen': 'gemini-4-hydrogen',
} as const

/** gemini.md 4.7, cell by cell. */
const MATRIX: Readonly<Record<string, readonly (number | string)[]>> = {
  none: [0, 0, 128, 'minimal', 'low', 'low', 'low', 'low', 'low'],
  minimal: [1024, 1024, 1024, 'minimal', 'low', 'low', 'low', 'low', 'low'],
  low: [1024, 1024, 1024, 'low', 'low', 'low', 'low', 'low', 'low'],
  medium: [8192, 8192, 8192, 'medium', 'medium', 'medium', 'medium', 'medium', 'medium'],
  high: [24_576, 24_576, 24_576, 'high', 'high', 'high', 'high', 'high', 'high'],
  xhigh: [24_576, 24_576, 32_768, 'high', 'high', 'high', 'high', 'high', 'xhigh'],
  max: [24_576, 24_576, 32_768, 'high', 'high', 'high', 'high', 'high', 'xhigh'],
}
const cells = Object.entries(MATRIX).flatMap(([effort, row]) =>
  Object.values(MODELS).map((on, i) => [effort, on, row[i]] as const),
)

describe('reasoning_effort', () => {
  test.each(cells)('[gemini 4.1 reasoning_effort] [gemini 4.7 %s] on %s is %s', (effort, on, expected) =>
    expect(thinking({ reasoning_effort: effort }, on)).toEqual(
      typeof expected === 'number' ? { thinkingBudget: expected } : { thinkingLevel: expected },
    ),
  )
  test.each(Object.values(MODELS))('[gemini 4.7 absent] on %s is left out', (on) =>
    expect(thinking({}, on)).toBeUndefined(),
  )

  test('[gemini-trap 61] minimal on 3.7 and 3.8 is low, and says so', () => {
    expect(encode({ reasoning_effort: 'minimal' }, { on: 'gemini-3.8-flash' }).adapted).toEqual([
      'reasoning_effort=low',
    ])
    expect(encode({ reasoning_effort: 'minimal' }, { on: 'gemini-3.6-flash' }).adapted).toEqual([])
  })
  test('[gemini-trap 65] none is the least there is, not hidden thinking; strict refuses where it cannot stop', () => {
    expect(encode({ reasoning_effort: 'none' }, { on: 'gemini-2.5-flash' })).toMatchObject({
      body: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
      adapted: [],
    })
    expect(encode({ reasoning_effort: 'none' }, { on: 'gemini-2.5-pro' }).adapted).toEqual([
      'reasoning_effort=128',
    ])
    for (const on of ['gemini-2.5-pro', 'gemini-3.6-flash', 'gemini-3.8-flash'])
      expect(
        refused(
          { reasoning_effort: 'none' },
          {
            on,
            strict: true,
          },
        ),
      ).toEqual({ code: 'unsupported_value', param: 'reasoning_effort' })
    expect(encode({ reasoning_effort: 'none' }, { on: 'gemini-2.5-flash', strict: true }).adapted).toEqual([])
  })
  test('[gemini-trap 62] [gemini-trap 64] [gemini-trap 66] budgets for 2.5, levels after, never both', () => {
    for (const on of Object.values(MODELS)) {
      const config = thinking({ reasoning_effort: 'high' }, on) ?? {}
      expect(Object.keys(config)).toEqual([on.includes('2.5') ? 'thinkingBudget' : 'thinkingLevel'])
    }
  })
  test('[gemini-trap 67] together with Google’s own option it is refused', () =>
    expect(
      refused({ reasoning_effort: 'low', google: { thinking_config: { thinking_level: 'high' } } }),
    ).toEqual({ code: 'invalid_value', param: 'reasoning_effort' }))
  test.each(['gemma-4-31b-it', 'gemini-2.0-flash', 'gemini-2.5-flash-image'])(
    '[gemini-trap 68] %s does not think: none is what it does, anything else a hint',
    (on) => {
      expect(encode({ reasoning_effort: 'high' }, { on })).toMatchObject({
        adapted: ['reasoning_effort=dropped'],
      })
      expect(encode({ reasoning_effort: 'none' }, { on, strict: true }).adapted).toEqual([])
      expect(thinking({ reasoning_effort: 'high' }, on)).toBeUndefined()
      expect(
        refused(
          { reasoning_effort: 'high' },
          {
            on,
            strict: true,
          },
        ),
      ).toEqual({ code: 'unsupported_parameter', param: 'reasoning_effort' })
    },
  )
  test('[gemini 4.7 image models] their own levels only', () => {
    const level = (effort: string) =>
      thinking({ reasoning_effort: effort }, 'gemini-3.1-flash-image')?.thinkingLevel
    expect(['none', 'minimal', 'low', 'medium', 'high', 'max'].map(level)).toEqual([
      'minimal',
      'minimal',
      'minimal',
      'high',
      'high',
      'high',
    ])
    expect(thinking({ reasoning_effort: 'max' }, 'gemini-3-pro-image')).toEqual({ thinkingBudget: 32_768 })
  })
  test('[gemini 4.7 unknown models] levels without minimal', () => {
    for (const on of ['gemini-9.9-mega', 'gemini-flash-latest', 'gemini-next'])
      expect(thinking({ reasoning_effort: 'minimal' }, on)).toEqual({ thinkingLevel: 'low' })
  })
  test('[gemini-trap 131] after its date an id is served by another model, by whose rules it is asked', () => {
    const on = 'gemini-2.5-pro'
    const after = { now: () => Date.UTC(2026, 11, 1), random: () => 0 }
    const before = { now: () => Date.UTC(2026, 10, 30, 23), random: () => 0 }
    expect(
      encode({ reasoning_effort: 'low' }, { on, card: card(on), chance: before }).body.generationConfig
        ?.thinkingConfig,
    ).toEqual({ thinkingBudget: 1024 })
    expect(
      encode({ reasoning_effort: 'low' }, { on, card: card(on), chance: after }).body.generationConfig
        ?.thinkingConfig,
    ).toEqual({ thinkingLevel: 'low' })
    expect(traitsFor(contextFor({ on: 'gemini-3.5-flash', card: card('gemini-3.5-flash') })).model).toBe(
      'gemini-3.6-flash',
    )
  })
  test('the nested form of other gateways is read as well', () =>
    expect(thinking({ reasoning: { effort: 'high' } }, 'gemini-3.8-flash')).toEqual({
      thinkingLevel: 'high',
    }))
})

describe('thought summaries', () => {
  const parts = [{ text: 'I ponder.', thought: true }, { text: 'Answer' }]
  test.each<Body>([
    { include_reasoning: true },
    { reasoning: { summary: 'auto' } },
    { google: { thinking_config: { include_thoughts: true } } },
  ])('[gemini 4.7 include_reasoning] asked for by %j, they come as reasoning_content', (body) => {
    expect(thinking(body, 'gemini-3.8-flash')).toEqual({ includeThoughts: true })
    expect(answer(whole(parts), body).message).toMatchObject({
      content: 'Answer',
      reasoning_content: 'I ponder.',
    })
    expect(
      stream([event(parts), END], body).map((chunk) => chunk.choices[0]?.delta.reasoning_content),
    ).toContain('I ponder.')
  })
  test('[gemini-trap 69] [known-bug 23] they are never content, asked for or not', () => {
    expect(answer(whole(parts)).message).toEqual({ role: 'assistant', content: 'Answer', refusal: null })
    expect(JSON.stringify(stream([event(parts), END]))).not.toContain('ponder')
  })
  test('on a model that does not think the wish is listed', () =>
    expect(encode({ include_reasoning: true }, { on: 'gemma-4-31b-it' }).adapted).toEqual([
      'include_reasoning=dropped',
    ]))
})

describe('small answers', () => {
  test.each([
    ['gemini-2.5-flash', { thinkingBudget: 0 }],
    ['gemini-2.5-pro', { thinkingBudget: 128 }],
    ['gemini-3.6-flash', { thinkingLevel: 'minimal' }],
    ['gemini-3.8-flash', { thinkingLevel: 'low' }],
  ])('[gemini 4.8 max_tokens] a small legacy limit lowers thinking on %s, and says so', (on, expected) => {
    const { body, adapted } = encode({ max_tokens: 16 }, { on })
    expect(body.generationConfig).toEqual({ maxOutputTokens: 16, thinkingConfig: expected })
    expect(adapted).toEqual(['reasoning_effort=lowered'])
  })
  test.each<[Body, string]>([
    [{ max_completion_tokens: 16 }, 'gemini-3.8-flash'],
    [{ max_tokens: 1024 }, 'gemini-3.8-flash'],
    [{ max_tokens: 16 }, 'gemini-2.5-flash-lite'],
    [{ max_tokens: 16 }, 'gemini-3.1-flash-lite'],
    [{ max_tokens: 16 }, 'gemini-2.0-flash'],
  ])('nothing is lowered for %j on %s', (body, on) =>
    expect(encode(body, { on })).toMatchObject({ adapted: [] }),
  )
  test('an effort that was asked for stays; a budget leaves room for words', () => {
    expect(thinking({ max_tokens: 100, reasoning_effort: 'high' }, 'gemini-3.8-flash')).toEqual({
      thinkingLevel: 'high',
    })
    const { body, adapted } = encode(
      { max_tokens: 1000, reasoning_effort: 'high' },
      { on: 'gemini-2.5-flash' },
    )
    expect(body.generationConfig?.thinkingConfig).toEqual({ thinkingBudget: 500 })
    expect(adapted).toEqual(['reasoning_effort=lowered'])
  })
  test('[gemini-trap 25] [known-bug 36] thinking that used it all up is "" with length and its tokens', () => {
    const spent = {
      candidates: [{ content: { role: 'model' }, finishReason: 'MAX_TOKENS' }],
      usageMetadata: { promptTokenCount: 4, thoughtsTokenCount: 10, totalTokenCount: 14 },
    }
    expect(answer(spent)).toMatchObject({ message: { content: '' }, finish_reason: 'length' })
    const chunks = stream([spent])
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, 'length', undefined])
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null })
    expect(chunks.at(-1)?.usage).toMatchObject({
      completion_tokens: 10,
      completion_tokens_details: { reasoning_tokens: 10 },
    })
  })
})

test('what is not known of an id is what the newest generation does', () => {
  expect(traitsOf('gemini-7-flash')).toMatchObject({
    thinking: { kind: 'level', levels: ['low', 'medium', 'high'] },
    output: 'text',
    penalties: false,
    systemInstruction: true,
  })
  expect(traitsOf('models/gemini-2.5-flash').generation).toBe(2.5)
})
