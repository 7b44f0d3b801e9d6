import type OpenAI from 'openai'
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { PNG_URL } from '../support/images.ts'
import { isGemini } from '../support/models.ts'
import { openaiClient } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const FORECAST = z.object({ city: z.string(), days: z.number().int().min(1) })
const forecast = zodResponsesFunction({ name: 'forecast', parameters: FORECAST })
const MODELS = ['gpt-4.1', 'gpt-5.6-terra', 'gemini-2.5-flash', 'gemini-3.8-flash']

type Body = OpenAI.Responses.ResponseCreateParamsNonStreaming
type Run = (body: Body) => Promise<OpenAI.Responses.Response>
/** Both ways to the same response. */
const WAYS: readonly (readonly [string, Run])[] = [
  ['whole', (body) => client.responses.create(body)],
  ['streamed', (body) => client.responses.stream({ ...body, stream: true }).finalResponse()],
]

describe.each(MODELS)('%s', (model) => {
  describe.each(WAYS)('%s', (_, run) => {
    it('answers a text', async () => {
      const response = await run({ model, input: 'Hello', instructions: 'Be kind.' })
      expect(response.output_text).toBe('You said: Hello')
      expect(response).toMatchObject({ object: 'response', status: 'completed', instructions: 'Be kind.' })
      expect(response.id).toMatch(/^resp_/)
      expect(response.output.at(-1)).toMatchObject({ type: 'message', status: 'completed' })
      expect(response.usage?.total_tokens).toBe(
        (response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? 0),
      )
      expect(response.usage?.output_tokens_details.reasoning_tokens).toBeTypeOf('number')
    })

    it('sees a picture', async () => {
      const response = await run({
        model,
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'What is it?' },
              { type: 'input_image', image_url: PNG_URL, detail: 'auto' },
            ],
          },
        ],
      })
      expect(response.output_text).toContain('1 attached: image/png')
    })

    it.each([false, true])('loops over function calls, in parallel: %s', async (parallel) => {
      const input: OpenAI.Responses.ResponseInput = [
        { role: 'user', content: parallel ? 'Both in parallel' : 'How is the weather?' },
      ]
      const clock = { type: 'function' as const, name: 'clock', parameters: null, strict: false }
      const tools = [forecast, clock]
      const body = { model, tools, store: false, include: ['reasoning.encrypted_content' as const] }
      const first = await run({ ...body, input })
      const calls = first.output.filter((item) => item.type === 'function_call')
      expect(calls.map(({ name }) => name)).toEqual(parallel ? ['forecast', 'clock'] : ['forecast'])
      expect(new Set(calls.map(({ call_id }) => call_id)).size).toBe(calls.length)
      expect(FORECAST.parse(JSON.parse(calls[0]?.arguments ?? ''))).toEqual({ city: 'sample city', days: 1 })
      input.push(...(first.output as OpenAI.Responses.ResponseInput))
      for (const { call_id } of calls)
        input.push({ type: 'function_call_output', call_id, output: `Rain for ${call_id}` })
      const second = await run({ ...body, input })
      for (const { call_id } of calls) expect(second.output_text).toContain(`Rain for ${call_id}`)
      expect(gateway.received.every(({ status }) => status === 200)).toBe(true)
      expect(JSON.stringify(gateway.received)).not.toContain('skip_thought_signature_validator')
    })

    it('refuses, and stops at its limit', async () => {
      const script = { openai: { refusal: 'No.' }, gemini: { blockReason: 'SAFETY' } }
      const refused = await run({ model, input: scripted('Hi', script) })
      expect(refused.output.at(-1)).toMatchObject({ content: [{ type: 'refusal' }] })
      expect(refused.status).toBe(isGemini(model) ? 'incomplete' : 'completed')
      const cut = await run({ model, input: 'x '.repeat(2_000), max_output_tokens: 200 })
      expect([cut.status, cut.incomplete_details]).toEqual(['incomplete', { reason: 'max_output_tokens' }])
    })
  })

  it('parses structured output', async () => {
    const format = zodTextFormat(FORECAST, 'forecast')
    const parsed = await client.responses.parse({ model, input: 'Where?', text: { format } })
    expect(parsed.output_parsed).toEqual({ city: 'sample city', days: 1 })
    const streamed = client.responses.stream({ model, input: 'Where?', text: { format } })
    expect((await streamed.finalResponse()).output_parsed).toEqual({ city: 'sample city', days: 1 })
  })

  it('numbers its events, and says the text in pieces', async () => {
    const stream = await client.responses.create({ model, input: 'One two three', stream: true })
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of stream) events.push(event)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i))
    const text = events
      .map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''))
      .join('')
    expect(text).toBe('You said: One two three')
  })
})

