import { describe, expect, test } from 'vitest'
import { endpoints, type EndpointId } from '../../../src/protocol/index.ts'

/** What an upstream may put where its counts belong. */
const NO_COUNTS = [-1, Number.NaN, Infinity, '7', null, {}, [], true]

const ANSWERS: { readonly [E in EndpointId]?: (count: unknown) => object } = {
  chat: (count) => ({ choices: [{}], usage: { prompt_tokens: count, completion_tokens: 5 } }),
  completions: (count) => ({ choices: [{}], usage: { prompt_tokens: 5, completion_tokens: count } }),
  responses: (count) => ({ id: 'r', output: [], usage: { input_tokens: 5, output_tokens: count } }),
  embeddings: (count) => ({ data: [], usage: { prompt_tokens: count, total_tokens: 5 } }),
  images: (count) => ({ data: [{}], usage: { input_tokens: 5, output_tokens: count, total_tokens: 5 } }),
  transcriptions: (count) => ({ text: '', usage: { type: 'tokens', input_tokens: count, output_tokens: 5 } }),
  translations: (count) => ({ text: '', usage: { type: 'duration', seconds: count } }),
  speech: (count) => ({
    contentType: '',
    bytes: new Uint8Array(),
    usage: { input_tokens: 5, output_tokens: count },
  }),
}

describe.each(Object.entries(ANSWERS))('B-07 an answer of %s', (id, answer) => {
  const usage = (count: unknown): { inputTokens: number; outputTokens: number } | undefined =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what comes from outside has any shape
    endpoints[id as EndpointId].usage(answer(count) as never)

  test.each(NO_COUNTS)('whose usage is %j does not say what it used', (count) => {
    // Pictures are counted by themselves.
    const said = id === 'images' ? { inputTokens: 0, outputTokens: 0, images: 1 } : undefined
    expect(usage(count)).toEqual(said)
  })

  test('that counts is believed', () => {
    expect(usage(7)).toBeDefined()
  })
})
