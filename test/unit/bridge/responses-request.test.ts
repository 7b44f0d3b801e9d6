import { describe, expect, it } from 'vitest'
import { sealEnvelope } from '../../../src/protocol/bridge/envelope.ts'
import { responsesOverChat } from '../../../src/protocol/bridge/responses-over-chat.ts'
import { context, signed } from './support.ts'

const cross = (body: object, strict = false) => {
  const request = { model: 'gemini-3.8-flash', input: 'Hi', ...body }
  const before = structuredClone(request)
  const crossing = responsesOverChat.request(request, context({ strict }))
  expect(request).toEqual(before)
  return crossing
}
const chatOf = (body: object) => cross(body).request

const seal = (signature: string, on?: string) => ({
  type: 'reasoning',
  id: 'rs_1',
  summary: [],
  encrypted_content: sealEnvelope(signed(signature).google, { provider: 'gemini', on }),
})
const call = (id: string) => ({ type: 'function_call', id: 'fc_1', call_id: id, name: 'f', arguments: '{}' })
const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'ok' })
const toolCall = (id: string, more: object = {}) => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: '{}' },
  ...more,
})

describe('messages', () => {
  it.each([
    ['a string', { input: 'Hi' }, [{ role: 'user', content: 'Hi' }]],
    [
      'instructions first, developers as system',
      {
        instructions: 'A',
        input: [
          { role: 'developer', content: 'B' },
          { role: 'user', content: 'C' },
        ],
      },
      [
        { role: 'system', content: 'A' },
        { role: 'system', content: 'B' },
        { role: 'user', content: 'C' },
      ],
    ],
    [
      'parts',
      {
        input: [
          {
            type: 'message',
            role: 'user',
            content: [
              { type: 'input_text', text: 'a' },
              { type: 'input_image', image_url: 'https://a.test/b.png', detail: 'low' },
              { type: 'input_file', file_data: 'data:application/pdf;base64,aGk=', filename: 'a.pdf' },
              { type: 'input_file', file_url: 'https://a.test/b.pdf' },
            ],
          },
        ],
      },
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image_url', image_url: { url: 'https://a.test/b.png', detail: 'low' } },
            { type: 'file', file: { file_data: 'data:application/pdf;base64,aGk=', filename: 'a.pdf' } },
            { type: 'file', file: { file_data: 'https://a.test/b.pdf' } },
          ],
        },
      ],
    ],
    [
      'one turn of the assistant, in parallel',
      {
        input: [
          { role: 'user', content: 'Hi' },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Wait' }] },
          call('a'),
          call('b'),
          output('a'),
          output('b'),
        ],
      },
      [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [{ type: 'text', text: 'Wait' }],
          tool_calls: [toolCall('a'), toolCall('b')],
        },
        { role: 'tool', tool_call_id: 'a', content: 'ok' },
        { role: 'tool', tool_call_id: 'b', content: 'ok' },
      ],
    ],
    [
      'turns of the assistant, one after the other',
      { input: [call('a'), output('a'), call('b'), output('b')] },
      [
        { role: 'assistant', content: null, tool_calls: [toolCall('a')] },
        { role: 'tool', tool_call_id: 'a', content: 'ok' },
        { role: 'assistant', content: null, tool_calls: [toolCall('b')] },
        { role: 'tool', tool_call_id: 'b', content: 'ok' },
      ],
    ],
    [
      'signatures, each where it stood',
      {
        input: [
          seal('c2ln', 'a'),
          call('a'),
          output('a'),
          { role: 'assistant', content: 'Done' },
          seal('dGV4dA=='),
        ],
      },
      [
        { role: 'assistant', content: null, tool_calls: [toolCall('a', { extra_content: signed('c2ln') })] },
        { role: 'tool', tool_call_id: 'a', content: 'ok' },
        { role: 'assistant', content: 'Done', extra_content: signed('dGV4dA==') },
      ],
    ],
    [
      'a signature before its message',
      { input: [seal('dGV4dA=='), { role: 'assistant', content: 'Done' }, { role: 'user', content: 'Hi' }] },
      [
        { role: 'assistant', content: 'Done', extra_content: signed('dGV4dA==') },
        { role: 'user', content: 'Hi' },
      ],
    ],
    [
      'pictures that were made',
      { input: [seal('aW1n', 'ig_1'), { type: 'image_generation_call', id: 'ig_1', result: 'aGk=' }] },
      [
        {
          role: 'assistant',
          content: null,
          images: [
            {
              type: 'image_url',
              image_url: { url: 'data:image/png;base64,aGk=' },
              extra_content: signed('aW1n'),
            },
          ],
        },
      ],
    ],
  ])('%s', (_, body, messages) => {
    expect(chatOf(body).messages).toEqual(messages)
  })

  it('lists what it leaves out', () => {
    const input = [
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAAforeign' },
      { type: 'web_search_call', id: 'ws_1' },
      { role: 'user', content: 'Hi' },
    ]
    expect(cross({ input }).adapted).toEqual(['input.reasoning=dropped', 'input.web_search_call=dropped'])
  })
})

