import { describe, expect, test } from 'vitest'
import { pcm, wav } from '../../../simulator/samples.ts'
import { bench, googleRequest, read, request } from './support.ts'

describe('OpenAI refuses', () => {
  test.each([
    ['/v1/embeddings', { model: 'text-embedding-3-small', input: '' }, 400],
    ['/v1/embeddings', { model: 'gpt-4.1', input: 'x' }, 404],
    ['/v1/embeddings', { model: 'text-embedding-ada-002', input: 'x', dimensions: 8 }, 400],
    ['/v1/moderations', { input: [] }, 400],
    ['/v1/images/generations', { model: 'gpt-image-2', prompt: 'x', response_format: 'url' }, 400],
    ['/v1/images/generations', { model: 'gpt-image-2', prompt: 'x', n: 11 }, 400],
    ['/v1/audio/speech', { model: 'tts-1', input: 'x', voice: 'verse' }, 400],
    ['/v1/audio/speech', { model: 'tts-1', input: 'x', voice: 'alloy', stream_format: 'sse' }, 400],
    ['/v1/realtime/client_secrets', { expires_after: { seconds: 60 } }, 400],
  ])('%s %j', async (path, body, status) => {
    expect((await bench().fetch(request(path, body))).status).toBe(status)
  })

  test.each([
    ['gpt-4o-transcribe', 'a.wav', 'srt', 400],
    ['whisper-1', 'blob', 'json', 400],
    ['whisper-1', 'a.wav', 'srt', 200],
  ])('a transcription by %s of %s as %s', async (model, name, format, status) => {
    const form = new FormData()
    form.append('file', new Blob([wav(pcm('x'))]), name)
    form.append('model', model)
    form.append('response_format', format)
    const sent = new Request('http://simulator.test/v1/audio/transcriptions', {
      method: 'POST',
      headers: { authorization: 'Bearer sk-good' },
      body: form,
    })
    expect((await bench().fetch(sent)).status).toBe(status)
  })
})

describe('Gemini refuses', () => {
  const embed = (count: number, model = 'models/gemini-embedding-001', more: object = {}) => ({
    requests: Array.from({ length: count }, () => ({
      model,
      content: { parts: [{ text: 'x' }] },
      ...more,
    })),
  })
  test.each([
    ['101 texts at once', embed(101), 400],
    ['another model in the body', embed(1, 'models/gemini-embedding-2'), 400],
    ['too many dimensions', embed(1, undefined, { outputDimensionality: 4_000 }), 400],
    ['unknown fields', embed(1, undefined, { input: 'x' }), 400],
    ['nothing else', embed(100), 200],
  ])('%s', async (_, body, status) => {
    const path = '/models/gemini-embedding-001:batchEmbedContents'
    expect((await bench().fetch(googleRequest(path, body))).status).toBe(status)
  })

  test.each([
    ['gemini-2.5-flash-image', { imageConfig: { imageSize: '2K' } }, 'IMAGE', 400],
    ['gemini-3-pro-image', { imageConfig: { aspectRatio: '7:3' } }, 'IMAGE', 400],
    ['gemini-3-pro-image', { imageConfig: { imageSize: '2K' } }, 'IMAGE', 200],
    ['gemini-3.1-flash-tts-preview', { responseFormat: { audio: { mimeType: 'AUDIO_WAV' } } }, 'AUDIO', 400],
    ['gemini-3.8-flash-tts', { responseFormat: { audio: { mimeType: 'AUDIO_WAV' } } }, 'AUDIO', 200],
  ])('%s with %j', async (model, config, modality, status) => {
    const body = {
      contents: [{ role: 'user', parts: [{ text: 'x' }] }],
      generationConfig: { responseModalities: [modality], ...config },
    }
    const answer = await read(await bench().fetch(googleRequest(`/models/${model}:generateContent`, body)))
    expect(answer.status).toBe(status)
  })
})
