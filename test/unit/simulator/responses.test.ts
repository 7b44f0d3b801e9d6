import OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import { beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { bench, ORIGIN, read, request } from './support.ts'
import type { Bench } from './support.ts'
import type { JsonObject } from '../../../simulator/json.ts'

const WEATHER = {
  type: 'function' as const,
  name: 'weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
}

let simulator: Bench
let client: OpenAI
beforeEach(() => {
  simulator = bench()
  client = new OpenAI({
    baseURL: `${ORIGIN}/v1`,
    apiKey: 'sk-good',
    maxRetries: 0,
    fetch: (input, init) => simulator.fetch(new Request(input, init)),
  })
})

const ask = (body: object): Promise<Response> =>
  simulator.fetch(request('/v1/responses', { model: 'gpt-4.1', input: 'Hello', ...body }))

describe('the official client reads', () => {
  it('an answer', async () => {
    const response = await client.responses.create({ model: 'gpt-4.1', input: 'Hello' })
    expect(response.output_text).toBe('You said: Hello')
    expect(response.usage?.output_tokens_details.reasoning_tokens).toBe(0)
  })

  it.each([
    ['text', 'gpt-4.1', {}],
    ['reasoning with a summary', 'gpt-5.1', { reasoning: { effort: 'low', summary: 'auto' } }],
    ['function calls', 'gpt-5.6-terra', { tools: [WEATHER], include: ['reasoning.encrypted_content'] }],
    ['custom calls', 'gpt-5.6-terra', { tools: [{ type: 'custom', name: 'shout' }] }],
    ['a search', 'gpt-4.1', { tools: [{ type: 'web_search' }] }],
    ['background work', 'o3-pro', { background: true }],
  ] as [string, string, object][])('a stream of %s, by its strictest reader', async (_, model, more) => {
    const body: OpenAI.Responses.ResponseCreateParamsNonStreaming = { model, input: 'Hello', ...more }
    const stream = client.responses.stream({ ...body, stream: true })
    const final = await stream.finalResponse()
    const whole = await client.responses.create({ ...body, background: false })
    expect(final.status).toBe('completed')
    expect(final.output.map(({ type }) => type)).toEqual(whole.output.map(({ type }) => type))
    expect(final.output_text).toBe(whole.output_text)
  })

  it('a refusal, a cut answer and structured output', async () => {
    const refused = client.responses.stream({ model: 'gpt-4.1', input: '[[sim {"refusal":"No."}]]' })
    expect((await refused.finalResponse()).output[0]).toMatchObject({
      content: [{ type: 'refusal', refusal: 'No.' }],
    })
    const cut = await client.responses.create({
      model: 'gpt-4.1',
      input: 'x '.repeat(200),
      max_output_tokens: 16,
    })
    expect([cut.status, cut.incomplete_details?.reason]).toEqual(['incomplete', 'max_output_tokens'])
    const format = zodTextFormat(z.object({ city: z.string() }), 'place')
    const parsed = await client.responses.parse({ model: 'gpt-4.1', input: 'Where?', text: { format } })
    expect(parsed.output_parsed).toEqual({ city: 'sample city' })
  })

  it('what was stored', async () => {
    const first = await client.responses.create({ model: 'gpt-4.1', input: 'One', instructions: 'Be brief.' })
    const second = await client.responses.create({
      model: 'gpt-4.1',
      input: 'Two',
      previous_response_id: first.id,
    })
    expect((await client.responses.retrieve(second.id)).output_text).toBe('You said: Two')
    const items = await client.responses.inputItems.list(second.id, { order: 'asc', limit: 2 })
    expect(items.data).toHaveLength(2)
    expect(items.hasNextPage()).toBe(true)
    await client.responses.delete(first.id)
    await expect(client.responses.retrieve(first.id)).rejects.toThrow(
      `Response with id '${first.id}' not found`,
    )
  })

  it('work in the background', async () => {
    const queued = await client.responses.create({ model: 'o3-pro', input: 'Think', background: true })
    expect([queued.status, queued.output]).toEqual(['queued', []])
    expect((await client.responses.retrieve(queued.id)).status).toBe('in_progress')
    expect((await client.responses.retrieve(queued.id)).status).toBe('completed')
    expect((await client.responses.cancel(queued.id)).status).toBe('cancelled')
  })
})

describe('faults', () => {
  it('ends a stream with an error event, or with a run that failed', async () => {
    const broken = await read(await ask({ stream: true, input: 'Hi [[sim {"errorAfter":4}]]' }))
    expect(broken.text).toMatch(
      /event: error\ndata: \{"type":"error","sequence_number":4,"error":\{[^\n]*\n\n$/,
    )
    const failed = await read(await ask({ stream: true, input: 'Hi [[sim {"finishReason":"failed"}]]' }))
    expect(failed.text).toMatch(/event: response\.failed\n[^\n]*"code":"server_error"/)
  })
})

describe('refuses', () => {
  const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }
  it.each([
    ['no input', { input: null }, 400, 'missing_required_parameter', 'input'],
    ['fields of chat', { messages: [] }, 400, 'unknown_parameter', 'messages'],
    ['too small a limit', { max_output_tokens: 15 }, 400, 'integer_below_min_value', 'max_output_tokens'],
    [
      'nested functions',
      { tools: [{ type: 'function', function: {} }] },
      400,
      'missing_required_parameter',
      'tools[0].name',
    ],
    [
      'parts of chat',
      { input: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] },
      400,
      'invalid_value',
      'input[0].content[0]',
    ],
    [
      'an unknown previous response',
      { previous_response_id: 'resp_x' },
      400,
      'previous_response_not_found',
      'previous_response_id',
    ],
    ['a call without its output', { input: [call] }, 400, null, 'input'],
    [
      'an output without its call',
      { input: [{ type: 'function_call_output', call_id: 'x', output: '' }] },
      400,
      null,
      'input',
    ],
    [
      'a call id in the place of an item id',
      { input: [{ ...call, id: 'call_1' }] },
      400,
      'invalid_value',
      'input[0].id',
    ],
    [
      'reasoning it does not know',
      { input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] },
      404,
      null,
      'input',
    ],
    [
      'reasoning of others',
      { input: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e30=' }] },
      400,
      'invalid_encrypted_content',
      null,
    ],
    [
      'a format without a name',
      { text: { format: { type: 'json_schema', schema: {} } } },
      400,
      'missing_required_parameter',
      'text.format.name',
    ],
    [
      'effort without reasoning',
      { reasoning: { effort: 'low' } },
      400,
      'unsupported_parameter',
      'reasoning.effort',
    ],
    ['a model of another endpoint', { model: 'whisper-1' }, 400, 'unsupported_model', 'model'],
    ['background without store', { background: true, store: false }, 400, 'invalid_value', 'background'],
  ] as const)('%s', async (...[, body, status, code, param]) => {
    const answered = await read(await ask(body))
    expect({ status: answered.status, ...(answered.json['error'] as JsonObject) }).toMatchObject({
      status,
      code,
      param,
    })
  })
})
