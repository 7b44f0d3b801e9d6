import type { OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pcm, wav } from '../../simulator/samples.ts'
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

const OLD = 'gemini-3.1-flash-tts-preview'
const NEW = 'gemini-3.8-flash-tts'
const INPUT = 'The otter swims at noon.'
type Format = 'pcm' | 'wav' | 'mp3'

async function say(model: string, format?: Format, more: object = {}) {
  const response = await client.audio.speech.create({
    model,
    input: INPUT,
    voice: 'alloy',
    ...(format && { response_format: format }),
    ...more,
  })
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) }
}

describe.each(['gpt-4o-mini-tts', OLD, NEW])('%s', (model) => {
  it('speaks in raw samples', async () => {
    const { response, bytes } = await say(model, 'pcm')
    expect(response.headers.get('content-type')).toBe('audio/pcm')
    expect(Buffer.from(bytes).equals(Buffer.from(pcm(INPUT)))).toBe(true)
  })

  it('speaks in a WAV file with one header', async () => {
    const { response, bytes } = await say(model, 'wav')
    expect(response.headers.get('content-type')).toBe('audio/wav')
    expect(Buffer.from(bytes).equals(Buffer.from(wav(pcm(INPUT))))).toBe(true)
  })

  it('streams as events', async () => {
    const { response, bytes } = await say(model, 'pcm', { stream_format: 'sse' })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = new TextDecoder()
      .decode(bytes)
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as { type: string; audio?: string; usage?: object })
    const sound = Buffer.concat(events.map(({ audio }) => Buffer.from(audio ?? '', 'base64')))
    expect(sound.equals(Buffer.from(pcm(INPUT)))).toBe(true)
    expect(events.at(-1)).toMatchObject({
      type: 'speech.audio.done',
      usage: { output_tokens: expect.any(Number) },
    })
  })

  it('says what was wrong in JSON', async () => {
    const failure = say(model, 'wav', { voice: 'nobody', input: 'x [[sim {"status":429}]]' })
    await expect(failure).rejects.toMatchObject({ status: 429 })
  })
})

describe('Gemini', () => {
  it('answers in WAV where nothing was asked for, and says so', async () => {
    const { response, bytes } = await say(OLD)
    expect(response.headers.get('content-type')).toBe('audio/wav')
    expect(response.headers.get('x-gateway-adapted')).toBe('response_format=wav')
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('RIFF')
    expect(Number(response.headers.get('x-gateway-cost'))).toBeGreaterThan(0)
  })

  it('refuses what nobody encodes, and names what there is', async () => {
    const failure = say(OLD, 'mp3')
    await expect(failure).rejects.toMatchObject({ code: 'unsupported_value', param: 'response_format' })
    await expect(failure).rejects.toThrow('wav or pcm')
    expect(gateway.received).toHaveLength(0)
  })

  it('takes voices and style by the generation of the model', async () => {
    await say(OLD, 'wav', { instructions: 'Brisk', voice: 'onyx' })
    await say(NEW, 'wav', { instructions: 'Brisk', voice: 'Puck', speed: 1.5 })
    const [old, newer] = gateway.received
    expect(old?.json).toMatchObject({
      contents: [{ parts: [{ text: `Brisk: ${INPUT}` }] }],
      generationConfig: { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Orus' } } } },
    })
    expect(newer?.json).toMatchObject({
      contents: [{ parts: [{ text: INPUT, speechMetadata: { style: 'Brisk' } }] }],
      generationConfig: { responseFormat: { audio: { mimeType: 'AUDIO_WAV' } } },
    })
  })

  it('streams a WAV file whose header comes first and once', async () => {
    for (const model of [OLD, NEW]) {
      const { bytes } = await say(model, 'wav', { stream_format: 'sse' })
      const pieces = [...new TextDecoder().decode(bytes).matchAll(/"audio":"([^"]*)"/g)].map(([, data]) =>
        Buffer.from(data ?? '', 'base64'),
      )
      const sound = Buffer.concat(pieces)
      expect(sound.subarray(0, 4).toString()).toBe('RIFF')
      expect(sound.indexOf('RIFF', 4)).toBe(-1)
      expect(sound.subarray(44).equals(Buffer.from(pcm(INPUT)))).toBe(true)
    }
  })
})
