import type OpenAI from 'openai'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { PNG_URL } from '../support/images.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const paths = (): string[] => gateway.received.map(({ path }) => path)
const sent = (i = 0): Record<string, unknown> => gateway.received[i]?.json as Record<string, unknown>

/** These exist on Responses only. */
const ONLY = ['o3-pro', 'gpt-5-pro', 'gpt-5.5-pro'] as const
/** These take tools on chat only without reasoning, or never. */
const TOOLS = ['gpt-5.6-terra', 'gpt-6-luna', 'gpt-6.1-sol', 'gpt-6.1-terra', 'gpt-6-astra'] as const

const WAYS = [
  ['whole', false],
  ['streamed', true],
] as const
type Body = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>
async function run(body: Body, stream: boolean): Promise<OpenAI.ChatCompletion> {
  if (!stream) return client.chat.completions.create(body)
  const streamed = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } })
  return streamed.finalChatCompletion()
}

describe.each(WAYS)('%s', (_, stream) => {
  it.each(ONLY)('%s answers a chat', async (model) => {
    const messages = [{ role: 'system' as const, content: 'Be brief.' }, user('Hello')]
    const completion = await run({ model, messages, max_completion_tokens: 5_000 }, stream)
    expect(paths()).toEqual(['/v1/responses'])
    expect(sent()).toMatchObject({ store: false, max_output_tokens: 5_000 })
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'You said: Hello' } }],
    })
    expect(completion.usage?.completion_tokens_details?.reasoning_tokens).toBe(64)
    expect(completion.usage?.total_tokens).toBeGreaterThan(64)
  })

  it.each(TOOLS)('%s calls tools, and gets its thoughts back', async (model) => {
    const place = z.object({ city: z.string() })
    const tools = [
      zodFunction({ name: 'forecast', parameters: place }),
      zodFunction({ name: 'clock', parameters: place }),
    ]
    const messages: OpenAI.ChatCompletionMessageParam[] = [user('Both in parallel')]
    const first = await run({ model, messages, tools, reasoning_effort: 'low' }, stream)
    const [choice] = first.choices
    expect(choice?.finish_reason).toBe('tool_calls')
    const calls = choice?.message.tool_calls ?? []
    expect(calls.map((call) => call.type === 'function' && call.function.name)).toEqual(['forecast', 'clock'])
    messages.push({ role: 'assistant', content: null, tool_calls: calls })
    for (const { id } of calls) messages.push({ role: 'tool', tool_call_id: id, content: `Result ${id}` })
    const second = await run({ model, messages, tools }, stream)
    for (const { id } of calls) expect(second.choices[0]?.message.content).toContain(`Result ${id}`)
    expect(paths()).toEqual(['/v1/responses', '/v1/responses'])
    expect((sent(1)['input'] as { type?: string }[]).map(({ type }) => type)).toEqual([
      undefined,
      'reasoning',
      'function_call',
      'function_call',
      'function_call_output',
      'function_call_output',
    ])
  })

  it('refuses, stops at its limit, and says what it searched', async () => {
    const model = 'gpt-5.5-pro'
    const refused = await run({ model, messages: [user(scripted('Hi', { refusal: 'No.' }))] }, stream)
    expect(refused.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { refusal: 'No.' },
    })
    const cut = await run({ model, messages: [user('x '.repeat(500))], max_completion_tokens: 100 }, stream)
    expect(cut.choices[0]?.finish_reason).toBe('length')
    const found = await run({ model, messages: [user('News?')], web_search_options: {} }, stream)
    expect(found.choices[0]?.message.annotations).toEqual([
      { type: 'url_citation', url_citation: expect.objectContaining({ url: 'https://example.com/a' }) },
    ])
  })

  it('takes pictures, a schema, and several answers', async () => {
    const completion = await run(
      {
        model: 'o3-pro',
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: PNG_URL } }] }],
        response_format: zodResponseFormat(z.object({ city: z.string() }), 'place'),
        n: 2,
      },
      stream,
    )
    expect(completion.choices.map(({ message }) => message.content)).toEqual([
      '{"city":"sample city"}',
      '{"city":"sample city"}',
    ])
    expect(gateway.received).toHaveLength(2)
  })
})

describe('what does not need it stays on chat', () => {
  it.each([
    ['gpt-5.6-terra', {}],
    [
      'gpt-5.6-terra',
      { reasoning_effort: 'none' as const, tools: [{ type: 'function' as const, function: { name: 'f' } }] },
    ],
    ['gpt-5.1', { tools: [{ type: 'function' as const, function: { name: 'f' } }] }],
    ['gpt-4.1', { tools: [{ type: 'function' as const, function: { name: 'f' } }] }],
  ])('%s with %j', async (model, more) => {
    await client.chat.completions.create({ model, messages: [user('Hi')], ...more })
    expect(paths()).toEqual(['/v1/chat/completions'])
  })
})

describe('failures', () => {
  it.each([
    ['stop', { stop: ['x'] }],
    ['audio', { audio: { voice: 'nova', format: 'wav' } }],
    [
      'messages[0].content[0].type',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
    ],
  ])('%s is refused by its own name', async (param, body) => {
    const asked = client.chat.completions.create({
      model: 'gpt-5.5-pro',
      messages: [user('Hi')],
      ...body,
    } as never)
    await expect(asked).rejects.toMatchObject({ status: 400, param })
    expect(gateway.received).toHaveLength(0)
  })

  it('what cannot be honoured and is a hint is listed', async () => {
    const { response } = await client.chat.completions
      .create({ model: 'o3-pro', messages: [user('Hi')], seed: 1, max_tokens: 5, logit_bias: { 1: 1 } })
      .withResponse()
    expect(response.headers.get('x-gateway-adapted')).toBe(
      'max_tokens=renamed, logit_bias=dropped, seed=dropped, max_completion_tokens=raised',
    )
  })

  it('a run that fails before it says anything is tried again', async () => {
    const completion = await run(
      {
        model: 'o3-pro',
        messages: [user(scripted('Hi', { finishReason: 'failed', text: '', failTimes: 1 }))],
      },
      true,
    )
    expect(completion.choices[0]?.message.content).toBe('You said: Hi')
    expect(gateway.received).toHaveLength(2)
  })

  it('a run that fails later ends the stream with an error', async () => {
    const streamed = run({ model: 'o3-pro', messages: [user(scripted('Hi', { errorAfter: 7 }))] }, true)
    await expect(streamed).rejects.toThrow('The upstream provider failed')
  })
})
