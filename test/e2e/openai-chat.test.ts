import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { isGemini, MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())

const TEXT = 'Grüße, 世界 👋 and a longer tail of words'

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
const textOf = (chunks: readonly OpenAI.ChatCompletionChunk[]): string =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')

describe.each(MODELS)('%s', (model) => {
  it('answers', async () => {
    const { data, response, request_id } = await client.chat.completions
      .create({ model, messages: [{ role: 'system', content: 'Be brief.' }, user(TEXT)] })
      .withResponse()
    expect(data.object).toBe('chat.completion')
    expect(data.model).toContain(model)
    expect(data.id).toMatch(/^chatcmpl-/)
    expect(data.choices).toHaveLength(1)
    expect(data.choices[0]).toMatchObject({
      index: 0,
      finish_reason: 'stop',
      message: { role: 'assistant', content: `You said: ${TEXT}`, refusal: null },
    })
    expect(data.usage?.total_tokens).toBe(
      (data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0),
    )
    expect(request_id).toMatch(/^req_/)
    expect(response.headers.get('x-gateway-provider')).toBe(isGemini(model) ? 'gemini' : 'openai')
    expect(response.headers.get('x-gateway-model')).toContain(model)
    expect(response.headers.get('x-gateway-attempts')).toBe('1')
    expect(Number(response.headers.get('x-gateway-cost'))).toBeGreaterThan(0)
    expect(response.headers.get('server-timing')).toMatch(/key;dur=\d+.*upstream;dur=\d+/)
  })

  it('streams chunks that share an id, name the role once, and finish once', async () => {
    const chunks = await collect(
      await client.chat.completions.create({ model, stream: true, messages: [user(TEXT)] }),
    )
    expect(textOf(chunks)).toBe(`You said: ${TEXT}`)
    expect(chunks.length).toBeGreaterThan(3)
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(new Set(chunks.map(({ created }) => created)).size).toBe(1)
    expect(new Set(chunks.map(({ model }) => model)).size).toBe(1)
    expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true)
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.role !== undefined)).toEqual([chunks[0]])
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? [])).toEqual(['stop'])
    expect(chunks.every((chunk) => chunk.choices.length === 1 && !Object.hasOwn(chunk, 'usage'))).toBe(true)
  })

  it('streams usage in a last chunk without choices when asked', async () => {
    const chunks = await collect(
      await client.chat.completions.create({
        model,
        stream: true,
        stream_options: { include_usage: true },
        messages: [user(TEXT)],
      }),
    )
    const last = chunks.at(-1)
    expect(last?.choices).toEqual([])
    expect(last?.usage?.total_tokens).toBeGreaterThan(0)
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    const whole = await client.chat.completions.create({ model, messages: [user(TEXT)] })
    expect(last?.usage).toEqual({ ...whole.usage, cost: expect.any(Number) })
  })

  it('feeds the stream helper', async () => {
    const stream = client.chat.completions.stream({
      model,
      stream_options: { include_usage: true },
      messages: [user(TEXT)],
    })
    const contents: string[] = []
    stream.on('content', (delta) => contents.push(delta))
    const message = await stream.finalMessage()
    expect(message.content).toBe(`You said: ${TEXT}`)
    expect(contents.join('')).toBe(message.content)
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(completion.usage?.completion_tokens).toBeGreaterThan(0)
    expect((await stream.totalUsage()).total_tokens).toBe(completion.usage?.total_tokens)
  })

  it('feeds the stream helper without usage', async () => {
    const stream = client.chat.completions.stream({ model, messages: [user(TEXT)] })
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]?.message.content).toBe(`You said: ${TEXT}`)
    expect(completion.usage).toBeUndefined()
  })

  it.each([
    ['byte by byte', { byteByByte: true }],
    ['with CRLF', { crlf: true }],
    ['with comments between the events', { comments: true }],
    ['split inside characters', { splitAt: [7, 80, 81, 300, 301, 302, 700] }],
  ])('reads an upstream that writes %s', async (_, script) => {
    const plain = await collect(
      await client.chat.completions.create({ model, stream: true, messages: [user(TEXT)] }),
    )
    const odd = await collect(
      await client.chat.completions.create({ model, stream: true, messages: [user(scripted(TEXT, script))] }),
    )
    expect(odd.map((chunk) => chunk.choices[0]?.delta.content)).toEqual(
      plain.map((chunk) => chunk.choices[0]?.delta.content),
    )
  })

  it('gives several choices', async () => {
    const whole = await client.chat.completions.create({ model, n: 3, messages: [user(TEXT)] })
    expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(whole.choices.every(({ message }) => message.content?.includes(TEXT))).toBe(true)
    const stream = client.chat.completions.stream({ model, n: 3, messages: [user(TEXT)] })
    const { choices } = await stream.finalChatCompletion()
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(choices.every(({ message }) => message.content?.includes(TEXT))).toBe(true)
  })

  it('stops where it is told, and at the limit', async () => {
    const stopped = await client.chat.completions.create({ model, stop: ['longer'], messages: [user(TEXT)] })
    expect(stopped.choices[0]?.message.content?.trimEnd()).toBe('You said: Grüße, 世界 👋 and a')
    const cut = await client.chat.completions.create({
      model,
      max_completion_tokens: 2_000,
      messages: [user(scripted(TEXT, { text: 'word '.repeat(4_000) }))],
    })
    expect(cut.choices[0]?.finish_reason).toBe('length')
  })
})

describe('what only OpenAI is asked', () => {
  it('relays fields and values that nobody here has heard of', async () => {
    const body = { model: 'gpt-4o-mini', messages: [user('Hi')], brand_new: { deep: [1, 2.5] } }
    await client.chat.completions.create(body as OpenAI.ChatCompletionCreateParamsNonStreaming)
    expect(gateway.received.at(-1)?.body).toBe(JSON.stringify(body))
  })

  it('relays a request for log probabilities and what comes back', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'gpt-4o-mini',
      logprobs: true,
      top_logprobs: 2,
      messages: [user('Hi')],
    })
    expect(gateway.received.at(-1)?.json).toMatchObject({ logprobs: true, top_logprobs: 2 })
    expect(choices[0]).toHaveProperty('logprobs')
  })

  it('keeps a refusal apart from content', async () => {
    const request = { model: 'gpt-4o-mini', messages: [user(scripted('Hi', { refusal: 'I cannot.' }))] }
    const whole = await client.chat.completions.create(request)
    expect(whole.choices[0]?.message).toMatchObject({ content: null, refusal: 'I cannot.' })
    const streamed = await client.chat.completions.stream(request).finalMessage()
    expect(streamed.refusal).toBe('I cannot.')
  })
})
