import { describe, expect, it } from 'vitest'
import { card } from '../../../src/catalog/card.ts'
import { createPricing } from '../../../src/catalog/pricing.ts'
import { closeOf, modelIn, readOffer, sessionMeter } from '../../../src/protocol/realtime.ts'

describe('an offer of protocols', () => {
  it.each([
    [null, undefined, undefined],
    ['realtime', 'realtime', undefined],
    ['realtime, openai-insecure-api-key.sk-1, openai-beta.realtime-v1', 'realtime', 'sk-1'],
    ['openai-insecure-api-key.sk-1', undefined, 'sk-1'],
  ])('%s', (header, selected, key) => expect(readOffer(header)).toEqual({ selected, key }))
})

describe('a close', () => {
  it.each([
    [1000, 1000],
    [1005, 1000],
    [1006, 1011],
    [1015, 1011],
    [1009, 1009],
    [2999, 1011],
    [4003, 4003],
    [5000, 1011],
  ])('with %i is sent on as %i', (code, sent) => expect(closeOf(code, '').code).toBe(sent))

  it('has a reason that fits, in whole characters', () => {
    const { reason } = closeOf(1000, '👋'.repeat(50))
    expect(reason).toBe('👋'.repeat(30))
    expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123)
  })
})

describe('what a session uses', () => {
  const usage = {
    input_tokens: 100,
    output_tokens: 50,
    input_token_details: {
      cached_tokens: 64,
      audio_tokens: 80,
      cached_tokens_details: { audio_tokens: 60, text_tokens: 4 },
    },
    output_token_details: { audio_tokens: 40, text_tokens: 10 },
  }
  it('[endpoint realtime usage] [known-bug 40] is the sum of its responses and transcripts', () => {
    const meter = sessionMeter()
    const done = JSON.stringify({ type: 'response.done', response: { usage } })
    meter.see(done)
    meter.see('{"type":"response.output_audio.delta","delta":"AAAA"}')
    meter.see(done)
    meter.see(
      JSON.stringify({
        type: 'conversation.item.input_audio_transcription.completed',
        usage: { type: 'duration', seconds: 2.5 },
      }),
    )
    expect(meter.usage).toMatchObject({
      inputTokens: 200,
      cachedTokens: 128,
      cachedAudioTokens: 120,
      audioInputTokens: 160,
      outputTokens: 100,
      audioOutputTokens: 80,
      seconds: 3,
    })
  })

  const transcript = (used: object) =>
    JSON.stringify({ type: 'conversation.item.input_audio_transcription.completed', usage: used })
  const session = (model: string, type = 'session.updated') =>
    JSON.stringify({ type, session: { type: 'realtime', audio: { input: { transcription: { model } } } } })
  const usd = (...events: readonly string[]) => {
    const meter = sessionMeter()
    for (const event of events) meter.see(event)
    const [served, model] = [{}, 'gpt-realtime-2.1']
    const { usage: used = { inputTokens: 0, outputTokens: 0 } } = meter
    return createPricing({})({ card: card(model), served, model, usage: used, date: '2026-11-24' })?.picoUsd
  }

  it('is priced by who did it: the session its responses, the transcriber what it heard', () => {
    const done = JSON.stringify({
      type: 'response.done',
      response: { usage: { input_tokens: 1_000, output_tokens: 100 } },
    })
    const minutes = transcript({ type: 'duration', seconds: 600 })
    // 10 min × 0.006
    expect(usd(session('whisper-1', 'session.created'), minutes)).toBe(60_000_000_000n)
    // and 1,000 × 4 + 100 × 24 per million
    expect(usd(session('whisper-1'), done, minutes)).toBe(66_400_000_000n)
    // 600 × 2.50 + 200 × 10 per million, beside ten minutes of the other
    const tokens = transcript({
      type: 'tokens',
      input_tokens: 600,
      output_tokens: 200,
      total_tokens: 800,
      input_token_details: { audio_tokens: 600 },
    })
    expect(usd(session('whisper-1'), minutes, session('gpt-4o-transcribe'), tokens)).toBe(63_500_000_000n)
  })

  it('has no price where nobody knows who transcribed', () => {
    const minutes = transcript({ type: 'duration', seconds: 600 })
    expect(usd(minutes)).toBeUndefined()
    expect(usd(session('my-own-whisper'), minutes)).toBeUndefined()
  })

  it.each([
    'not JSON "response.done"',
    '{"type":"response.done"}',
    '{"type":"response.done","response":{"usage":7}}',
  ])('is nothing for %s', (event) => {
    const meter = sessionMeter()
    meter.see(event)
    expect(meter.usage).toBeUndefined()
  })
})

it('names its model', () => {
  expect(modelIn(new URLSearchParams('model=gpt-realtime-2'))).toBe('gpt-realtime-2')
  expect(modelIn(new URLSearchParams('intent=transcription'))).toBe('gpt-transcribe')
  for (const query of ['', 'model=', 'model=a%00b', 'model=%C3%A9'])
    expect(() => modelIn(new URLSearchParams(query))).toThrow("'model'")
})
