import { describe, expect, it } from 'vitest'
import { UpstreamFailure } from '../../../src/providers/failure.ts'
import { gemini } from '../../../src/providers/gemini/index.ts'
import type { Translation } from '../../../src/providers/provider.ts'
import type { ImagesWire } from '../../../src/protocol/images.ts'
import type { SpeechWire } from '../../../src/protocol/speech.ts'
import type { TranscriptionWire } from '../../../src/protocol/transcriptions.ts'
import { wav } from '../../../simulator/samples.ts'
import { contextFor } from './support.ts'

const { images, speech, transcriptions, embeddings } = gemini.codecs
const draw = images as Translation<ImagesWire>
const speak = speech as Translation<SpeechWire>
const hear = transcriptions as Translation<TranscriptionWire>

const answer = (parts: readonly object[], more: object = {}) => ({
  candidates: [{ content: { parts }, finishReason: 'STOP', ...more }],
  usageMetadata: {
    promptTokenCount: 9,
    candidatesTokenCount: 1290,
    totalTokenCount: 1299,
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
  },
  modelVersion: 'gemini-3-pro-image-001',
})
const picture = (data: string, more: object = {}) => ({
  inlineData: { mimeType: 'image/jpeg', data },
  ...more,
})
function failureOf(work: () => unknown): UpstreamFailure['failure'] {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof UpstreamFailure) return thrown.failure
    throw thrown
  }
  throw new Error('It did not fail.')
}

describe('pictures', () => {
  const request = { model: 'm', prompt: 'x' }
  const decode = (body: unknown) => draw.decode(body, request, contextFor())

  it('are taken without those of the thoughts, and their format is reported', () => {
    const made = decode(answer([picture('dGhvdWdodA==', { thought: true }), picture('QUJD')]))
    expect(made).toMatchObject({
      data: [{ b64_json: 'QUJD' }],
      output_format: 'jpeg',
      usage: { input_tokens: 9, output_tokens: 1290, output_tokens_details: { image_tokens: 1290 } },
    })
  })

  it.each([
    ['a blocked prompt', { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }],
    ['a withheld picture', answer([], { finishReason: 'IMAGE_SAFETY' })],
    ['a recitation', answer([], { finishReason: 'IMAGE_RECITATION' })],
  ])('are blocked in words: %s', (_, body) => {
    expect(failureOf(() => decode(body))).toMatchObject({
      kind: 'content_policy',
      status: 400,
      upstream: { code: 'moderation_blocked' },
    })
  })

  it.each([
    ['talk', answer([{ text: 'No.' }]), 'empty'],
    ['nothing', {}, 'empty'],
    ['an error inside of a 200', { error: { code: 503, status: 'UNAVAILABLE', message: 'x' } }, 'overloaded'],
    ['a list', [answer([])], 'empty'],
    ['a text', 'x', 'garbled'],
  ])('are not made of %s', (_, body, kind) => {
    expect(failureOf(() => decode(body)).kind).toBe(kind)
  })

  it('of a stream that is cut short are not sent', () => {
    const decoder = draw.events?.({ ...request, stream: true }, contextFor())
    const sent: object[] = []
    const emit = (event: object): void => void sent.push(event)
    const { candidates } = answer([picture('QUJD')])
    decoder?.push(JSON.stringify({ candidates: [{ ...candidates[0], finishReason: undefined }] }), emit)
    expect(failureOf(() => decoder?.end(emit)).kind).toBe('cut_short')
    expect(sent).toEqual([])
  })
})

describe('speech', () => {
  const sound = (mimeType: string) => answer([{ inlineData: { mimeType, data: 'AAABAAIA' } }])
  it.each([
    ['audio/L16;codec=pcm;rate=24000', 'wav', 50, 24_000],
    ['audio/L16;rate=16000', 'wav', 50, 16_000],
    ['audio/L16;codec=pcm;rate=24000', 'pcm', 6, undefined],
    ['audio/wav', 'wav', 6, undefined],
  ])('[known-bug 39] of %s as %s', (type, format, length, rate) => {
    const request = { model: 'm', input: 'x', voice: 'alloy', response_format: format }
    const { bytes } = speak.decode(sound(type), request, contextFor())
    expect(bytes).toHaveLength(length)
    const view = new DataView((bytes as Uint8Array<ArrayBuffer>).buffer)
    expect(rate === undefined ? undefined : view.getUint32(24, true)).toBe(rate)
  })
})

describe('transcripts', () => {
  const file = {
    filename: 'a.wav',
    head: wav(new Uint8Array(4)),
    content: { byteLength: 48_044, [Symbol.iterator]: () => [][Symbol.iterator]() },
  }
  const decode = (text: string, format?: string) =>
    hear.decode(
      answer([{ text }]),
      { model: 'm', file, ...(format && { response_format: format }) },
      contextFor(),
    )

  it('of silence are empty', () => {
    expect(decode('').text).toBe('')
  })
  it('with times have them in seconds', () => {
    const segments = [
      { start: '00:00', end: '00:01.250', text: 'One.' },
      { start: '1:00:01', end: '01:00:02.5', text: 'Two.' },
    ]
    expect(decode(JSON.stringify({ language: 'english', segments }), 'verbose_json')).toMatchObject({
      text: 'One. Two.',
      language: 'english',
      segments: [
        { id: 0, start: 0, end: 1.25 },
        { id: 1, start: 3601, end: 3602.5 },
      ],
    })
  })
  it.each([
    'not JSON',
    '{}',
    '{"segments":[{"text":7}]}',
    '{"segments":[{"start":"soon","end":"1:00","text":"x"}]}',
  ])('without them are none: %s', (text) => expect(failureOf(() => decode(text, 'srt')).kind).toBe('garbled'))
})

describe('embeddings', () => {
  const request = { model: 'm', input: ['a', 'b'] }
  const decode = (body: unknown) =>
    embeddings?.kind === 'translation' ? embeddings.decode(body, request, contextFor()) : undefined
  it.each([
    ['too few', { embeddings: [{ values: [1] }] }],
    ['none', {}],
    ['no numbers', { embeddings: [{ values: [1] }, { values: ['x'] }] }],
    ['empty ones', { embeddings: [{ values: [1] }, { values: [] }] }],
  ])('%s are garbled', (_, body) => expect(failureOf(() => decode(body)).kind).toBe('garbled'))
  it('[endpoint embeddings no usage] [gemini-trap 78] that report no tokens are estimated, never free', () => {
    expect(decode({ embeddings: [{ values: [1] }, { values: [2] }] })?.usage).toEqual({
      prompt_tokens: 2,
      total_tokens: 2,
      estimated: true,
    })
  })
})