describe.each(MODELS)('%s remembers', (model) => {
  it.each(WAYS)('what it was told, %s', async (_, run) => {
    const first = await run({ model, input: 'My name is Zoë.', metadata: { a: 'b' } })
    const second = await run({ model, input: 'And now?', previous_response_id: first.id })
    expect(second.previous_response_id).toBe(first.id)
    const found = await client.responses.retrieve(second.id)
    expect(found).toMatchObject({ id: second.id, status: 'completed' })
    expect(found.output.map(({ id }) => id)).toEqual(second.output.map(({ id }) => id))
    expect(found.output_text).toBe('You said: And now?')
    const said: unknown[] = []
    for await (const item of client.responses.inputItems.list(second.id, { order: 'asc', limit: 1 }))
      said.push(item)
    expect(JSON.stringify(said[0])).toContain('My name is Zoë.')
    expect(JSON.stringify(said.at(-1))).toContain('And now?')
    await client.responses.delete(first.id)
    await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
    await expect(run({ model, input: 'x', previous_response_id: first.id })).rejects.toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
    })
  })
})

describe('work in the background', () => {
  it('is started, looked after and cancelled at OpenAI', async () => {
    const queued = await client.responses.create({ model: 'o3-pro', input: 'Think', background: true })
    expect(queued.status).toBe('queued')
    expect((await client.responses.retrieve(queued.id)).status).toBe('in_progress')
    expect((await client.responses.retrieve(queued.id)).status).toBe('completed')
    expect((await client.responses.cancel(queued.id)).status).toBe('cancelled')
  })

  it('can be streamed, and streamed again from where one left', async () => {
    const stream = client.responses.stream({ model: 'o3-pro', input: 'Think', background: true })
    const { id } = await stream.finalResponse()
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: 3 })
    const numbers: number[] = []
    for await (const { sequence_number: number } of rest) numbers.push(number)
    expect(numbers[0]).toBe(4)
  })
})

describe('thoughts', () => {
  it.each(WAYS)('of Gemini are a reasoning item, %s', async (_, run) => {
    const response = await run({
      model: 'gemini-3.8-flash',
      input: 'Think',
      reasoning: { effort: 'low', summary: 'auto' },
    })
    const [first] = response.output
    expect(first?.type === 'reasoning' && first.summary[0]?.text).toBeTruthy()
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message'])
    expect(response.usage?.output_tokens_details.reasoning_tokens).toBe(32)
  })
})

describe('what a bridged model lacks is refused by name', () => {
  it.each([
    [{ background: true }, 'unsupported_value', 'background'],
    [
      { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] },
      'unsupported_value',
      'tools[0].type',
    ],
    [{ conversation: 'conv_1' }, 'unsupported_parameter', 'conversation'],
    [{ prompt: { id: 'pmpt_1' } }, 'unsupported_parameter', 'prompt'],
    [{ truncation: 'auto' }, 'unsupported_value', 'truncation'],
    [{ messages: [] }, 'unknown_parameter', 'messages'],
    [{ top_logprobs: 3 }, 'unsupported_parameter', 'top_logprobs'],
    [{ reasoning: { effort: 'much' } }, 'invalid_value', 'reasoning.effort'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:,x' }] }] },
      'invalid_image',
      'input[0].content[0].image_url',
    ],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'unsupported_value', 'input[0].type'],
    [
      { input: [{ type: 'function_call_output', call_id: 'x', output: '' }] },
      'invalid_value',
      'input[0].call_id',
    ],
    [
      {
        input: [
          { role: 'user', content: 'a' },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{' },
        ],
      },
      'invalid_value',
      'input[1].arguments',
    ],
  ])('%j', async (body, code, param) => {
    const asked = client.responses.create({ model: 'gemini-3.8-flash', input: 'Hi', ...body } as never)
    await expect(asked).rejects.toMatchObject({ status: 400, code, param })
    expect(gateway.received).toHaveLength(0)
  })
})
