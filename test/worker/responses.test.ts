import { describe, expect, test } from 'vitest'
import { type Bench, bench, type Body, chat, expectClean, KEY_A } from './support.ts'

/** A request for `/v1/responses`. */
const ask = (body: Body = {}, key = KEY_A): Request =>
  chat(JSON.stringify({ model: 'gpt-4.1', input: 'Hello', ...body }), { path: '/v1/responses', key })

const scripted = (script: object, body: Body = {}): Request =>
  ask({ stream: true, ...body, input: `Hi [[sim ${JSON.stringify(script)}]]` })

const event = (type: string, more: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`

const HEAD = { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-4.1-2025-04-14', output: [] }
const BEGUN = event('response.created', { sequence_number: 0, response: HEAD })
const DELTA = event('response.output_text.delta', { sequence_number: 1, delta: 'Hi' })
const USAGE = { input_tokens: 9, output_tokens: 1, total_tokens: 10 }
const DONE = event('response.completed', { sequence_number: 2, response: { ...HEAD, usage: USAGE } })

/** A gateway over an upstream that streams exactly these texts, one per request. */
function streaming(...texts: string[]): Bench & { requests: string[] } {
  const requests: string[] = []
  const gateway = bench({
    upstream: async (request) => {
      requests.push(await request.text())
      const text = texts[requests.length - 1] ?? texts.at(-1) ?? ''
      return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return { ...gateway, requests }
}

describe('a relayed response', () => {
  test('goes out and comes back as it was', async () => {
    const text = ` {"id":"resp_1", "output":[ ],"big":12345678901234567890,"error":null,"usage":{"input_tokens":9,"output_tokens":1,"total_tokens":10}}\n`
    const sent = `{"input" : "h\\u0069", "model":"gpt-4.1","tomorrow":{"a":1.0},"seed":12345678901234567890,"store":false}`
    const requests: Request[] = []
    const gateway = bench({
      upstream: (request) => {
        requests.push(request)
        return new Response(text, { headers: { 'content-type': 'application/json' } })
      },
    })
    const response = await gateway.fetch(chat(sent, { path: '/v1/responses' }))
    expect(await response.text()).toBe(text)
    expect(new URL(requests[0]?.url ?? '').pathname).toBe('/v1/responses')
    expect(await requests[0]?.text()).toBe(sent)
    await gateway.idle()
    expect(gateway.settled[0]?.usage).toMatchObject({ inputTokens: 9, outputTokens: 1 })
    expect(response.headers.get('x-gateway-cost')).toBe('0.000026')
  })

  test('streams event by event, without a marker of chat', async () => {
    const text = `${BEGUN}: a comment\n\n${DELTA}${event('keepalive', { sequence_number: 2 })}${DONE}`
    const gateway = streaming(text)
    const response = await gateway.fetch(ask({ stream: true, store: false }))
    expect(await response.text()).toBe(text.replace(': a comment\n\n', ''))
    await gateway.idle()
    expect(gateway.settled[0]).toMatchObject({ finish: 'complete', usage: { inputTokens: 9 } })
  })

  test('is refused as OpenAI refuses it', async () => {
    const response = await bench().fetch(ask({ tools: [{ type: 'function' }] }))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'missing_required_parameter', param: 'tools[0].name' },
    })
  })
})

describe('a failure in the stream', () => {
  const ERROR = event('error', {
    sequence_number: 1,
    error: { type: 'server_error', code: 'server_error', message: 'Oops', param: null },
  })
  const FLAT = event('error', { sequence_number: 1, code: 'server_error', message: 'Oops', param: null })
  const FAILED = event('response.failed', {
    sequence_number: 2,
    response: { ...HEAD, status: 'failed', error: { code: 'server_error', message: 'Oops' } },
  })

  test.each([
    ['an error event', ERROR],
    ['a flat error event', FLAT],
    ['a run that failed', FAILED],
  ])('before anything meaningful is hidden by another attempt: %s', async (_, failure) => {
    const gateway = streaming(BEGUN + failure, BEGUN + DELTA + DONE)
    const response = await gateway.fetch(ask({ stream: true, store: false }))
    expect(await response.text()).toBe(BEGUN + DELTA + DONE)
    expect(gateway.requests).toHaveLength(2)
  })

  test('an end before anything meaningful is no answer', async () => {
    const gateway = streaming(BEGUN)
    expect((await gateway.fetch(ask({ stream: true, store: false }))).status).toBe(502)
  })

  test.each([
    ['an error event', ERROR],
    ['an error event and a run that failed', ERROR + FAILED],
    ['a run that failed', FAILED],
  ])('after that is passed on as its end: %s', async (_, failure) => {
    const gateway = streaming(BEGUN + DELTA + failure)
    const response = await gateway.fetch(ask({ stream: true, store: false }))
    expect(await response.text()).toBe(BEGUN + DELTA + failure)
    await gateway.idle()
    expect(gateway.settled[0]).toMatchObject({ finish: 'cut-short', error: { code: 'upstream_error' } })
    expect(gateway.requests).toHaveLength(1)
  })

  test('cut short ends in one error event, numbered on', async () => {
    const gateway = streaming(BEGUN + DELTA)
    const text = await (await gateway.fetch(ask({ stream: true, store: false }))).text()
    expect(text.startsWith(BEGUN + DELTA)).toBe(true)
    const [frame, ...none] = text.slice((BEGUN + DELTA).length).split('\n\n')
    expect(none).toEqual([''])
    expect(frame?.split('\n')[0]).toBe('event: error')
    expect(JSON.parse(frame?.split('\ndata: ')[1] ?? '')).toEqual({
      type: 'error',
      sequence_number: 2,
      error: {
        type: 'server_error',
        code: 'upstream_stream_interrupted',
        message: expect.any(String),
        param: null,
      },
    })
    expectClean([frame ?? ''])
  })

  test('a whole answer that failed is asked for again', async () => {
    const gateway = bench()
    const response = await gateway.fetch(
      scripted({ finishReason: 'failed', failTimes: 1 }, { stream: false }),
    )
    expect(response.status).toBe(200)
    expect(gateway.received).toHaveLength(2)
  })

  test("the caller's own fault is not", async () => {
    const gateway = bench()
    const script = { finishReason: 'failed', error: undefined, events: undefined }
    const response = await gateway.fetch(
      scripted(
        { ...script, body: { ...HEAD, error: { code: 'invalid_image', message: 'Bad image.' } } },
        { stream: false },
      ),
    )
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_image', message: 'Bad image.' } })
    expect(gateway.received).toHaveLength(1)
  })
})
