import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { HealthObject } from '../../src/health/ports.ts'
import type { Report } from '../../src/health/wire.ts'
import { type Bench, bench, type FakeTimers, fakeTimers, GATEWAY, KEY_A, settle } from './support.ts'

const CONFIG: ConfigInput = {
  routes: {
    talk: {
      strategy: 'weighted',
      targets: [{ model: 'gpt-realtime-2.1' }, { model: 'gpt-realtime-2.1-mini', priority: 1 }],
    },
    sticky: {
      strategy: 'weighted',
      sticky: true,
      targets: [{ model: 'gpt-realtime-2.1' }, { model: 'gpt-realtime-2.1-mini' }],
    },
    mixed: {
      strategy: 'weighted',
      targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-realtime-2.1-mini', priority: 1 }],
    },
  },
}
const FAULT = { error: { message: 'no', type: 'server_error', code: null, param: null } }
const refuse = (status: number): Response => Response.json(FAULT, { status })

/** An upstream that accepts: the other end of its socket goes to the test. */
function accept(ends: WebSocket[] = []): Response {
  const { 0: near, 1: far } = new WebSocketPair()
  far.accept()
  ends.push(far)
  return new Response(null, { status: 101, webSocket: near })
}

/** A gateway whose upstream answers by the model that it is asked for. */
function talking(
  answer: (this: void, model: string, request: Request) => Promise<Response> | Response,
  timers?: FakeTimers,
  reports?: Report[],
): Bench & { readonly asked: string[] } {
  const asked: string[] = []
  const upstream = (request: Request): Promise<Response> | Response => {
    const model = new URL(request.url).searchParams.get('model') ?? ''
    asked.push(model)
    return answer(model, request)
  }
  return {
    asked,
    ...bench({ config: CONFIG, upstream, ...(timers && { timers }), ...(reports && heard(reports)) }),
  }
}

/** Health, as far as it only listens. */
const heard = (reports: Report[]) => ({
  healthObject: (): HealthObject => ({
    report(report) {
      reports.push(report)
      return Promise.reject(new Error('away'))
    },
    snapshot: () => Promise.reject(new Error('away')),
    ensureTick: () => Promise.reject(new Error('away')),
  }),
})

const session = (model = 'talk', headers: Record<string, string> = {}, signal?: AbortSignal): Request =>
  new Request(`${GATEWAY}/v1/realtime?model=${model}`, {
    headers: { upgrade: 'websocket', authorization: `Bearer ${KEY_A}`, ...headers },
    ...(signal && { signal }),
  })
const errorOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { error: unknown }).error
const BIG = 'gpt-realtime-2.1'
const SMALL = 'gpt-realtime-2.1-mini'

/** Opens a session and hangs up, so that nothing is left open behind the test. */
async function visit(gateway: Bench, request: Request): Promise<Response> {
  const response = await gateway.fetch(request)
  response.webSocket?.accept()
  response.webSocket?.close(1000)
  return response
}

test('a call cannot be joined on the account of the deployment, whoever began it', async () => {
  const gateway = talking(() => accept())
  const response = await visit(gateway, session('talk&call_id=rtc_1'))
  expect(response.status).toBe(403)
  expect(await errorOf(response)).toMatchObject({ code: 'not_allowed', param: 'call_id' })
  expect(gateway.asked).toEqual([])
  await gateway.idle()
})