describe('fields', () => {
  it.each([
    [{ max_output_tokens: 50 }, { max_completion_tokens: 50 }],
    [{ reasoning: { effort: 'low', summary: 'auto' } }, { reasoning_effort: 'low', include_reasoning: true }],
    [{ reasoning: { generate_summary: 'concise' } }, { include_reasoning: true }],
    [
      { temperature: 0.5, top_p: 0.9, user: 'u' },
      { temperature: 0.5, top_p: 0.9, user: 'u' },
    ],
    [{ stream: true }, { stream: true, stream_options: { include_usage: true } }],
    [{ google: { safety_settings: [] } }, { google: { safety_settings: [] } }],
    [
      {
        text: {
          format: { type: 'json_schema', name: 'x', schema: { type: 'object' }, strict: true },
          verbosity: 'low',
        },
      },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'object' }, strict: true },
        },
        verbosity: 'low',
      },
    ],
    [{ text: { format: { type: 'text' } } }, { response_format: { type: 'text' } }],
    [
      {
        tools: [
          { type: 'web_search' },
          { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: false },
        ],
        tool_choice: { type: 'function', name: 'f' },
        parallel_tool_calls: false,
      },
      {
        tools: [
          {
            type: 'function',
            function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: false },
          },
        ],
        web_search_options: {},
        tool_choice: { type: 'function', function: { name: 'f' } },
        parallel_tool_calls: false,
      },
    ],
    [
      {
        tools: [{ type: 'function', name: 'f' }],
        tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] },
      },
      {
        tools: [{ type: 'function', function: { name: 'f' } }],
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }] },
        },
      },
    ],
    [
      { include: ['message.output_text.logprobs'], top_logprobs: 2 },
      { logprobs: true, top_logprobs: 2 },
    ],
    [{ store: true, metadata: { a: 'b' }, background: false, truncation: 'disabled', include: null }, {}],
  ])('%j', (body, fields) => {
    const { model, messages, ...others } = chatOf(body)
    expect([model, messages]).toEqual(['gemini-3.8-flash', [{ role: 'user', content: 'Hi' }]])
    expect(others).toEqual(fields)
  })

  it.each([
    [{ background: true }, 'unsupported_value', 'background'],
    [{ conversation: 'c' }, 'unsupported_parameter', 'conversation'],
    [{ truncation: 'auto' }, 'unsupported_value', 'truncation'],
    [{ context_management: [] }, 'unsupported_parameter', 'context_management'],
    [{ stop: 'x' }, 'unknown_parameter', 'stop'],
    [{ input: null }, 'missing_required_parameter', 'input'],
    [{ input: [] }, 'invalid_value', 'input'],
    [{ input: [{ content: 'x' }] }, 'missing_required_parameter', 'input[0].type'],
    [{ input: ['x'] }, 'invalid_type', 'input[0]'],
    [{ input: [{ role: 'tool', content: 'x' }] }, 'invalid_value', 'input[0].role'],
    [{ input: [{ type: 'computer_call' }] }, 'unsupported_value', 'input[0].type'],
    [{ tools: [{ type: 'mcp' }] }, 'unsupported_value', 'tools[0].type'],
    [
      { tools: [{ type: 'web_search', filters: { allowed_domains: ['a'] } }] },
      'unsupported_parameter',
      'tools[0].filters',
    ],
    [{ tools: [{ type: 'function' }] }, 'missing_required_parameter', 'tools[0].name'],
    [{ tool_choice: { type: 'file_search' } }, 'unsupported_value', 'tool_choice.type'],
    [{ text: { format: { type: 'grammar' } } }, 'unsupported_value', 'text.format.type'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] },
      'unsupported_value',
      'input[0].content[0].file_id',
    ],
  ])('refuses %j', (body, code, param) => {
    expect(() => cross(body)).toThrow(
      expect.objectContaining({ code, detail: expect.objectContaining({ param }) }),
    )
  })

  it('refuses hints in strict mode, and lists them otherwise', () => {
    expect(cross({ max_tool_calls: 3 }).adapted).toEqual(['max_tool_calls=dropped'])
    expect(() => cross({ max_tool_calls: 3 }, true)).toThrow('max_tool_calls')
  })
})

describe('names', () => {
  const { renamed } = cross({
    instructions: 'A',
    input: [{ role: 'user', content: 'Hi' }, call('a'), call('b'), output('a'), output('b')],
    tools: [{ type: 'web_search' }, { type: 'function', name: 'f' }],
  })
  it.each([
    ['messages[0].content', 'instructions.content'],
    ['messages[1].content[0].image_url.url', 'input[0].content[0].image_url'],
    ['messages[2].tool_calls[1].function.arguments', 'input[2].arguments'],
    ['messages[4].tool_call_id', 'input[4].call_id'],
    ['tools[0].function.parameters.properties', 'tools[1].parameters.properties'],
    ['web_search_options.user_location', 'tools[0].user_location'],
    ["'max_completion_tokens' is too large", "'max_output_tokens' is too large"],
    ['response_format.json_schema.schema', 'text.format.schema'],
    ['reasoning_effort', 'reasoning.effort'],
    ['tool_choice.function.name', 'tool_choice.name'],
    ['messages.system', 'input.system'],
    ['top_logprobs', 'top_logprobs'],
  ])('%s is %s', (inner, outer) => {
    expect(renamed(inner)).toBe(outer)
  })
})
