import { describe, expect, test } from 'vitest'
import { bench, chat, dataOf, log } from './support.ts'

const PNG = `data:image/png;base64,${btoa('\x89PNG\r\n\x1a\n0000000000')}`

/** A request that uses everything the chat endpoint knows, to be spoilt one member at a time. */
const RICH = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      name: 'alice',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: 'Calling',
      refusal: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"q":1}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '{"found":true}' },
    { role: 'user', content: 'And now?' },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'find',
        description: 'Finds',
        parameters: { type: 'object', properties: { q: { type: 'integer' } }, required: ['q'] },
        strict: false,
      },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'find' } },
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'answer',
      schema: { type: 'object', properties: { a: { type: 'string' } } },
      strict: true,
    },
  },
  stream_options: { include_usage: true },
  temperature: 0.5,
  top_p: 0.9,
  n: 1,
  max_tokens: 100,
  stop: ['END'],
  seed: 7,
  presence_penalty: 0.1,
  frequency_penalty: 0.1,
  logprobs: true,
  top_logprobs: 2,
  logit_bias: { '50256': -100 },
  parallel_tool_calls: true,
  reasoning_effort: 'low',
  user: 'u1',
  metadata: { a: 'b' },
  service_tier: 'auto',
  modalities: ['text'],
}

const SPOILT: readonly unknown[] = [undefined, null, 5, true, '', 'x', [null], {}, { type: 'x' }]

function* paths(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<readonly (string | number)[]> {
  if (path.length > 0) yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    yield* paths(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

function spoil(body: object, path: readonly (string | number)[], value: unknown): object {
  const copy = structuredClone(body)
  let at = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[path.at(-1) ?? ''] = value
  return copy
}

describe.each([
  ['o1-mini', true],
  ['gemini-2.5-flash', false],
  ['gemini-3.8-flash', true],
])('whatever is wrong in a request to %s, stream %s', (model, stream) => {
  const everywhere = [...paths(RICH)]

  test.each(everywhere.map((path) => ({ path, name: path.join('.') })))('$name', async ({ path }) => {
    const gateway = bench()
    for (const value of SPOILT) {
      const response = await gateway.fetch(chat({ model, stream, ...spoil(RICH, path, value) }))
      const text = await response.text()
      const shown = `${path.join('.')} = ${JSON.stringify(value)}: ${response.status} ${text.slice(0, 300)}`
      const end = response.status === 200 && stream ? dataOf(text).at(-1) : '[DONE]'
      const seen = { fault: response.status >= 500, log: log(), end, strays: gateway.strays }
      expect({ shown, ...seen }).toEqual({ shown, fault: false, log: '', end: '[DONE]', strays: [] })
    }
  })
})
