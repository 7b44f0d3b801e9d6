import { BadRequestError, type OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { type ImageHost, PNG, PNG_URL, startImageHost, WAV } from '../support/images.ts'
import { isGemini, MODELS } from '../support/models.ts'
import { openaiClient } from '../support/openai.ts'

let images: ImageHost
let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  images = await startImageHost()
  gateway = await startGateway({ variables: { FETCH_ALLOW_HOSTS: images.host } })
  client = openaiClient(gateway)
})
afterAll(async () => {
  await gateway.close()
  await images.close()
})
beforeEach(() => {
  gateway.simulator.reset()
  images.asked.length = 0
})

function show(model: string, url: string) {
  return client.chat.completions.create({
    model,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url } },
        ],
      },
    ],
  })
}

describe.each(MODELS)('%s', (model) => {
  it('sees an image in a data URL', async () => {
    const { choices } = await show(model, PNG_URL)
    expect(choices[0]?.message.content).toContain(`image/png of ${PNG.length} bytes`)
  })

  it('sees an image behind a URL: fetched here for Gemini, left to OpenAI', async () => {
    const url = `${images.origin}/pixel.png`
    const { choices } = await show(model, url)
    const content = choices[0]?.message.content
    expect(content).toContain(isGemini(model) ? `image/png of ${PNG.length} bytes` : url)
    expect(images.asked).toHaveLength(isGemini(model) ? 1 : 0)
    expect(
      images.asked
        .flatMap((headers) => [headers['authorization'], headers['x-goog-api-key'], headers['cookie']])
        .filter(Boolean),
    ).toEqual([])
  })

  it('sees several, in their order', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: PNG_URL, detail: 'low' } },
            { type: 'text', text: 'and' },
            { type: 'image_url', image_url: { url: PNG_URL, detail: 'high' } },
          ],
        },
      ],
    })
    expect(choices[0]?.message.content).toContain('2 attached')
  })

  it.each([
    ['a loopback address', 'http://127.0.0.1:1/x.png', 'invalid_image_url'],
    ['a metadata address', 'http://169.254.169.254/latest', 'invalid_image_url'],
    ['a name inside a network', 'https://vault.internal/x.png', 'invalid_image_url'],
    ['another scheme', 'file:///etc/passwd', 'invalid_image_url'],
    ['no image', 'data:image/png;base64,PGh0bWw+PC9odG1sPg==', 'invalid_image'],
  ])('refuses %s', async (_, url, code) => {
    const error: unknown = await show(model, url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({
      code,
      param: 'messages[0].content[1].image_url.url',
    })
    expect(gateway.received).toHaveLength(0)
  })
})

describe.each(MODELS.filter(isGemini))('%s, which has its images fetched', (model) => {
  it('follows a redirect', async () => {
    const { choices } = await show(model, `${images.origin}/moved.png`)
    expect(choices[0]?.message.content).toContain(`image/png of ${PNG.length} bytes`)
  })

  it.each([
    ['is no image', 'page.png', 'invalid_image'],
    ['is not there', 'none.png', 'image_fetch_failed'],
    ['leads into a network', 'away.png', 'invalid_image_url'],
  ])('refuses one that %s', async (_, file, code) => {
    await expect(show(model, `${images.origin}/${file}`)).rejects.toMatchObject({ status: 400, code })
    expect(gateway.received).toHaveLength(0)
  })
})

it.each(['gpt-audio-1.5', ...MODELS.filter(isGemini)])('%s hears audio', async (model) => {
  const { choices } = await client.chat.completions.create({
    model,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is said?' },
          { type: 'input_audio', input_audio: { data: WAV.toString('base64'), format: 'wav' } },
        ],
      },
    ],
  })
  expect(choices[0]?.message.content).toMatch(new RegExp(`audio/(x-)?wav of ${WAV.length} bytes`))
})
