import { describe, expect, it } from 'vitest'
import { sealEnvelope } from '../../../src/protocol/bridge/envelope.ts'
import type { ResponsesRequest } from '../../../src/protocol/responses.ts'
import { responsesUsage } from '../../../src/protocol/responses-usage.ts'
import { patchResponses } from '../../../src/providers/openai/responses.ts'
import type { CodecContext } from '../../../src/providers/provider.ts'
import { identified, pageOf } from '../../../src/responses/items.ts'

const context: CodecContext = {
  target: { id: 'openai/gpt-4.1', provider: 'openai', model: 'gpt-4.1', credential: 'OPENAI_API_KEY' },
  card: undefined,
  chance: { now: () => 0, random: () => 0 },
  strict: false,
  media: new Map(),
  notes: { get: () => undefined, set: () => undefined },
  pseudonyms: {},
}
const ask = (fields: object): ResponsesRequest => ({ model: 'gpt-4.1', input: 'Hi', ...fields })

describe('what changes in a relayed request for a response', () => {
  const own = {
    type: 'reasoning',
    id: 'rs_1',
    encrypted_content: sealEnvelope({ thought_signature: 'c2ln' }, { provider: 'gemini' }),
  }
  const theirs = { type: 'reasoning', id: 'rs_2', encrypted_content: 'gAAA' }

  it.each([
    ['nothing, as a rule', { temperature: 1, tomorrow: {} }],
    ['nothing, with thoughts of OpenAI', { input: [theirs] }],
    ['nothing, with a response of OpenAI', { previous_response_id: 'resp_68af' }],
    ['nothing, whatever the input is', { input: [null, 1, { type: 'reasoning' }] }],
  ])('%s', (_, fields) => {
    expect(patchResponses(ask(fields), context)).toBeUndefined()
  })

  it('the model, pseudonyms, and what a bridge wrote', () => {
    const request = ask({ model: 'smart', user: 'u', previous_response_id: 'resp_gw1', input: [own, theirs] })
    expect(patchResponses(request, { ...context, pseudonyms: { user: 'p' } })).toEqual({
      set: { model: 'gpt-4.1', user: 'p', input: [theirs] },
      drop: ['previous_response_id'],
      adapted: ['user=pseudonym', 'previous_response_id=replayed', 'input.reasoning=dropped'],
    })
  })
})

describe('the usage of a response', () => {
  const usage = { input_tokens: 5, output_tokens: 7, total_tokens: 12 }
  const search = { type: 'web_search_call', action: { type: 'search' } }
  const response = { id: 'r', object: 'response', created_at: 1, model: 'm', usage } as const
  it.each([
    [
      'searches',
      [search, { ...search, action: { type: 'open_page' } }],
      [{ type: 'web_search' }],
      { searches: 1 },
    ],
    [
      'preview searches',
      [search, search],
      [{ type: 'web_search_preview_2025_03_11' }],
      { previewSearches: 2 },
    ],
    ['file searches', [{ type: 'file_search_call' }], [], { fileSearches: 1 }],
  ])('counts %s', (_, output, tools, counts) => {
    expect(responsesUsage({ ...response, output, tools })).toMatchObject({ inputTokens: 5, ...counts })
  })
  it('is not there before the end', () => {
    expect(responsesUsage({ ...response, output: [], usage: null })).toBeUndefined()
  })
})

describe('a list of items', () => {
  const items = ['a', 'b', 'c'].map((id) => ({ id, type: 'message' }))
  const page = (query: string) => pageOf(items, new URLSearchParams(query))
  it.each([
    ['', ['c', 'b', 'a'], false],
    ['order=asc&limit=2', ['a', 'b'], true],
    ['order=asc&after=b', ['c'], false],
    ['limit=1&after=c', ['b'], true],
  ])('?%s', (query, ids, more) => {
    const { data, has_more, first_id, last_id } = page(query)
    expect(data.map(({ id }) => id)).toEqual(ids)
    expect([has_more, first_id, last_id]).toEqual([more, ids[0], ids.at(-1)])
  })
  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['order=up', 'order'],
    ['after=z', 'after'],
  ])('?%s is refused', (query, param) => {
    expect(() => page(query)).toThrow(expect.objectContaining({ detail: { param } }))
  })
  it('gives every item a type and an id', () => {
    const [first, second] = identified([{}, { id: 'x', type: 'y' }], context.chance)
    expect(first).toEqual({ type: 'message', id: `msg_${'0'.repeat(40)}` })
    expect(second).toEqual({ id: 'x', type: 'y' })
  })
})
