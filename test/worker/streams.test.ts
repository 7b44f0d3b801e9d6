import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Script } from '../../simulator/index.ts'
import {
  bench,
  chat,
  contentOf,
  dataOf,
  expectErrorFrame,
  expectMarked,
  expectRefusal,
  type FakeTimers,
  fakeTimers,
  good,
  settle,
} from './support.ts'

const TEXT = 'one two three four five six'
const KEEP_ALIVE = ': keep-alive\n'
const SERVER = 'server_error'
const ROUTE: ConfigInput = { routes: { both: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1' }] } } }
const MODELS = ['gpt-4o-mini', 'gemini-2.5-flash']

const streamed = (model = 'gpt-4o-mini', init: { signal?: AbortSignal } = {}) =>
  chat({ ...good(), model, stream: true }, init)

function scripting(
  script: Script,
  options: { timers?: FakeTimers; config?: ConfigInput; model?: string } = {},
) {
  const { timers = fakeTimers(), config = {}, model } = options
  const gateway = bench({ timers, config })
  gateway.simulator.rules([
    { ...(model !== undefined && { match: { model } }), do: { text: TEXT, ...script } },
  ])
  return { gateway, timers }
}

/** Reads in the background, as a client does, and shows what has come so far. */
function reading(response: Response) {
  const reader = response.body!.getReader()
  const state = { text: '', done: false, cancel: async () => reader.cancel() }
  const decoder = new TextDecoder()
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      state.text += decoder.decode(value, { stream: true })
    }
    state.done = true
  })()
  return state
}

describe.each(MODELS)('a stream of %s that breaks once it has begun', (model) => {
  const CASES: readonly (readonly [name: string, script: Script, code: string | null])[] = [
    ['is cut', { cutAfter: 3 }, 'upstream_stream_interrupted'],
    ['carries an error', { errorAfter: 3 }, null],
    ['turns malformed', { malformedAfter: 3 }, 'upstream_bad_response'],
    ['ends without a finish', { noFinish: true }, 'upstream_stream_interrupted'],
  ]
  test.each(CASES)(
    '[known-bug 60] [known-bug 61] %s: one error frame, no [DONE]',
    async (_, script, code) => {
      const { gateway } = scripting(script)
      const response = await gateway.fetch(streamed(model))
      expect(response.status).toBe(200)
      expectMarked(response)
      const text = await response.text()
      expect(contentOf(text)).not.toBe('')
      expect(TEXT.startsWith(contentOf(text)) || contentOf(text) === TEXT).toBe(true)
      const { error } = JSON.parse(dataOf(text).at(-1) ?? '') as {
        error: { type: string; code: string | null }
      }
      expectErrorFrame(text, { type: error.type, code: code ?? error.code })
      await gateway.idle()
      expect(gateway.settled).toMatchObject([{ finish: 'cut-short' }])
      gateway.simulator.reset()
      expect((await gateway.fetch(chat())).status).toBe(200)
    },
  )

  // A model that reasons may be silent for longer.
  test('T-04 [known-bug 67] stalls for 30 s, or 120 s', async () => {
    const limitMs = model === 'gpt-4o-mini' ? 30_000 : 120_000
    const { gateway, timers } = scripting({ stallAfter: 3 })
    const body = reading(await gateway.fetch(streamed(model)))
    await timers.advance(limitMs - 1_000)
    expect(body.text).not.toContain('"error"')
    expect(body.text.split(KEEP_ALIVE).length - 1).toBe(limitMs / 10_000 - 1)
    await timers.advance(1_500)
    expect(body.done).toBe(true)
    expectErrorFrame(body.text, { code: 'upstream_stream_stalled' })
    expect(gateway.received[0]?.aborted).toBe(true)
  })
})

test('a stream without [DONE] is cut short', async () => {
  const { gateway } = scripting({ noDone: true })
  expectErrorFrame(await (await gateway.fetch(streamed())).text(), { code: 'upstream_stream_interrupted' })
})

