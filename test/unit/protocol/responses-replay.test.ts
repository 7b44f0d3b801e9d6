import { describe, expect, it } from 'vitest'
import { cacheableOf } from '../../../src/cache/cacheable.ts'
import { canonicalRequest } from '../../../src/cache/key.ts'
import { responsesReplay } from '../../../src/protocol/responses-replay.ts'
import { observeResponses } from '../../../src/protocol/responses-observer.ts'
import type { Item, ResponseObject } from '../../../src/protocol/responses.ts'

type Json = Record<string, unknown>
const response = (output: readonly Item[], more: Json = {}): ResponseObject => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  completed_at: 2,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'gpt-4.1',
  output,
  usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
  ...more,
})
const text = (words: string, annotations: readonly object[] = []) => ({
  type: 'output_text',
  text: words,
  annotations,
  logprobs: [],
})
const message = (...content: readonly object[]): Item & Json => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content,
})
const ITEMS: readonly (Item & Json)[] = [
  {
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'Hm.' }],
    encrypted_content: 'e',
  },
  { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
  { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: null },
  { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'aGk=' },
  message(
    text('One', [{ type: 'url_citation', url: 'u', title: 't', start_index: 0, end_index: 3 }]),
    text(''),
  ),
  {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'c',
    name: 'f',
    arguments: '{"a":1}',
    status: 'completed',
  },
  { type: 'custom_tool_call', id: 'ct_1', call_id: 'd', name: 'g', input: 'x', status: 'completed' },
]
const { toEvents, toResponse, isEvent } = responsesReplay

describe('a response as a stream', () => {
  const whole = response(ITEMS)
  const events = toEvents(whole)

  it('adds up to itself', () => {
    expect(toResponse(events)).toBe(whole)
    expect(events.every(isEvent)).toBe(true)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i))
    const observer = observeResponses()
    for (const event of events) observer.see(event)
    expect(observer).toMatchObject({ started: true, complete: true, answer: whole })
  })

  it('begins with nothing said, and opens and closes each item in its place', () => {
    expect(events[0]).toMatchObject({
      type: 'response.created',
      response: { id: 'resp_1', status: 'in_progress', completed_at: null, output: [], usage: null },
    })
    const of = (type: string) => events.filter((event) => event.type === `response.output_item.${type}`)
    expect(of('done').map(({ item, output_index: at }) => [item, at])).toEqual(
      ITEMS.map((item, i) => [item, i]),
    )
    const shells = of('added').map(({ item }) => item as Json)
    for (const shell of shells)
      for (const member of ['content', 'summary', 'arguments', 'input', 'result'])
        expect(['', null, undefined]).toContain(
          Array.isArray(shell[member]) ? shell[member].join() : shell[member],
        )
  })

  it('says every text once', () => {
    const deltas = events.flatMap(({ type, delta }) => (type.endsWith('.delta') ? [delta] : []))
    expect(deltas).toEqual(['Hm.', 'One', '{"a":1}', 'x'])
  })

  it('is none while its last event is not there', () => {
    expect(toResponse(events.slice(0, -1))).toBeUndefined()
    expect(toResponse([])).toBeUndefined()
  })
})

describe('a response is kept', () => {
  const keeps = (of: ResponseObject) => cacheableOf('responses')!.keeps(of)
  it('whole', () => {
    expect(keeps(response(ITEMS))).toBe(true)
  })
  it.each<[string, ResponseObject]>([
    ['incomplete', response([], { status: 'incomplete' })],
    ['cut at its longest', response([], { incomplete_details: { reason: 'max_output_tokens' } })],
    ['failed', response([], { error: { code: 'server_error' } })],
    ['refused', response([message({ type: 'refusal', refusal: 'no' })])],
    ...[
      'code_interpreter_call',
      'mcp_call',
      'mcp_approval_request',
      'computer_call',
      'local_shell_call',
      'tomorrow',
    ].map((type): [string, ResponseObject] => [`of a ${type}`, response([{ type, id: 'x' }])]),
  ])('never if %s', (_, of) => {
    expect(keeps(of)).toBe(false)
  })
})

describe('two requests for a response', () => {
  const BASE: Json = { model: 'gpt-4.1', input: 'Hi', temperature: 0.2 }
  const key = (more: Json, ownDefaults = true): string => {
    const request = { ...BASE, ...more }
    const meaning = cacheableOf('responses')!.meaning(request as never, ownDefaults)
    return canonicalRequest(request, meaning, JSON.stringify(request))
  }
  it.each<Json>([
    { stream: true, stream_options: { include_obfuscation: false } },
    { store: true, background: false, truncation: 'disabled', previous_response_id: null },
    { tool_choice: 'auto', parallel_tool_calls: true, top_p: 1, service_tier: 'auto' },
    { text: { format: { type: 'text' } }, tools: null, user: null, metadata: null },
  ])('share a key with %j', (more) => {
    expect(key(more)).toBe(key({}))
  })
  it.each<Json>([
    { input: 'Ho' },
    { input: [{ role: 'user', content: 'Hi' }] },
    { instructions: 'x' },
    { temperature: 1 },
    { store: false },
    { user: 'u' },
    { metadata: { a: 'b' } },
    { prompt_cache_key: 'k' },
    { safety_identifier: 's' },
    { include: ['reasoning.encrypted_content'] },
    { reasoning: { effort: 'low' } },
    { text: { format: { type: 'json_object' } } },
    { tools: [{ type: 'web_search' }] },
    { max_output_tokens: 16 },
    { a_field_of_tomorrow: 1 },
  ])('do not with %j', (more) => {
    expect(key(more)).not.toBe(key({}))
  })
  it("tell another provider's defaults apart", () => {
    expect(key({ top_p: 1 }, false)).not.toBe(key({}, false))
  })
})
