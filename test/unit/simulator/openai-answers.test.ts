import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../simulator/json.ts'
import { ask, at, bench, chat, dataOf, eventsOf, joined, numberAt, read, textAt } from './support.ts'
import type { Answered } from './support.ts'

const TOOLS: Json[] = ['first', 'second'].map((name) => ({
  type: 'function',
  function: {
    name,
    parameters: {
      type: 'object',
      properties: {
        unit: { enum: ['C', 'F'] },
        n: { type: 'integer', minimum: 3 },
        at: { $ref: '#/$defs/place' },
        maybe: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
      },
      required: ['unit'],
      $defs: { place: { type: 'object', properties: { city: { type: 'string' } } } },
    },
  },
}))
const ARGUMENTS = { unit: 'C', n: 3, at: { city: 'sample city' }, maybe: true }

async function send(request: Request): Promise<Answered> {
  return read(await bench().fetch(request))
}

describe('a whole answer', () => {
  test('has every member of 2.7 and the headers of 1.2', async () => {
    const { json, headers } = await send(ask('Grüß dich 👋'))
    expect(json).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-\w{29}$/),
      object: 'chat.completion',
      created: 1_790_000_000,
      model: 'gpt-4.1-2025-04-14',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'You said: Grüß dich 👋', refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      service_tier: 'default',
      system_fingerprint: 'fp_sim',
    })
    for (const name of [
      'x-request-id',
      'openai-processing-ms',
      'openai-organization',
      'x-ratelimit-reset-tokens',
      'set-cookie',
    ]) {
      expect(headers.get(name)).toBeTruthy()
    }
    expect(headers.get('content-type')).toContain('application/json')
  })

  test('counts: total is prompt and completion, reasoning is part of completion, cached of prompt', async () => {
    const { json } = await send(ask('something cached', { model: 'gpt-5', reasoning_effort: 'low' }))
    const usage = json['usage']
    const prompt = numberAt(usage, 'prompt_tokens')
    expect(at(usage, 'total_tokens')).toBe(prompt + numberAt(usage, 'completion_tokens'))
    expect(at(usage, 'completion_tokens_details.reasoning_tokens')).toBe(32)
    expect(at(usage, 'prompt_tokens_details.cached_tokens')).toBe(Math.floor((prompt * 3) / 4))
  })

  test('ends with length when reasoning leaves no room, with empty content', async () => {
    const { json } = await send(ask('hi', { model: 'gpt-5', max_completion_tokens: 20 }))
    expect(at(json, 'choices.0')).toMatchObject({ message: { content: '' }, finish_reason: 'length' })
    const cut = await send(ask('hello hello hello', { max_tokens: 2 }))
    expect(at(cut.json, 'choices.0')).toMatchObject({
      message: { content: 'You said' },
      finish_reason: 'length',
    })
  })

  test('honours stop and n', async () => {
    const stopped = await send(ask('one two three', { stop: ' two' }))
    expect(at(stopped.json, 'choices.0.message.content')).toBe('You said: one')
    const many = await send(ask('hi', { n: 2 }))
    expect(many.json['choices']).toHaveLength(2)
    expect(at(many.json, 'choices.1')).toMatchObject({
      index: 1,
      message: { content: 'You said: hi (choice 2)' },
    })
  })

  test('names what was attached', async () => {
    const content = [
      { type: 'text', text: 'see' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAAAAAA' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
    ]
    const { json } = await send(chat({ messages: [{ role: 'user', content }] }))
    expect(at(json, 'choices.0.message.content')).toBe(
      'You said: see (2 attached: image/png of 6 bytes, application/pdf of 3 bytes)',
    )
  })

  test('follows a schema, and plain JSON mode', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, tags: { type: 'array', items: { enum: ['a', 'b'] } } },
      required: ['name', 'tags'],
      additionalProperties: false,
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } }
    const { json } = await send(ask('hi', { response_format }))
    expect(JSON.parse(textAt(json, 'choices.0.message.content'))).toEqual({
      name: 'sample name',
      tags: ['a'],
    })
    const loose = await send(ask('json please', { response_format: { type: 'json_object' } }))
    expect(JSON.parse(textAt(loose.json, 'choices.0.message.content'))).toEqual({
      answer: 'You said: json please',
    })
  })
})

