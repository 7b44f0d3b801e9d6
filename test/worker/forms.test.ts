import { describe, expect, test } from 'vitest'
import { bench, expectRefusal, GATEWAY, KEY_A } from './support.ts'
import { pcm, wav } from '../../simulator/samples.ts'

const SOUND = wav(pcm('otter'))
const HEAD = 'Content-Disposition: form-data; name='
const part = (name: string, content: string): string => `--b\r\n${HEAD}"${name}"\r\n\r\n${content}\r\n`
const FILE = `--b\r\n${HEAD}"file"; filename="o.wav"\r\nContent-Type: audio/wav\r\n\r\n`
const good = (): Blob => new Blob([FILE, SOUND, '\r\n', part('model', 'whisper-1'), '--b--\r\n'])

function post(body: BodyInit, headers: Record<string, string> = {}, path = 'transcriptions'): Request {
  return new Request(`${GATEWAY}/v1/audio/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY_A}`,
      'content-type': 'multipart/form-data; boundary=b',
      ...headers,
    },
    body,
  })
}

test('a form is served', async () => {
  const gateway = bench()
  const response = await gateway.fetch(post(await good().arrayBuffer()))
  expect(await response.json()).toMatchObject({ text: `Heard o.wav of ${SOUND.length} bytes.` })
})

describe('[endpoint transcriptions bad forms] U-14 a form that is refused before anyone is asked', () => {
  test.each([
    [
      'a boundary of 5,000 dashes',
      '',
      { 'content-type': `multipart/form-data; boundary=${'-'.repeat(5_000)}` },
    ],
    ['200 parts', part('model', 'x').repeat(200) + '--b--', {}],
    ['no end', FILE + 'RIFF0000WAVE', {}],
    ['no parts', '--b--', {}],
    ['two models', part('model', 'whisper-1') + part('model', 'gpt-4o-transcribe') + FILE + 'x\r\n--b--', {}],
    ['a model that is a list as well', part('model[]', 'x') + part('model', 'y') + FILE + 'x\r\n--b--', {}],
    ['a list that is a model as well', part('model', 'y') + part('model[]', 'x') + FILE + 'x\r\n--b--', {}],
    ['two files', `${FILE}x\r\n`.repeat(2) + '--b--', {}],
    ['long headers', `--b\r\n${HEAD}"model"; x=${'y'.repeat(3_000)}\r\n\r\nx\r\n--b--`, {}],
    [
      'no text where text belongs',
      new Uint8Array([
        ...new TextEncoder().encode(`--b\r\n${HEAD}"model"\r\n\r\n`),
        255,
        ...new TextEncoder().encode('\r\n--b--'),
      ]),
      {},
    ],
  ] as const)('for %s', async (what, body, headers) => {
    const gateway = bench()
    const startedAt = Date.now()
    const code = what === 'no parts' ? 'missing_required_parameter' : 'invalid_multipart'
    const param = what === 'no parts' ? 'model' : null
    await expectRefusal(gateway, await gateway.fetch(post(body, { ...headers })), {
      status: 400,
      code,
      param,
    })
    expect(Date.now() - startedAt).toBeLessThan(1_000)
  })

  test.each([
    [
      'an unknown field',
      FILE + 'RIFF0000WAVE\r\n' + part('api_base', 'x') + '--b--',
      400,
      'unknown_parameter',
      'api_base',
    ],
    ['no sound', FILE + '<html>\r\n' + part('model', 'whisper-1') + '--b--', 400, 'invalid_value', 'file'],
    ['an empty file', FILE + '\r\n' + part('model', 'whisper-1') + '--b--', 400, 'invalid_value', 'file'],
    [
      'a file that is a text',
      part('file', 'x') + part('model', 'whisper-1') + '--b--',
      400,
      'invalid_type',
      'file',
    ],
    ['no model', FILE + 'RIFF0000WAVE\r\n--b--', 400, 'missing_required_parameter', 'model'],
  ] as const)('for %s', async (...[, body, status, code, param]) => {
    const gateway = bench()
    await expectRefusal(gateway, await gateway.fetch(post(body)), { status, code, param })
  })

  test('for more bytes than a file may have', async () => {
    const gateway = bench()
    const body = new Uint8Array(26 * 1_048_576)
    await expectRefusal(gateway, await gateway.fetch(post(body)), { status: 413, code: 'request_too_large' })
  })

  test('for another content type', async () => {
    const gateway = bench()
    const refused = await gateway.fetch(post('{}', { 'content-type': 'application/json' }))
    await expectRefusal(gateway, refused, { status: 415, code: 'unsupported_media_type' })
  })
})

test('[endpoint transcriptions uploads at once] a third upload at once is put off, and the places are given back', async () => {
  const held = Promise.withResolvers<Response>()
  const gateway = bench({ upstream: () => held.promise.then((response) => response.clone()) })
  const body = await good().arrayBuffer()
  const served = [gateway.fetch(post(body)), gateway.fetch(post(body))]
  await new Promise((resolve) => setTimeout(resolve, 50))
  const third = await gateway.fetch(post(body))
  expect(third.status).toBe(503)
  expect(third.headers.get('retry-after')).toBe('1')
  held.resolve(Response.json({ text: 'ok' }))
  for (const response of await Promise.all(served)) expect(response.status).toBe(200)
  expect((await gateway.fetch(post(body))).status).toBe(200)
})

test('each attempt is sent from the same pieces, to the model that it is for', async () => {
  const seen: string[] = []
  const fault = { error: { message: 'no', type: 'server_error', code: null, param: null } }
  const gateway = bench({
    config: {
      routes: { hear: { targets: [{ model: 'whisper-1' }, { model: 'gpt-4o-transcribe', priority: 1 }] } },
    },
    async upstream(request) {
      seen.push(await request.text())
      const last = seen.at(-1)?.includes('gpt-4o-transcribe') === true
      return last ? Response.json({ text: 'ok' }) : Response.json(fault, { status: 503 })
    },
  })
  const form = (model: string): Blob => new Blob([FILE, SOUND, '\r\n', part('model', model), '--b--\r\n'])
  const response = await gateway.fetch(post(await form('hear').arrayBuffer()))
  expect(response.status).toBe(200)
  expect(seen).toEqual([await form('whisper-1').text(), await form('gpt-4o-transcribe').text()])
})
