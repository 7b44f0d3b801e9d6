import type { OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PNG } from '../../simulator/samples.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient } from '../support/openai.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const GEMINI = 'gemini-3-pro-image'

describe.each(['gpt-image-2', GEMINI])('%s', (model) => {
  it('makes pictures, as many as are asked for', async () => {
    const { data, response } = await client.images
      .generate({ model, prompt: 'an otter', n: 2, size: '1024x1024' })
      .withResponse()
    expect(data.data?.map(({ b64_json }) => b64_json)).toEqual([PNG, PNG])
    expect(data.output_format).toBe('png')
    expect(data.usage?.output_tokens_details?.image_tokens).toBeGreaterThan(500)
    expect(data.usage?.total_tokens).toBe((data.usage?.input_tokens ?? 0) + (data.usage?.output_tokens ?? 0))
    expect(Number(response.headers.get('x-gateway-cost'))).toBeGreaterThan(0)
  })

  it('streams', async () => {
    const types: string[] = []
    let picture = ''
    const stream = await client.images.generate({
      model,
      prompt: 'an otter',
      stream: true,
      partial_images: 1,
    })
    for await (const event of stream) {
      types.push(event.type)
      picture = event.b64_json
    }
    expect(picture).toBe(PNG)
    expect(types.at(-1)).toBe('image_generation.completed')
    expect(types).toHaveLength(model === GEMINI ? 1 : 2)
  })

  it('says what it may not draw', async () => {
    const prompt =
      model === GEMINI ? 'x [[sim {"parts":[],"finishReason":"IMAGE_SAFETY"}]]' : 'something forbidden'
    const failure = client.images.generate({ model, prompt })
    await expect(failure).rejects.toMatchObject({ status: 400, code: 'moderation_blocked' })
  })

  it('passes a picture of ten megabytes', async () => {
    const { data } = await client.images.generate({ model, prompt: 'x [[sim {"bigEvents":10000000}]]' })
    expect(data?.[0]?.b64_json).toHaveLength(10_000_000)
  })
})

describe('for Gemini', () => {
  it('maps size and quality', async () => {
    const generate = (size: '1536x1024', quality?: 'high') =>
      client.images.generate({ model: GEMINI, prompt: 'x', size, ...(quality && { quality }) }).withResponse()
    await generate('1536x1024')
    const { response } = await generate('1536x1024', 'high')
    expect(response.headers.get('x-gateway-adapted')).toBe('quality=2K')
    expect(gateway.received.map(({ json }) => json)).toMatchObject([
      { generationConfig: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '3:2' } } },
      { generationConfig: { imageConfig: { aspectRatio: '3:2', imageSize: '2K' } } },
    ])
  })

  it.each([
    ['response_format', 'url'],
    ['size', '640x480'],
    ['background', 'transparent'],
  ])('refuses %s=%s by name', async (param, value) => {
    const failure = client.images.generate({ model: GEMINI, prompt: 'x', [param]: value })
    await expect(failure).rejects.toMatchObject({ status: 400, code: 'unsupported_value', param })
    expect(gateway.received).toHaveLength(0)
  })

  it('says so when the model only talks', async () => {
    const prompt = 'x [[sim {"parts":[{"text":"I would rather not."}]}]]'
    await expect(client.images.generate({ model: GEMINI, prompt })).rejects.toMatchObject({
      status: 502,
      message: expect.stringContaining('I would rather not.'),
    })
  })
})

it('names the endpoints of a model that does not draw', async () => {
  const failure = client.images.generate({ model: 'gemini-3.8-flash', prompt: 'x' })
  await expect(failure).rejects.toThrow('only supported in v1/chat/completions')
})