describe('a stream that fails before its first meaningful event', () => {
  const CASES: readonly (readonly [string, Script])[] = [
    ['T-01 503', { status: 503 }],
    ['a cut at once', { cutAfter: 0 }],
    ['a cut after the role', { cutAfter: 1 }],
    ['an error after the role', { errorAfter: 1 }],
    ['a malformed event after the role', { malformedAfter: 1 }],
    ['silence after the role', { roleOnlyThenSilence: true }],
    ['silence', { stallAfter: 0 }],
    ['silence before the headers', { latencyMs: 3_600_000 }],
    ['nothing but an end', { events: [] }],
    ['a connection that drops', { drop: true }],
  ]
  test.each(CASES)(
    '[known-bug 62] [known-bug 63] %s: the next target serves, unnoticed',
    async (_, script) => {
      const { gateway, timers } = scripting(script, { config: ROUTE, model: 'gpt-4o-mini' })
      const pending = gateway.fetch(streamed('both'))
      await timers.advance(20_000)
      const response = await pending
      expect(response.status).toBe(200)
      expect(response.headers.get('x-gateway-model')).toMatch(/^gpt-4\.1/)
      expect(Number(response.headers.get('x-gateway-attempts'))).toBeGreaterThan(1)
      const text = await response.text()
      expect(text.match(/"role"/g)).toHaveLength(1)
      expect(dataOf(text).at(-1)).toBe('[DONE]')
      expect(text).not.toContain('"error"')
    },
  )

  test('T-02 all targets fail: one JSON error, and no repetition', async () => {
    const { gateway } = scripting({ error: 'overloaded' }, { config: ROUTE })
    const response = await gateway.fetch(streamed('both'))
    gateway.simulator.rules([])
    expect(response.headers.get('x-should-retry')).toBe('false')
    await expectRefusal(gateway, response, {
      status: 503,
      type: SERVER,
      code: 'upstream_unavailable',
      upstream: 2,
      goodRequest: null,
    })
  })

  test('T-02 the only target is silent: 504 in time', async () => {
    const { gateway, timers } = scripting({ roleOnlyThenSilence: true })
    const pending = gateway.fetch(streamed())
    await timers.advance(20_000)
    await expectRefusal(gateway, await pending, {
      status: 504,
      type: SERVER,
      code: 'upstream_timeout',
      upstream: 1,
      goodRequest: null,
    })
    expect(gateway.received[0]?.aborted).toBe(true)
  })
})