describe('tools', () => {
  test('the first by default, arguments by its schema', async () => {
    const { json } = await send(ask('hi', { tools: TOOLS }))
    const choice = at(json, 'choices.0')
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          { id: expect.stringMatching(/^call_\w{24}$/), type: 'function', function: { name: 'first' } },
        ],
      },
    })
    expect(JSON.parse(textAt(choice, 'message.tool_calls.0.function.arguments'))).toEqual(ARGUMENTS)
  })

  test.each<[string, JsonObject, string[]]>([
    ['all when asked for parallel calls', { tool_choice: 'required' }, ['first', 'second']],
    ['only the named', { tool_choice: { type: 'function', function: { name: 'second' } } }, ['second']],
    [
      'only the allowed',
      {
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'second' } }] },
        },
      },
      ['second'],
    ],
    ['none', { tool_choice: 'none' }, []],
  ])('%s', async (_name, more, names) => {
    const { json } = await send(ask('do it in parallel', { tools: TOOLS, ...more }))
    const calls = (at(json, 'choices.0.message.tool_calls') ?? []) as Json[]
    expect(calls.map((call) => at(call, 'function.name'))).toEqual(names)
  })

  test('quotes the results and calls no more', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'first', arguments: '{}' } }
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: '21 °C' },
    ]
    const { json } = await send(chat({ messages, tools: TOOLS }))
    expect(at(json, 'choices.0.message.content')).toBe('The tools returned: 21 °C')
  })

  test('custom tools get free text', async () => {
    const { json } = await send(
      ask('select 1', { model: 'gpt-5', tools: [{ type: 'custom', custom: { name: 'sql' } }] }),
    )
    expect(at(json, 'choices.0.message.tool_calls.0')).toMatchObject({
      type: 'custom',
      custom: { name: 'sql', input: 'select 1' },
    })
  })
})

describe('a stream', () => {
  test('comes in the order of 2.8, without usage unless asked', async () => {
    const { text, headers } = await send(ask('a b', { stream: true }))
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    const chunks = eventsOf(text)
    expect(at(chunks[0], 'choices.0')).toEqual({
      index: 0,
      delta: { role: 'assistant', content: '', refusal: null },
      logprobs: null,
      finish_reason: null,
    })
    expect(joined(chunks, 'choices.0.delta.content')).toBe('You said: a b')
    expect(at(chunks.at(-1), 'choices.0')).toEqual({
      index: 0,
      delta: {},
      logprobs: null,
      finish_reason: 'stop',
    })
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
    expect(
      new Set(chunks.map(({ id, created, model, object }) => JSON.stringify([id, created, model, object])))
        .size,
    ).toBe(1)
    expect(chunks.every((chunk) => typeof chunk['obfuscation'] === 'string')).toBe(true)
  })

  test('with usage: null on every chunk, the numbers on the last, which has no choices', async () => {
    const { text } = await send(
      ask('a b', { stream: true, stream_options: { include_usage: true, include_obfuscation: false } }),
    )
    const chunks = eventsOf(text)
    expect(chunks.slice(0, -1).every((chunk) => chunk['usage'] === null)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } })
    expect(chunks.some((chunk) => 'obfuscation' in chunk)).toBe(false)
    expect(dataOf(text).at(-1)).toBe('[DONE]')
  })

  test('splits tool calls over chunks; id, type and name only in the first of each', async () => {
    const { text } = await send(ask('parallel', { stream: true, tools: TOOLS }))
    const chunks = eventsOf(text)
    expect(at(chunks[0], 'choices.0.delta.content')).toBeNull()
    const deltas = chunks
      .map((chunk) => at(chunk, 'choices.0.delta.tool_calls.0'))
      .filter((delta) => delta !== undefined)
    const opening = deltas.filter((delta) => at(delta, 'id') !== undefined)
    expect(
      opening.map((delta) => [at(delta, 'index'), at(delta, 'type'), at(delta, 'function.name')]),
    ).toEqual([
      [0, 'function', 'first'],
      [1, 'function', 'second'],
    ])
    for (const index of [0, 1]) {
      const mine = deltas.filter((delta) => at(delta, 'index') === index)
      expect(mine.length).toBeGreaterThan(2)
      expect(JSON.parse(joined(mine as JsonObject[], 'function.arguments'))).toEqual(ARGUMENTS)
    }
    expect(at(chunks.at(-1), 'choices.0.finish_reason')).toBe('tool_calls')
  })

  test('interleaves choices, each with its own head and finish', async () => {
    const { text } = await send(ask('a b', { stream: true, n: 2 }))
    const chunks = eventsOf(text)
    const of = (index: number): JsonObject[] =>
      chunks.filter((chunk) => at(chunk, 'choices.0.index') === index)
    expect(joined(of(1), 'choices.0.delta.content')).toBe('You said: a b (choice 2)')
    expect(of(0).filter((chunk) => at(chunk, 'choices.0.finish_reason') === 'stop')).toHaveLength(1)
    const order = chunks.map((chunk) => at(chunk, 'choices.0.index'))
    expect(order.slice(0, 4)).toEqual([0, 1, 0, 1])
  })
})
