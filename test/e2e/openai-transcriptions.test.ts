import { createHash } from 'node:crypto'
import { type OpenAI, toFile } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pcm, wav } from '../../simulator/samples.ts'
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

const SOUND = wav(pcm('The otter swims at noon.'))
const sound = (bytes: Uint8Array = SOUND) => toFile(bytes, 'otter.wav', { type: 'audio/wav' })
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The sound that a provider was given. */
function heard(): string {
  // The gateway's own checks of the providers' health come in between.
  const [asked] = gateway.received.filter(({ method }) => method === 'POST')
  const json = (asked?.json ?? {}) as {
    file?: { sha256: string }
    contents?: { parts: { inlineData?: { data: string } }[] }[]
  }
  const data = json.contents?.[0]?.parts[0]?.inlineData?.data
  return data === undefined ? (json.file?.sha256 ?? '') : sha256(Buffer.from(data, 'base64'))
}

describe.each(['gpt-4o-transcribe', 'gemini-3.8-flash', 'gemini-2.5-flash'])('%s', (model) => {
  it('writes down what it hears, and is given every byte', async () => {
    const { data, response } = await client.audio.transcriptions
      .create({ model, file: await sound(), language: 'en', prompt: 'otters' })
      .withResponse()
    expect(data.text).not.toBe('')
    expect(heard()).toBe(sha256(SOUND))
    expect(data.usage).toMatchObject({ type: 'tokens', total_tokens: expect.any(Number) })
    expect(Number(response.headers.get('x-gateway-cost'))).toBeGreaterThan(0)
  })

  it('answers in plain text', async () => {
    const text = await client.audio.transcriptions.create({
      model,
      file: await sound(),
      response_format: 'text',
    })
    expect(typeof text).toBe('string')
  })

  it('streams', async () => {
    let text = ''
    let done = ''
    const stream = await client.audio.transcriptions.create({ model, file: await sound(), stream: true })
    for await (const event of stream) {
      if (event.type === 'transcript.text.delta') text += event.delta
      if (event.type === 'transcript.text.done') done = event.text
    }
    expect(text).not.toBe('')
    expect(done).toBe(text)
  })

  it('takes a file of twenty megabytes', async () => {
    const large = wav(new Uint8Array(20_000_000).map((_, i) => i * 7))
    await client.audio.transcriptions.create({ model, file: await sound(large) })
    expect(heard()).toBe(sha256(large))
  })
})

describe.each(['whisper-1', 'gemini-3.8-flash'])('subtitles by %s', (model) => {
  it.each(['srt', 'vtt'] as const)('in %s', async (format) => {
    const text = await client.audio.transcriptions.create({
      model,
      file: await sound(),
      response_format: format,
    })
    expect(text).toMatch(/00:00:00[.,]000 --> 00:00:01[.,]500\n\S/)
    expect(text.startsWith('WEBVTT\n\n')).toBe(format === 'vtt')
  })

  it('as segments', async () => {
    const verbose = await client.audio.transcriptions.create({
      model,
      file: await sound(),
      response_format: 'verbose_json',
    })
    expect(verbose.segments?.[0]).toMatchObject({ id: 0, start: 0, end: 1.5, text: expect.any(String) })
    expect(verbose.duration).toBeGreaterThan(0)
  })

  it('translates', async () => {
    const { text } = await client.audio.translations.create({ model, file: await sound() })
    expect(text).not.toBe('')
    expect(gateway.received[0]?.path).toContain(isGemini(model) ? ':generateContent' : '/audio/translations')
  })
})

describe('a form', () => {
  it('goes out as it came, but for its model', async () => {
    await client.audio.transcriptions.create({ model: 'openai/whisper-1', file: await sound() })
    expect(gateway.received[0]?.json).toMatchObject({ model: 'whisper-1', file: { name: 'otter.wav' } })
  })

  it('passes unread where a header names the one model', async () => {
    const file = await sound()
    const text = await client.audio.transcriptions.create(
      { model: 'whisper-1', file, response_format: 'srt' },
      { headers: { 'x-gateway-model': 'whisper-1' } },
    )
    expect(text).toContain('-->')
    expect(heard()).toBe(sha256(SOUND))
    expect(Number(gateway.received[0]?.headers['content-length'])).toBeGreaterThan(SOUND.length)
  })

  it('is read where that model is translated', async () => {
    const options = { headers: { 'x-gateway-model': 'gemini-3.8-flash' } }
    await client.audio.transcriptions.create({ model: 'whatever', file: await sound() }, options)
    expect(heard()).toBe(sha256(SOUND))
  })

  it.each([
    ['diarized_json', 'response_format', { response_format: 'diarized_json' }],
    [
      'words',
      'timestamp_granularities',
      { response_format: 'verbose_json', timestamp_granularities: ['word'] },
    ],
    ['logprobs', 'include', { include: ['logprobs'] }],
  ] as const)('asks Gemini for %s in vain', async (_, param, more) => {
    const body = { model: 'gemini-3.8-flash', file: await sound(), ...more }
    const failure = client.audio.transcriptions.create(body as never)
    await expect(failure).rejects.toMatchObject({ status: 400, param })
    expect(gateway.received).toHaveLength(0)
  })

  it('of something else than sound is refused', async () => {
    const file = await toFile(new TextEncoder().encode('<html>not sound</html>'), 'otter.wav')
    const failure = client.audio.transcriptions.create({ model: 'whisper-1', file })
    await expect(failure).rejects.toMatchObject({ status: 400, param: 'file' })
    expect(gateway.received).toHaveLength(0)
  })

  it('names the endpoints of a model that does not hear', async () => {
    const failure = client.audio.transcriptions.create({ model: 'tts-1', file: await sound() })
    await expect(failure).rejects.toThrow('only supported in v1/audio/speech')
  })
})
