import { BadRequestError, NotFoundError, type OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { vectorOf } from '../../simulator/vector.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { isGemini } from '../support/models.ts'
import { openaiClient } from '../support/openai.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const MODELS = ['text-embedding-3-large', 'gemini-embedding-001', 'gemini-embedding-2'] as const
const lengthOf = (vector: readonly number[]): number => Math.hypot(...vector)

describe.each(MODELS)('%s', (model) => {
  it('embeds a text, by the base64 that the client asks for on its own', async () => {
    const { data, usage, object } = await client.embeddings.create({ model, input: 'the otter swims' })
    expect(object).toBe('list')
    expect(data).toHaveLength(1)
    const expected = vectorOf('the otter swims', 3_072)
    expect(data[0]?.embedding).toHaveLength(3_072)
    for (const [i, value] of expected.entries()) expect(data[0]?.embedding[i]).toBeCloseTo(value, 6)
    expect(usage.prompt_tokens).toBeGreaterThan(0)
    expect(usage.total_tokens).toBe(usage.prompt_tokens)
  })

  it('embeds several texts as numbers, in their order', async () => {
    const input = ['one', 'two', 'three']
    const { data } = await client.embeddings.create({ model, input, encoding_format: 'float' })
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2])
    for (const [i, text] of input.entries())
      expect(data[i]?.embedding[0]).toBeCloseTo(vectorOf(text, 3_072)[0] ?? 0, 6)
  })

  it('shortens vectors to length 1', async () => {
    const { data } = await client.embeddings.create({ model, input: 'short', dimensions: 256 })
    expect(data[0]?.embedding).toHaveLength(256)
    expect(lengthOf(data[0]?.embedding ?? [])).toBeCloseTo(1, 5)
  })

  it('serves more texts than one call takes, in their order', async () => {
    const input = Array.from({ length: 250 }, (_, i) => `text ${i}`)
    const { data, usage } = await client.embeddings.create({ model, input, dimensions: 8 })
    expect(data.map(({ index }) => index)).toEqual(input.map((_, i) => i))
    const direction = (text: string) => {
      const all = vectorOf(text, isGemini(model) ? 3_072 : 8).slice(0, 8)
      return all.map((value) => value / lengthOf(all))
    }
    for (const i of [0, 99, 100, 249])
      expect(data[i]?.embedding[3]).toBeCloseTo(direction(`text ${i}`)[3] ?? 0, 5)
    expect(gateway.received).toHaveLength(isGemini(model) ? 3 : 1)
    expect(usage.prompt_tokens).toBeGreaterThanOrEqual(450)
  })

  it('refuses an empty text before asking anyone', async () => {
    const failure = client.embeddings.create({ model, input: ['a', ''] })
    await expect(failure).rejects.toThrow(BadRequestError)
    await expect(failure).rejects.toMatchObject({ param: 'input' })
    expect(gateway.received).toHaveLength(0)
  })

  it('says what it cost', async () => {
    const { response } = await client.embeddings
      .create({ model, input: 'the otter swims at noon' })
      .withResponse()
    expect(Number(response.headers.get('x-gateway-cost'))).toBeGreaterThan(0)
  })
})

it('takes token ids where they mean something, and says so where not', async () => {
  const embed = (model: string) => client.embeddings.create({ model, input: [1, 2, 3] })
  expect((await embed('text-embedding-3-small')).data).toHaveLength(1)
  await expect(embed('gemini-embedding-2')).rejects.toMatchObject({
    status: 400,
    code: 'unsupported_value',
    param: 'input',
  })
  expect(gateway.received).toHaveLength(1)
})

it('sends bytes as they came where nothing must change', async () => {
  await client.embeddings.create({ model: 'text-embedding-3-small', input: 'x', encoding_format: 'float' })
  expect(gateway.received[0]?.body).toBe(
    '{"model":"text-embedding-3-small","input":"x","encoding_format":"float"}',
  )
})

it('names the endpoints that serve a model which does not embed', async () => {
  const failure = client.embeddings.create({ model: 'gpt-4o-mini', input: 'x' })
  await expect(failure).rejects.toThrow(NotFoundError)
  await expect(failure).rejects.toThrow('v1/chat/completions')
  expect(gateway.received).toHaveLength(0)
})
