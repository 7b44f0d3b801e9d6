import { describe, expect, it } from 'vitest'
import { chatOverResponses } from '../../../src/protocol/bridge/chat-over-responses.ts'
import type { ChatChunk, ChatRequest } from '../../../src/protocol/chat.ts'
import { chat } from '../../../src/protocol/chat-endpoint.ts'
import type { ResponsesEvent } from '../../../src/protocol/responses.ts'
import { cardOrFamily } from '../../../src/catalog/family.ts'
import { needsResponses } from '../../../src/providers/openai/chat-over-responses.ts'
import { context } from './support.ts'

const ask = (fields: object): ChatRequest => ({
  model: 'o3-pro',
  messages: [{ role: 'user', content: 'Hi' }],
  ...fields,
})
const cross = (fields: object) => chatOverResponses.request(ask(fields), context())

describe('a chat request', () => {
  it('becomes one for a response that nobody keeps', () => {
    const { request } = cross({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image_url', image_url: { url: 'data:,' } },
          ],
        },
        {
          role: 'assistant',
          content: 'Wait',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
            { id: 'b'.repeat(80), type: 'custom', custom: { name: 'g', input: 'x' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'ok' }] },
        { role: 'tool', tool_call_id: 'b'.repeat(80), content: 'ok' },
      ],
      tools: [
        { type: 'function', function: { name: 'f', parameters: { type: 'object' } } },
        {
          type: 'custom',
          custom: { name: 'g', format: { type: 'grammar', grammar: { syntax: 'regex', definition: 'x' } } },
        },
      ],
      tool_choice: { type: 'custom', custom: { name: 'g' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {}, strict: true } },
      reasoning_effort: 'high',
      include_reasoning: true,
      verbosity: 'low',
      max_completion_tokens: 100,
      web_search_options: { user_location: { type: 'approximate', approximate: { country: 'CH' } } },
      service_tier: 'flex',
      stream: true,
      metadata: { a: 'b' },
    })
    expect(request).toEqual({
      model: 'o3-pro',
      input: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_image', image_url: 'data:,', detail: 'auto' },
          ],
        },
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Wait', annotations: [] }],
        },
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
        { type: 'custom_tool_call', call_id: 'b'.repeat(64), name: 'g', input: 'x' },
        { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_text', text: 'ok' }] },
        { type: 'custom_tool_call_output', call_id: 'b'.repeat(64), output: 'ok' },
      ],
      store: false,
      stream: true,
      max_output_tokens: 100,
      tools: [
        { type: 'function', name: 'f', parameters: { type: 'object' }, strict: false },
        { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'regex', definition: 'x' } },
        { type: 'web_search', user_location: { type: 'approximate', country: 'CH' } },
      ],
      tool_choice: { type: 'custom', name: 'g' },
      parallel_tool_calls: false,
      text: { format: { type: 'json_schema', name: 'x', schema: {}, strict: true }, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      service_tier: 'flex',
      metadata: { a: 'b' },
    })
  })

  it.each([
    [{ stop: ['x'] }, 'stop'],
    [{ functions: [{ name: 'f' }] }, 'functions'],
    [{ modalities: ['audio'] }, 'modalities'],
    [{ messages: [{ role: 'function', name: 'f', content: '' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: [{ type: 'video_url' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
  ])('%j is refused', (fields, param) => {
    expect(() => cross(fields)).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ param }) }),
    )
  })

  it('is named back in its own words', () => {
    const { renamed } = cross({
      messages: [
        { role: 'user', content: 'a' },
        {
          role: 'assistant',
          content: 'b',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '' } }],
        },
      ],
    })
    expect(renamed("input[2].arguments and 'max_output_tokens'")).toBe(
      "messages[1].arguments and 'max_completion_tokens'",
    )
  })
})