describe('[endpoint realtime routing] a session', () => {
  test('goes to the next target where the first fails, and its answer says so', async () => {
    const gateway = talking((model) => (model === BIG ? refuse(503) : accept()))
    const response = await visit(gateway, session('talk', { 'x-gateway-trace': 'true' }))
    expect(response.status).toBe(101)
    expect(gateway.asked).toEqual([BIG, SMALL])
    expect(response.headers.get('x-gateway-attempts')).toBe('2')
    expect(response.headers.get('x-gateway-model')).toBe(SMALL)
    const trace: unknown = JSON.parse(response.headers.get('x-gateway-trace') ?? '')
    expect(trace).toMatchObject({
      route: 'talk',
      tried: [{ failure: 'overloaded' }, { failure: null }],
    })
    await gateway.idle()
  })

  test('is tried three times at the most, and its end tells an SDK not to repeat it', async () => {
    const timers = fakeTimers()
    const gateway = talking(() => refuse(500), timers)
    const answer = gateway.fetch(session())
    await timers.advance(10_000)
    const response = await answer
    expect(response.status).toBe(502)
    expect(await errorOf(response)).toMatchObject({ code: 'upstream_error', type: 'server_error' })
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(gateway.asked).toEqual([BIG, BIG, SMALL])
    expect(gateway.settled).toMatchObject([{ finish: 'refused', attempts: [{}, {}, {}] }])
  })

  test('is told by the upstream what is wrong with it, and nobody else is asked', async () => {
    const error = { message: 'Bad.', type: 'invalid_request_error', code: 'invalid_value', param: 'x' }
    const gateway = talking(() => Response.json({ error }, { status: 400 }))
    const response = await gateway.fetch(session())
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toEqual(error)
    expect(gateway.asked).toEqual([BIG])
  })

  test('leaves out the targets that have no sessions', async () => {
    const gateway = talking(() => accept())
    expect((await visit(gateway, session('mixed'))).status).toBe(101)
    expect(gateway.asked).toEqual([SMALL])
    await gateway.idle()
  })

  test('stays at one target by its session where the route is sticky', async () => {
    const gateway = talking(() => accept())
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f'])
      for (let turn = 0; turn < 3; turn++)
        await visit(gateway, session('sticky', { 'x-gateway-session': id }))
    const bySession = Array.from({ length: 6 }, (_, i) => new Set(gateway.asked.slice(3 * i, 3 * i + 3)))
    expect(bySession.map(({ size }) => size)).toEqual([1, 1, 1, 1, 1, 1])
    expect(new Set(gateway.asked).size).toBe(2)
    await gateway.idle()
  })

  test('opens a breaker by failing, and the next session goes past it', async () => {
    const timers = fakeTimers()
    const gateway = talking((model) => (model === BIG ? refuse(503) : accept()), timers)
    for (let i = 0; i < 6; i++) await visit(gateway, session())
    expect(gateway.asked.filter((model) => model === BIG).length).toBeLessThan(6)
    expect(gateway.asked.at(-1)).toBe(SMALL)
    expect(gateway.asked.at(-2)).toBe(SMALL)
  })

  test('keeps a target open whose callers leave during the handshake', async () => {
    const timers = fakeTimers()
    const gateway = talking((_, request) => never(request.signal), timers)
    for (let i = 0; i < 6; i++) {
      const client = new AbortController()
      const answer = gateway.fetch(session('talk', {}, client.signal))
      await settle()
      client.abort()
      expect((await answer).status).toBe(499)
    }
    expect(gateway.asked).toEqual(Array.from({ length: 6 }, () => BIG))
    expect(gateway.settled.at(-1)).toMatchObject({ attempts: [{ failure: { kind: 'cancelled' } }] })
  })

  test('gives a silent target its time, and no more', async () => {
    const timers = fakeTimers()
    const gateway = talking((model, { signal }) => (model === BIG ? never(signal) : accept()), timers)
    const answer = visit(gateway, session())
    await timers.advance(20_000)
    expect((await answer).status).toBe(101)
    expect(gateway.asked).toEqual([BIG, SMALL])
  })

  test('ends at its deadline where nobody answers', async () => {
    const timers = fakeTimers()
    const gateway = talking((_, { signal }) => never(signal), timers)
    const answer = gateway.fetch(session('talk', { 'x-gateway-timeout-ms': '5000' }))
    await timers.advance(5_000)
    const response = await answer
    expect(response.status).toBe(504)
    expect(await errorOf(response)).toMatchObject({ code: 'upstream_timeout' })
  })
})

