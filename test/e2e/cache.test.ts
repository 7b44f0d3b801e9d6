import type OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway({
    variables: { GATEWAY_SECRET: 'a-secret-of-the-tests-0123456789abcdef', ADMIN_SECRET: ADMIN },
  })
  client = openaiClient(gateway, { defaultHeaders: { 'x-gateway-cache': 'ttl=60' } })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const ADMIN = 'operator-secret-of-the-tests-32-bytes'

const TOOLS: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } },
  },
  { type: 'function', function: { name: 'g', parameters: { type: 'object', properties: {} } } },
]
const CALLS = [
  { name: 'f', args: { a: 'x "quoted" 世界' } },
  { name: 'g', args: {} },
]

describe.each(MODELS)('%s, through the official client', (model) => {
  const PROMPTS: readonly (readonly [what: string, prompt: string, more: object])[] = [
    ['text', `Say something in ${model}: 世界 👋`, {}],
    ['calls of tools', scripted(`Call, ${model}`, { calls: CALLS }), { tools: TOOLS }],
  ]
  describe.each(PROMPTS)('%s', (_, prompt, more) => {
    const whole = async (salt: number) =>
      client.chat.completions.create({ model, messages: [user(prompt)], seed: salt, ...more }).withResponse()
    async function streamed(salt: number) {
      const stream = client.chat.completions.stream({
        model,
        messages: [user(prompt)],
        seed: salt,
        stream_options: { include_usage: true },
        ...more,
      })
      const completion = await stream.finalChatCompletion()
      return completion
    }
    const said = ({ choices, usage, id }: OpenAI.ChatCompletion) => ({
      id,
      usage: { ...usage, cost: undefined },
      choices: choices.map(({ message: { content, tool_calls: calls }, finish_reason: reason }) => ({
        content: content || null, // the client makes an empty text of none
        reason,
        calls: calls?.map(
          (call) => call.type === 'function' && [call.id, call.function.name, call.function.arguments],
        ),
      })),
    })

    it('asked whole, then as a stream', async () => {
      const first = await whole(1)
      expect(first.response.headers.get('x-gateway-cache')).toBe('miss')
      expect(said(await streamed(1))).toEqual(said(first.data))
      const again = await whole(1)
      expect(again.response.headers.get('x-gateway-cache')).toBe('hit')
      expect(again.data).toEqual(first.data)
      expect(gateway.received).toHaveLength(1)
    })

    it('asked as a stream, then whole', async () => {
      const first = await streamed(2)
      const second = await whole(2)
      expect(second.response.headers.get('x-gateway-cache')).toBe('hit')
      expect(said(second.data)).toEqual(said(first))
      const again = await streamed(2)
      expect(said(again)).toEqual(said(first))
      expect([first.usage, again.usage]).toEqual([
        expect.objectContaining({ cost: expect.any(Number) }),
        expect.objectContaining({ cost: 0 }),
      ])
      expect(gateway.received).toHaveLength(1)
    })
  })

  describe('a response', () => {
    const request = (salt: string) => ({
      model,
      input: scripted(`Call ${salt}, ${model}`, { text: 'Say: 世界 👋', calls: CALLS }),
      tools: CALLS.map(({ name }) => ({
        type: 'function' as const,
        name,
        parameters: { type: 'object', properties: {} },
        strict: false,
      })),
    })
    const whole = async (salt: string) => client.responses.create(request(salt)).withResponse()
    async function streamed(salt: string) {
      const stream = client.responses.stream(request(salt))
      const texts: string[] = []
      const args: string[] = []
      stream.on('response.output_text.delta', ({ delta }) => void texts.push(delta))
      stream.on('response.function_call_arguments.delta', ({ delta }) => void args.push(delta))
      const { id, output, usage } = await stream.finalResponse()
      return { id, usage, output: output.map(withoutParsed), text: texts.join(''), args: args.join('') }
    }
    /** The client adds what it has parsed of a text or of arguments. */
    const withoutParsed = (item: OpenAI.Responses.ResponseOutputItem): unknown =>
      JSON.parse(
        JSON.stringify(item, (name, value: unknown) =>
          name === 'parsed' || name === 'parsed_arguments' ? undefined : value,
        ),
      )

    it('asked whole, then as a stream', async () => {
      const { data } = await whole('a')
      const { text, args, ...again } = await streamed('a')
      expect(again).toEqual({ id: data.id, usage: data.usage, output: data.output })
      expect(text).toBe(data.output_text)
      expect(args).toBe(CALLS.map((call) => JSON.stringify(call.args)).join(''))
      expect(gateway.received).toHaveLength(1)
    })

    it('asked as a stream, then whole', async () => {
      const first = await streamed('b')
      const { data, response } = await whole('b')
      expect(response.headers.get('x-gateway-cache')).toBe('hit')
      expect({ id: data.id, usage: data.usage, output: data.output }).toEqual({
        id: first.id,
        usage: first.usage,
        output: first.output,
      })
      expect(await streamed('b')).toEqual(first)
      expect(gateway.received).toHaveLength(1)
    })
  })
})

describe('the books', () => {
  const TAG = 'case=books'
  /** Counts are numbers, money is exact in words. */
  type Row = Readonly<Record<string, number | string | null>>
  async function usage(): Promise<Row> {
    const response = await fetch(`${gateway.origin}/admin/usage?tag=${encodeURIComponent(TAG)}`, {
      headers: { authorization: `Bearer ${ADMIN}` },
    })
    return ((await response.json()) as { data: readonly Row[] }).data[0] ?? {}
  }
  const ask = async (path: string, body: object): Promise<Headers> => {
    const response = await fetch(`${gateway.origin}/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-gateway-cache': 'ttl=60', 'x-gateway-tags': TAG },
      body: JSON.stringify(body),
    })
    await response.text()
    return response.headers
  }
  const REQUESTS: readonly (readonly [path: string, body: object])[] = [
    ['/chat/completions', { model: 'gpt-4o-mini', messages: [user('Books?')] }],
    ['/chat/completions', { model: 'gemini-2.5-flash', messages: [user('Books?')], stream: true }],
    ['/responses', { model: 'gpt-4o-mini', input: 'Books?' }],
    ['/embeddings', { model: 'text-embedding-3-small', input: 'Books?' }],
  ]

  it('have a hit at no cost, with the tokens and the money that it saved', async () => {
    let saved = 0
    for (const [path, body] of REQUESTS) await ask(path, body)
    await expect.poll(async () => (await usage())['requests'], WAIT).toBe(REQUESTS.length)
    const misses = await usage()
    expect(misses).toMatchObject({ saved_input_tokens: 0, saved_output_tokens: 0, saved_usd: '0' })
    for (const [path, body] of REQUESTS) {
      const headers = await ask(path, body)
      expect(headers.get('x-gateway-cache')).toBe('hit')
      saved += Number(headers.get('x-gateway-saved'))
    }
    await expect.poll(async () => (await usage())['requests'], WAIT).toBe(2 * REQUESTS.length)
    const all = await usage()
    expect(gateway.received).toHaveLength(REQUESTS.length)
    const { input_tokens, output_tokens, cost_usd, attempts } = misses
    expect(all).toMatchObject({
      input_tokens,
      output_tokens,
      cost_usd,
      attempts,
      saved_input_tokens: input_tokens,
      saved_output_tokens: output_tokens,
      saved_usd: cost_usd,
    })
    expect(saved).toBeCloseTo(Number(cost_usd), 12)
    expect(saved).toBeGreaterThan(0)
  })
  const WAIT = { timeout: 12_000, interval: 500 }
})