describe('an upstream that does not play by the rules of streams', () => {
  const chunk = (index: unknown, delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason: finish }] })}\n\n`
  const serving = (text: string, { hang = false, timers = fakeTimers() } = {}) =>
    bench({
      timers,
      upstream: () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode(text))
              if (!hang) controller.close()
            },
          }),
          { headers: { 'content-type': 'text/event-stream' } },
        ),
    })

  test.each([1e9, 2 ** 53, -1, 1.5, 'x', {}, 128])(
    'a choice with index %j breaks the stream, not the isolate',
    async (index) => {
      const gateway = serving(
        chunk(0, { content: 'a' }) +
          chunk(index, { content: 'b' }) +
          chunk(0, {}, 'stop') +
          'data: [DONE]\n\n',
      )
      expectErrorFrame(await (await gateway.fetch(streamed())).text(), { code: 'upstream_bad_response' })
    },
  )

  test.each(['null', '[]', '5', '"x"', '{}', '{"choices":null}', '{"choices":[null]}', '{"choices":[5]}'])(
    'an event that is %s breaks the stream',
    async (data) => {
      const gateway = serving(
        `${chunk(0, { content: 'a' })}data: ${data}\n\n${chunk(0, {}, 'stop')}data: [DONE]\n\n`,
      )
      expectErrorFrame(await (await gateway.fetch(streamed())).text(), { code: 'upstream_bad_response' })
    },
  )

  test('[DONE] ends the answer, though the upstream keeps the connection open', async () => {
    const text = chunk(0, { content: 'a' }) + chunk(0, {}, 'stop') + 'data: [DONE]\n\n'
    const timers = fakeTimers()
    const gateway = serving(text, { hang: true, timers })
    const body = reading(await gateway.fetch(streamed()))
    await settle()
    expect(body.text).toBe(text)
    await timers.advance(10_000)
    expect(body).toMatchObject({ text, done: true })
    await gateway.idle()
    expect(gateway.settled).toMatchObject([{ finish: 'complete' }])
  })

  test('a choice that never finishes makes the whole stream cut short', async () => {
    const gateway = serving(
      chunk(0, { content: 'a' }) + chunk(1, { content: 'b' }) + chunk(1, {}, 'stop') + 'data: [DONE]\n\n',
    )
    expectErrorFrame(await (await gateway.fetch(streamed())).text(), { code: 'upstream_stream_interrupted' })
  })
})

describe('a client that leaves', () => {
  test.each(MODELS)(
    '[gemini 4.10 step 7] [known-bug 73] in the middle of a stream of %s: the upstream is cancelled',
    async (model) => {
      const { gateway } = scripting({ stallAfter: 3 })
      const body = reading(await gateway.fetch(streamed(model)))
      await settle()
      expect(body.text).toContain('one')
      await body.cancel()
      await settle()
      expect(gateway.received[0]?.aborted).toBe(true)
      await gateway.idle()
      expect(gateway.settled).toMatchObject([{ finish: 'cancelled' }])
    },
  )

  test.each([
    ['before the headers', { latencyMs: 3_600_000 }],
    ['before the first event', { roleOnlyThenSilence: true }],
  ])('%s: the upstream is cancelled, and no other target is asked', async (_, script) => {
    const { gateway } = scripting(script, { config: ROUTE })
    const controller = new AbortController()
    const pending = gateway.fetch(streamed('both', { signal: controller.signal }))
    await settle()
    controller.abort()
    expect((await pending).status).toBe(499)
    await settle()
    expect(gateway.received.map(({ aborted }) => aborted)).toEqual([true])
  })

  test('while it waits behind comments: the upstream is cancelled', async () => {
    const { gateway, timers } = scripting({ roleOnlyThenSilence: true })
    const pending = gateway.fetch(streamed('o3'))
    await timers.advance(25_000)
    const body = reading(await pending)
    await settle()
    expect(body.text).toBe(KEEP_ALIVE)
    await body.cancel()
    await settle()
    expect(gateway.received.map(({ aborted }) => aborted)).toEqual([true])
    await gateway.idle()
    expect(gateway.settled).toHaveLength(1)
    await timers.advance(60_000)
  })

  test('T-05 that stays but does not read holds the upstream back, until the time is up', async () => {
    const timers = fakeTimers()
    let pulled = 0
    let gone = false
    const line = new TextEncoder().encode(
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(1_000) }, finish_reason: null }] })}\n\n`,
    )
    const gateway = bench({
      timers,
      upstream: (request) => {
        request.signal.addEventListener('abort', () => {
          gone = true
        })
        return new Response(
          new ReadableStream(
            {
              pull(controller) {
                pulled += line.length
                controller.enqueue(line)
              },
            },
            { highWaterMark: 0 },
          ),
          { headers: { 'content-type': 'text/event-stream' } },
        )
      },
    })
    const response = await gateway.fetch(streamed())
    await timers.advance(299_000)
    expect(pulled).toBeLessThan(1_048_576)
    expect(gone).toBe(false)
    await timers.advance(1_000)
    expect(gone).toBe(true)
    await response.body?.cancel()
  })
})