describe('[endpoint realtime end] the end of a session', () => {
  test.each([
    ['the caller hangs up', (client: WebSocket) => client.close(1000), 'complete', undefined],
    ['the upstream hangs up', (_: WebSocket, far: WebSocket) => far.close(1000), 'complete', undefined],
    [
      'the upstream falls over',
      (_: WebSocket, far: WebSocket) => far.close(1011, 'oops'),
      'cut-short',
      'upstream_stream_interrupted',
    ],
  ] as const)('%s', async (_, end, finish, code) => {
    const ends: WebSocket[] = []
    const gateway = talking(() => accept(ends))
    const { webSocket: client } = await gateway.fetch(session())
    client?.accept()
    if (client && ends[0]) end(client, ends[0])
    await gateway.idle()
    expect(gateway.settled).toMatchObject([{ finish }])
    expect(gateway.settled[0]?.error?.code).toBe(code)
  })

  test.each([
    ['breaks a session', (_: WebSocket, far: WebSocket) => far.close(1011), 1],
    ['ends one in order', (_: WebSocket, far: WebSocket) => far.close(1000), 0],
    ['is left by its caller', (client: WebSocket) => client.close(1000), 0],
  ] as const)('a target that %s: so health hears', async (_, end, failed) => {
    const ends: WebSocket[] = []
    const reports: Report[] = []
    const timers = fakeTimers()
    const gateway = talking(() => accept(ends), timers, reports)
    for (let i = 0; i < 2; i++) {
      const { webSocket: client } = await gateway.fetch(session())
      client?.accept()
      const far = ends.pop()
      if (client && far) end(client, far)
      await timers.advance(10_000)
    }
    const told = reports.find(({ deltas }) => deltas.length > 0)
    expect(told?.deltas).toMatchObject([{ target: `openai/${BIG}`, ok: 1, failed }])
    expect(told?.latency).toEqual({})
  })

  test('[known-bug 47] frames pass whole and uncompressed: what is metered is what was said', async () => {
    const ends: WebSocket[] = []
    let asked: Request | undefined
    const gateway = talking((_, request) => {
      asked = request
      return accept(ends)
    })
    const offered = { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' }
    const { webSocket: client, headers } = await gateway.fetch(session('talk', offered))
    client?.accept()
    const done = { type: 'response.done', response: { usage: { input_tokens: 7, output_tokens: 3 } } }
    ends[0]?.send(JSON.stringify(done))
    ends[0]?.close(1000)
    await gateway.idle()
    expect(asked?.headers.has('sec-websocket-extensions')).toBe(false)
    expect(headers.has('sec-websocket-extensions')).toBe(false)
    expect(gateway.settled[0]?.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 })
  })
})

test.each(['calls', 'client_secrets'])(
  'a session that names two models opens no %s of the other',
  async (what) => {
    const sent: string[] = []
    const gateway = bench({
      upstream: async (request) => {
        sent.push(await request.text())
        return refuse(400)
      },
    })
    const session = '{"type":"realtime","model":"gpt-realtime-2.1","model":"gpt-realtime-2.1-mini"}'
    const form = new FormData()
    form.set('sdp', 'v=0')
    form.set('session', session)
    const json = { 'content-type': 'application/json' }
    const response = await gateway.fetch(
      new Request(`${GATEWAY}/v1/realtime/${what}`, {
        method: 'POST',
        body: what === 'calls' ? form : `{"session":${session}}`,
        headers: { authorization: `Bearer ${KEY_A}`, ...(what === 'calls' ? {} : json) },
      }),
    )
    expect(response.status).toBe(400)
    expect(sent).toHaveLength(what === 'calls' ? 0 : 1)
    expect(sent.join('')).not.toContain('"gpt-realtime-2.1"')
  },
)

describe('[endpoint realtime calls] a call', () => {
  const call = (headers: Record<string, string> = {}): Request => {
    const form = new FormData()
    form.set('sdp', 'v=0\r\n')
    form.set('session', JSON.stringify({ type: 'realtime', model: 'talk' }))
    return new Request(`${GATEWAY}/v1/realtime/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY_A}`, ...headers },
      body: form,
    })
  }
  const created = (): Response => new Response('v=0 answer', { status: 201 })

  test('goes to the next target with the same offer, and is booked', async () => {
    const offers: string[] = []
    const gateway = talking(async (_, request) => {
      offers.push(await request.text())
      return offers.length === 1 ? refuse(503) : created()
    })
    const response = await gateway.fetch(call())
    expect(response.status).toBe(201)
    expect(await response.text()).toBe('v=0 answer')
    expect(offers).toHaveLength(2)
    expect(offers[0]).toContain(`"model":"${BIG}"`)
    expect(offers[1]).toContain(`"model":"${SMALL}"`)
    await gateway.idle()
    expect(gateway.settled).toMatchObject([
      { finish: 'complete', facts: { target: { model: SMALL } }, attempts: [{}, {}] },
    ])
  })

  test('ends at its deadline', async () => {
    const timers = fakeTimers()
    const gateway = talking((_, { signal }) => never(signal), timers)
    const answer = gateway.fetch(call({ 'x-gateway-timeout-ms': '5000' }))
    await timers.advance(5_000)
    const response = await answer
    expect(response.status).toBe(504)
    expect(await errorOf(response)).toMatchObject({ code: 'upstream_timeout' })
  })

  test('is refused where a 200 is no answer', async () => {
    const gateway = talking(() => new Response('hello'))
    const response = await gateway.fetch(call())
    expect(response.status).toBe(502)
    expect(await errorOf(response)).toMatchObject({ code: 'upstream_bad_response' })
  })
})

function never(signal: AbortSignal): Promise<Response> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
  })
}
