import { describe, expect, it } from 'vitest'
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
  it('is the sum of its responses and transcripts', () => {
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
  for (const query of ['', 'model=', 'model=a%00b', 'model=%C3%A9'])
    expect(() => modelIn(new URLSearchParams(query))).toThrow("'model'")
})