describe('25 s of silence', () => {
  const late = async (script: Script, options: Parameters<typeof scripting>[1] & { ask?: string } = {}) => {
    const { gateway, timers } = scripting(script, options)
    let answered = false
    const pending = gateway.fetch(streamed(options.ask ?? 'o3')).finally(() => {
      answered = true
    })
    await timers.advance(24_999)
    expect(answered).toBe(false)
    await timers.advance(1)
    const response = await pending
    const body = reading(response)
    await settle()
    return { gateway, timers, response, body }
  }

  test('[known-bug 68] [known-bug 71] commit the answer; comments follow every 10 s; then the stream comes as it is', async () => {
    const { gateway, timers, response, body } = await late({ firstEventMs: 47_000 })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expectMarked(response)
    expect(response.headers.get('x-gateway-model')).toBeNull()
    expect(body.text).toBe(KEEP_ALIVE)
    await timers.advance(9_999)
    expect(body.text).toBe(KEEP_ALIVE)
    await timers.advance(1)
    expect(body.text).toBe(KEEP_ALIVE.repeat(2))
    await timers.advance(12_000)
    expect(body.done).toBe(true)
    expect(body.text.startsWith(`${KEEP_ALIVE.repeat(3)}data: {`)).toBe(true)
    expect(body.text.slice(KEEP_ALIVE.length * 3)).not.toContain(KEEP_ALIVE)
    expect(contentOf(body.text)).toBe(TEXT)
    expect(dataOf(body.text).at(-1)).toBe('[DONE]')
    await gateway.idle()
    expect(gateway.settled).toMatchObject([{ finish: 'complete' }])
  })

  test('and then a failure: one error frame', async () => {
    const { gateway, timers, body } = await late({ latencyMs: 30_000, status: 503 })
    await timers.advance(5_000)
    expect(body.done).toBe(true)
    expect(body.text.startsWith(KEEP_ALIVE)).toBe(true)
    expectErrorFrame(body.text, { code: 'upstream_unavailable' })
    await gateway.idle()
    expect(gateway.settled).toMatchObject([{ finish: 'refused' }])
  })

  test('and then a refusal: one error frame that names the parameter', async () => {
    const { timers, body } = await late({ latencyMs: 30_000, error: 'context_length_exceeded' })
    await timers.advance(5_000)
    expect(JSON.parse(dataOf(body.text).at(-1) ?? '')).toMatchObject({
      error: { type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages' },
    })
    expect(body.text).not.toContain('[DONE]')
  })

  test('failover goes on behind the comments', async () => {
    const { gateway, timers, body } = await late(
      { latencyMs: 30_000, status: 503 },
      {
        model: 'o3',
        config: { routes: { smart: { targets: [{ model: 'o3' }, { model: 'gpt-4o-mini' }] } } },
        ask: 'smart',
      },
    )
    await timers.advance(5_000)
    expect(body.done).toBe(true)
    expect(dataOf(body.text).at(-1)).toBe('[DONE]')
    expect(gateway.received.map(({ model }) => model)).toEqual(['o3', 'gpt-4o-mini'])
  })

  test('and then the limit of the request: one error frame', async () => {
    const timers = fakeTimers()
    const { gateway } = scripting({ roleOnlyThenSilence: true }, { timers })
    const request = streamed('o3')
    request.headers.set('x-gateway-timeout-ms', '40000')
    const pending = gateway.fetch(request)
    await timers.advance(25_000)
    const body = reading(await pending)
    await timers.advance(15_000)
    expect(body.done).toBe(true)
    expectErrorFrame(body.text, { code: 'upstream_timeout' })
    expect(gateway.received[0]?.aborted).toBe(true)
  })

  test.each(['gpt-4o-mini', 'o3'])(
    '[known-bug 70] %s may go on for minutes; at its limit it ends in an error, never as if it were whole',
    async (model) => {
      // Each event costs the test real turns of the event loop: few of them, over minutes of the injected clock.
      const { gateway, timers } = scripting({ gapMs: 9_000, text: 'word '.repeat(100) })
      const pending = gateway.fetch(streamed(model))
      await timers.advance(10_000)
      const body = reading(await pending)
      await timers.advance(model === 'o3' ? 580_000 : 280_000)
      expect(contentOf(body.text).split(' ').length).toBeGreaterThan(model === 'o3' ? 60 : 30)
      expect(body.done).toBe(false)
      expect(body.text).not.toContain('"error"')
      await timers.advance(10_000)
      expect(body.done).toBe(true)
      expectErrorFrame(body.text, { code: 'upstream_timeout' })
    },
  )

  test('commit nothing that is not a stream', async () => {
    const { gateway, timers } = scripting({ latencyMs: 40_000 })
    let answered = false
    const pending = gateway.fetch(chat()).finally(() => {
      answered = true
    })
    await timers.advance(39_000)
    expect(answered).toBe(false)
    await timers.advance(1_000)
    const response = await pending
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.status).toBe(200)
  })

  test('in the middle of a stream: comments every 10 s, and the rest as it was', async () => {
    const { gateway, timers } = scripting({ gapMs: 18_000, text: 'one two' })
    const pending = gateway.fetch(streamed())
    await timers.advance(18_000)
    const body = reading(await pending)
    await timers.advance(72_000)
    expect(body.done).toBe(true)
    expect(contentOf(body.text)).toBe('one two')
    expect(dataOf(body.text).at(-1)).toBe('[DONE]')
    expect(body.text.split(KEEP_ALIVE).length - 1).toBe(5)
    expect(body.text.replaceAll(KEEP_ALIVE, '')).not.toContain('keep-alive')
  })
})

test('streams side by side never mix, whoever leaves', async () => {
  const gateway = bench()
  const texts = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const tag = `tag${i} `.repeat(20)
      const content = `Hi [[sim ${JSON.stringify({ text: tag, splitAt: [i, i * 7 + 1] })}]]`
      const response = await gateway.fetch(chat({ stream: true, messages: [{ role: 'user', content }] }))
      if (i % 3 === 0) {
        const reader = response.body!.getReader()
        await reader.read()
        await reader.cancel()
        return undefined
      }
      return { tag, text: contentOf(await response.text()) }
    }),
  )
  for (const each of texts) expect(each?.text).toBe(each?.tag)
})