describe('events', () => {
  const response = {
    id: 'resp_1',
    object: 'response',
    created_at: 5,
    model: 'o3-pro-2025-06-10',
    output: [],
  } as const

  it('are numbered by call, and end with a reason and the usage', () => {
    const request = ask({ stream: true, stream_options: { include_usage: true } })
    const decoder = chatOverResponses.events(request, context())
    const chunks: ChatChunk[] = []
    const item = (id: string) => ({
      type: 'function_call',
      id: `fc_${id}`,
      call_id: id,
      name: 'f',
      arguments: '',
    })
    for (const event of [
      { type: 'response.created', response },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'reasoning', id: 'rs', summary: [] },
      },
      { type: 'response.reasoning_summary_text.delta', delta: 'secret' },
      { type: 'response.output_item.added', output_index: 1, item: item('a') },
      { type: 'response.function_call_arguments.delta', output_index: 1, delta: '{}' },
      { type: 'response.output_item.added', output_index: 2, item: item('b') },
      { type: 'response.function_call_arguments.delta', output_index: 2, delta: '[]' },
      { type: 'keepalive' },
      {
        type: 'response.completed',
        response: {
          ...response,
          status: 'completed' as const,
          service_tier: 'flex',
          usage: {
            input_tokens: 1,
            output_tokens: 2,
            total_tokens: 3,
            output_tokens_details: { reasoning_tokens: 1 },
          },
        },
      },
    ])
      decoder.push(event, (chunk) => chunks.push(chunk))
    decoder.end((chunk) => chunks.push(chunk))
    expect(chunks.map(({ choices: [choice] }) => choice && [choice.delta, choice.finish_reason])).toEqual([
      [{ role: 'assistant', content: '', refusal: null }, null],
      [
        { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
        null,
      ],
      [{ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }, null],
      [
        { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'f', arguments: '' } }] },
        null,
      ],
      [{ tool_calls: [{ index: 1, function: { arguments: '[]' } }] }, null],
      [{}, 'tool_calls'],
      undefined,
    ])
    expect(chunks.at(-1)).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 5,
      model: 'o3-pro-2025-06-10',
      choices: [],
      usage: {
        prompt_tokens: 1,
        completion_tokens: 2,
        total_tokens: 3,
        prompt_tokens_details: undefined,
        completion_tokens_details: { reasoning_tokens: 1 },
      },
      service_tier: 'flex',
    })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
  })

  it.each([
    [{ reason: 'max_output_tokens' }, 'length'],
    [{ reason: 'content_filter' }, 'content_filter'],
  ])('%j ends with %s', (incomplete_details, reason) => {
    const decoder = chatOverResponses.events(ask({}), context())
    const chunks: ChatChunk[] = []
    const whole = { ...response, status: 'incomplete' as const, incomplete_details }
    decoder.push({ type: 'response.incomplete', response: whole }, (chunk) => chunks.push(chunk))
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(reason)
  })
})

it('the searches behind an answer are billed, as many as there were', () => {
  const search = { type: 'web_search_call', action: { type: 'search', query: 'q' } }
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 }
  const whole = { id: 'resp_1', status: 'completed', output: [search, search], usage } as const
  const events = chatOverResponses.events(ask({}), context())
  const observer = chat.observe(ask({}))
  for (const event of [
    { type: 'response.created', response: whole },
    { type: 'response.completed', response: whole },
  ] as unknown as ResponsesEvent[])
    events.push(event, (chunk) => observer.see(chunk))
  expect(observer.usage).toMatchObject({ inputTokens: 1, outputTokens: 2, searches: 2 })
})

describe('who needs it', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }]
  it.each([
    ['o3-pro', {}, true],
    ['gpt-5.5-pro', {}, true],
    ['gpt-5.3-codex', {}, true],
    ['o4-mini-deep-research', {}, true],
    ['gpt-5.6-terra', {}, false],
    ['gpt-5.6-terra', { tools }, true],
    ['gpt-5.6-terra', { tools, reasoning_effort: 'none' }, false],
    ['gpt-6.1-sol', { tools, reasoning_effort: 'low' }, true],
    ['gpt-5.1', { tools, reasoning_effort: 'high' }, false],
    ['gpt-4.1', { tools }, false],
    ['gpt-99', { tools }, false],
  ])('%s with %j: %s', (model, fields, needed) => {
    expect(needsResponses(ask({ model, ...fields }), { model, card: cardOrFamily(model) })).toBe(needed)
  })
})
