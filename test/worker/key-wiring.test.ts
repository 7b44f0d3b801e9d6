import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { createSimulator } from '../../simulator/index.ts'
import { chat, dataOf, GATEWAY, log } from './support.ts'
import { type Answer, deployment, GATEWAY_KEY, type Json, strangeKey, VARIABLES } from './key-bench.ts'

const error = ({ status, body }: Answer) => ({ status, ...body.error })
const sim = (script: object) => ({
  messages: [{ role: 'user', content: `Hi [[sim ${JSON.stringify(script)}]]` }],
})
const handshake = (key: string): Request =>
  new Request(`${GATEWAY}/v1/realtime?model=gpt-realtime-2.1`, {
    headers: { upgrade: 'websocket', authorization: `Bearer ${key}` },
  })
/** An upstream that accepts sessions, the other ends of which go to the test, and answers all else as the simulator. */
function talking(ends: WebSocket[]) {
  const simulator = createSimulator()
  return (request: Request): Promise<Response> => {
    if (!request.url.includes('realtime')) return simulator.fetch(request)
    const { 0: near, 1: far } = new WebSocketPair()
    far.accept()
    ends.push(far)
    return Promise.resolve(new Response(null, { status: 101, webSocket: near }))
  }
}
/** What a socket hears, and how it is closed. */
function listen(socket: WebSocket | null | undefined) {
  const heard: Json[] = []
  const closed = new Promise<readonly [code: number, reason: string]>((resolve) => {
    socket?.addEventListener('close', ({ code, reason }) => resolve([code, reason]))
  })
  socket?.addEventListener('message', ({ data }) => void heard.push(JSON.parse(String(data))))
  return { heard, closed }
}
const bodyOf = async (request: Request | undefined): Promise<Json> => request?.json()

describe('who calls', () => {
  test('a virtual key is served beside the gateway keys, and says what is left of its limits', async () => {
    const { ask, made, idle } = deployment().isolate()
    const { key } = await made({ limits: { requestsPerMinute: 60, tokensPerMinute: 1_000_000 } })
    const { status, headers } = await ask(key)
    expect(status).toBe(200)
    expect(headers.get('x-ratelimit-limit-requests')).toBe('60')
    expect(Number(headers.get('x-ratelimit-remaining-requests'))).toBeLessThan(60)
    expect(headers.get('x-ratelimit-limit-tokens')).toBe('1000000')
    const plain = await ask(GATEWAY_KEY)
    expect(plain.status).toBe(200)
    expect(plain.headers.has('x-ratelimit-limit-requests')).toBe(false)
    await idle()
  })

  test('A-04, A-05 a wrong secret, an unknown key, a malformed one and a wrong gateway key: the same bytes', async () => {
    const { ask, made } = deployment().isolate()
    const { id, key } = await made()
    const wrong = [strangeKey(id), strangeKey(), `${key.slice(0, -1)}!`, 'gw_', 'another-gateway-key']
    const answers = await Promise.all(wrong.map((each) => ask(each)))
    for (const { status } of answers) expect(status).toBe(401)
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })

  test('A-16 a revoked key is refused at once here, and elsewhere within ten seconds', async () => {
    const { isolate, skip } = deployment()
    const [here, elsewhere] = [isolate(), isolate()]
    const { key, id } = await here.made()
    expect([(await here.ask(key)).status, (await elsewhere.ask(key)).status]).toEqual([200, 200])
    await here.admin('POST', `/keys/${id}/revoke`)
    expect(error(await here.ask(key))).toMatchObject({ status: 401, code: 'invalid_api_key' })
    skip(10_000)
    expect((await elsewhere.ask(key)).status).toBe(401)
    await Promise.all([here.idle(), elsewhere.idle()])
  })

  test('a revoked key with a limit is refused everywhere as soon as its lease is asked for', async () => {
    const { isolate } = deployment()
    const [here, elsewhere] = [isolate(), isolate()]
    const { key, id } = await here.made({ limits: { concurrent: 1 } })
    await here.admin('POST', `/keys/${id}/revoke`)
    expect((await elsewhere.ask(key)).status).toBe(401)
    await here.idle()
  })

  test('A-20 from an address outside its list a key is refused', async () => {
    const { ask, made, admin, idle } = deployment().isolate()
    const { key } = await made({ scopes: { addresses: ['192.0.2.0/24', '2001:db8::/32'] } })
    const from = async (address: string) => {
      const { status, body } = await ask(key, {}, { 'cf-connecting-ip': address })
      return status === 200 ? status : `${status} ${body.error.code}`
    }
    expect([await from('192.0.2.9'), await from('2001:db8::9')]).toEqual([200, 200])
    expect([await from('192.0.3.9'), await from('::1')]).toEqual(['403 ip_not_allowed', '403 ip_not_allowed'])
    expect((await ask(key)).status).toBe(403) // nobody says where it comes from
    for (const block of ['192.0.2.0/33', 'anywhere'])
      expect((await admin('POST', '/keys', { name: 'k', scopes: { addresses: [block] } })).status).toBe(400)
    await idle()
  })

  test('an expired key is told so, a disabled one is not', async () => {
    const { ask, made, admin, idle } = deployment().isolate()
    const { key } = await made({ expiresAt: Date.now() - 1 })
    expect(error(await ask(key))).toMatchObject({ status: 401, message: 'This API key has expired.' })
    const other = await made()
    await admin('PATCH', `/keys/${other.id}`, { disabled: true })
    expect(error(await ask(other.key))).toMatchObject({ message: 'Incorrect API key provided.' })
    await admin('PATCH', `/keys/${other.id}`, { disabled: false })
    expect((await ask(other.key)).status).toBe(200)
    await idle()
  })

  test('while keys cannot be reached: 503 to who was never seen, the last copy to who was, marked stale', async () => {
    const { env } = await import('cloudflare:workers')
    let reachable = true
    const KEYS = {
      getByName: (name: string) =>
        reachable ? env.KEYS.getByName(name) : { sync: () => Promise.reject(new Error('away')) },
    } as unknown as typeof env.KEYS
    const { isolate, skip } = deployment({ keyBindings: { KEYS, KEY_INDEX: env.KEY_INDEX } })
    const [here, elsewhere] = [isolate(), isolate()]
    const { key } = await here.made()
    const fresh = await here.ask(key)
    expect([fresh.status, fresh.headers.get('x-gateway-key')]).toEqual([200, null])
    await here.idle()
    reachable = false
    skip(11_000)
    const stale = await here.ask(key)
    expect([stale.status, stale.headers.get('x-gateway-key')]).toEqual([200, 'stale'])
    expect(error(await elsewhere.ask(key))).toMatchObject({ status: 503, code: 'limiter_unavailable' })
    skip(15 * 60_000)
    expect((await here.ask(key)).status).toBe(503)
    reachable = true
    await Promise.all([here.idle(), elsewhere.idle()])
  })

  test('where nobody needs a key a virtual key means something nevertheless', async () => {
    const { ask, made, idle } = deployment({
      variables: { ...VARIABLES, GATEWAY_KEYS: undefined, ALLOW_ANONYMOUS: 'true' },
    }).isolate()
    const { key } = await made({ scopes: { models: ['gemini-*'] } })
    expect((await ask('anything')).status).toBe(200)
    expect((await ask(key)).status).toBe(404)
    expect((await ask(strangeKey())).status).toBe(401)
    await idle()
  })

  test('a deployment whose only keys are virtual answers nobody else', async () => {
    const { ask, made, idle } = deployment({ variables: { ...VARIABLES, GATEWAY_KEYS: undefined } }).isolate()
    const { key } = await made()
    expect([(await ask(key)).status, (await ask('anything')).status]).toEqual([200, 401])
    await idle()
  })

  test('tenants of virtual keys do not share names at the provider', async () => {
    const { isolate, received } = deployment()
    const { ask, made, idle } = isolate()
    const [a, b] = [await made({ tenant: 'a' }), await made({ tenant: 'b' })]
    for (const { key } of [a, b]) await ask(key, { user: 'alice' })
    const [first, second] = await Promise.all(received.map(bodyOf))
    expect(first.user).not.toBe('alice')
    expect(first.user).not.toBe(second.user)
    await idle()
  })
})

describe('scopes', () => {
  test('S-04 a model out of scope does not exist, byte for byte, whatever it is asked for by', async () => {
    const { ask, made, get, idle } = deployment({
      file: { routes: { fast: { targets: [{ model: 'gpt-4o-mini' }] } } },
    }).isolate()
    const { key } = await made({ scopes: { models: ['gemini-*'] } })
    const open = await made()
    expect((await ask(key, { model: 'gemini-2.5-flash' })).status).toBe(200)
    for (const model of ['gpt-4o-mini', 'openai/gpt-4o-mini', 'fast']) {
      const { status, text } = await ask(key, { model })
      expect(status).toBe(404)
      expect(text.replace(model, 'MODEL')).toBe(
        (await ask(open.key, { model: 'nobody-has-it' })).text.replace('nobody-has-it', 'MODEL'),
      )
    }
    const { body } = await get(key, '/v1/models')
    expect(
      body.data.map(({ id }: { id: string }) => id).every((id: string) => id.startsWith('gemini-')),
    ).toBe(true)
    expect((await get(key, '/v1/models/gpt-4o-mini')).status).toBe(404)
    await idle()
  })

  test('endpoints, strategies and overrides are for those who may', async () => {
    const { ask, made, send, idle } = deployment().isolate()
    const { key } = await made({ scopes: { endpoints: ['embeddings'] } })
    expect(error(await ask(key))).toMatchObject({ status: 403, code: 'not_allowed' })
    const embedded = await send(
      chat(
        { model: 'text-embedding-3-small', input: 'x', messages: undefined },
        { key, path: '/v1/embeddings' },
      ),
    )
    expect(embedded.status).toBe(200)
    const other = await made({ scopes: { strategies: ['cost'] } })
    expect((await ask(other.key, {}, { 'x-gateway-strategy': 'cost' })).status).toBe(200)
    expect(error(await ask(other.key, {}, { 'x-gateway-strategy': 'latency' }))).toMatchObject({
      status: 403,
      param: 'x-gateway-strategy',
    })
    expect((await ask(other.key, {}, { 'x-gateway-lifecycle': 'follow' })).status).toBe(403)
    await idle()
  })

  test('explaining is bound by the same scopes', async () => {
    const { send, made } = deployment().isolate()
    const { key } = await made({ scopes: { models: ['gemini-*'] } })
    expect((await send(chat({}, { key, path: '/v1/explain' }))).status).toBe(404)
  })
})

describe('limits and budgets', () => {
  test('B-01 two hundred requests at once on a budget for few: the budget holds, and no slot stays taken', async () => {
    const { ask, made, usage } = deployment().isolate()
    const { key, id } = await made({ budgets: { total: 0.01 }, limits: { maxOutputTokens: 1_500 } })
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(key)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(100)
    for (const each of refused) {
      expect(error(each)).toMatchObject({
        status: 429,
        code: 'insufficient_quota',
        type: 'insufficient_quota',
      })
      expect(each.headers.get('x-should-retry')).toBe('false')
    }
    const { budgets, concurrent, overrunUsd } = await usage(id)
    expect(budgets.total.spentUsd).toBeLessThanOrEqual(0.01)
    expect([budgets.total.heldUsd, concurrent.running, overrunUsd]).toEqual([0, 0, 0])
  })

  test('B-04 a request that can never fit into a minute is told so', async () => {
    const { ask, made } = deployment().isolate()
    const { key } = await made({ limits: { tokensPerMinute: 100 } })
    const answer = await ask(key, { max_completion_tokens: 1_000 })
    expect(error(answer)).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'tokens' })
    expect(answer.body.error.message).toContain('never fit')
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(answer.headers.get('x-ratelimit-limit-tokens')).toBe('100')
  })

  test('requests per minute: the one too many waits', async () => {
    const { ask, made, idle } = deployment().isolate()
    const { key } = await made({ limits: { requestsPerMinute: 3 } })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await ask(key)).status)
    expect(statuses).toEqual([200, 200, 200])
    const fourth = await ask(key)
    expect(error(fourth)).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' })
    expect(Number(fourth.headers.get('retry-after'))).toBeGreaterThan(0)
    await idle()
  })

  test('B-05 a hundred streams left after their first event are settled once each, and hold nothing', async () => {
    const { open, made, usage } = deployment().isolate()
    const { key, id } = await made({ budgets: { total: 100 }, limits: { maxOutputTokens: 100 } })
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const { body } = await open(chat({ stream: true, ...sim({ gapMs: 20 }) }, { key }))
        const reader = body?.getReader()
        await reader?.read()
        await reader?.cancel()
      }),
    )
    const { budgets, concurrent } = await usage(id)
    expect([budgets.total.heldUsd, concurrent.running]).toEqual([0, 0])
    expect(budgets.total.spentUsd).toBeGreaterThan(0)
    expect(budgets.total.spentUsd).toBeLessThan(0.1)
  })

  test('a model in a form cannot be another than the key is for, whatever a header says', async () => {
    const { send, made, idle } = deployment({
      fetch: async (request) =>
        Response.json({ text: (await request.text()).includes('gpt-4o-transcribe') ? 'other' : 'own' }),
    }).isolate()
    const { key } = await made({ scopes: { models: ['whisper-1'] } })
    const form = new FormData()
    form.append('model', 'gpt-4o-transcribe')
    form.append('file', new Blob(['RIFF....WAVEfmt '], { type: 'audio/wav' }), 'a.wav')
    const { headers, body } = new Response(form)
    const bytes = await new Response(body).arrayBuffer()
    const { status, text } = await send(
      new Request(`${GATEWAY}/v1/audio/transcriptions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': headers.get('content-type') ?? '',
          'content-length': String(bytes.byteLength),
          'x-gateway-model': 'whisper-1',
        },
        body: bytes,
      }),
    )
    expect([status, text.includes('own')]).toEqual([200, true])
    await idle()
  })

  test('a dollar is enough for a picture, which costs what it cost', async () => {
    const { send, made, usage } = deployment().isolate()
    const { key, id } = await made({ budgets: { total: 1 } })
    const { status, headers } = await send(
      new Request(`${GATEWAY}/v1/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: '{"model":"gpt-image-2","prompt":"A lighthouse"}',
      }),
    )
    expect(status).toBe(200)
    const { spentUsd, heldUsd } = (await usage(id)).budgets.total
    expect([spentUsd > 0, heldUsd]).toEqual([true, 0])
    expect(spentUsd).toBeCloseTo(Number(headers.get('x-gateway-cost')), 9)
  })

  test('an account that serves everything at priority has that set aside, and charged as served', async () => {
    const file = { providers: { openai: { serviceTier: 'priority' } } }
    const budget = { budgets: { total: 0.008 }, limits: { maxOutputTokens: 500 } }
    for (const [parts, statuses] of [
      [{}, [200, 200]],
      [{ file }, [429, 200]],
    ] as const) {
      const { ask, made, idle } = deployment(parts).isolate()
      const { key } = await made(budget)
      const model = 'gpt-4o'
      const asked = [await ask(key, { model }), await ask(key, { model, service_tier: 'default' })]
      expect(asked.map(({ status }) => status)).toEqual(statuses)
      await idle()
    }
  })

  test('a tier of which nobody knows the price is not for keys with a budget', async () => {
    const { ask, made, idle } = deployment().isolate()
    const { key } = await made({ budgets: { total: 1_000 } })
    expect(error(await ask(key, { service_tier: 'ultrafast' }))).toMatchObject({ status: 403 })
    await idle()
  })

  test('a cap on answers is no bound where it cannot be sent', async () => {
    const { send, made, idle } = deployment().isolate()
    const { key } = await made({ budgets: { total: 0.05 }, limits: { maxOutputTokens: 100 } })
    const { status, body } = await send(
      new Request(`${GATEWAY}/v1/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: '{"model":"gpt-image-2","prompt":"A lighthouse"}',
      }),
    )
    expect([status, body.error.code]).toEqual([429, 'insufficient_quota'])
    await idle()
  })

  test('a key for certain models opens no session whose model its events choose', async () => {
    const { send, made, idle } = deployment().isolate()
    const { key } = await made({ scopes: { models: ['gpt-realtime*'] } })
    const { status, body } = await send(
      new Request(`${GATEWAY}/v1/realtime?intent=transcription&model=gpt-realtime-2.1`, {
        headers: { upgrade: 'websocket', authorization: `Bearer ${key}` },
      }),
    )
    expect([status, body.error]).toMatchObject([403, { code: 'not_allowed', param: 'intent' }])
    await idle()
  })

  test('what the operator says of a key stands before what a request says of itself', async () => {
    const tags = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`a${i}`, 'x']))
    const points: { readonly blobs: readonly string[] }[] = []
    const { ask, made, idle } = deployment({
      ledgerObject: (name) => env.LEDGER.getByName(name),
      writePoint: (point) => void points.push(point),
    }).isolate()
    const { key } = await made({ scopes: { metadata: { team: 'red' } } })
    const header = Object.entries({ team: 'blue', ...tags })
      .map((each) => each.join('='))
      .join(',')
    expect((await ask(key, {}, { 'x-gateway-tags': header })).status).toBe(200)
    await idle()
    expect(points[0]?.blobs[7]?.split(',')).toContain('team=red')
  })

  test.each([
    { model: 'gpt-4o-mini', least: 0, most: 0.00005 },
    { model: 'o3-mini', least: 0.04, most: 0.05 },
  ])(
    'a stream of $model that is left is charged what had passed, or all that nobody could see',
    async ({ model, least, most }) => {
      const { open, made, usage } = deployment().isolate()
      const { key, id } = await made({ budgets: { total: 1 } })
      const request = { model, max_completion_tokens: 10_000, stream: true, ...sim({ gapMs: 20 }) }
      const { body } = await open(chat(request, { key }))
      const reader = body?.getReader()
      await reader?.read()
      await reader?.cancel()
      const { heldUsd, spentUsd } = (await usage(id)).budgets.total
      expect(heldUsd).toBe(0)
      expect(spentUsd).toBeGreaterThan(least)
      expect(spentUsd).toBeLessThan(most)
    },
  )

  const ODD: readonly (readonly [string, unknown])[] = [
    ['negative', { prompt_tokens: -5, completion_tokens: 3, total_tokens: -2 }],
    ['text', { prompt_tokens: 'many', completion_tokens: 'few', total_tokens: 'lots' }],
    ['half', { prompt_tokens: 5, completion_tokens: -3, total_tokens: 2 }],
    ['nothing', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
  ]
  const answering = (model: string, content: string, reported: unknown) => ({
    ledgerObject: (name: string) => env.LEDGER.getByName(name),
    fetch: () =>
      Promise.resolve(
        Response.json({
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1,
          model,
          choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
          usage: reported,
        }),
      ),
  })
  test.each(ODD)(
    'B-07 usage that is %s is settled by our own count, dearer than it was, and the log says so',
    async (_, reported) => {
      const { ask, made, usage } = deployment(answering('gpt-4o-mini', 'x'.repeat(4_000), reported)).isolate()
      const { key, id } = await made({ budgets: { total: 1 }, limits: { maxOutputTokens: 10_000 } })
      expect((await ask(key)).status).toBe(200)
      const { budgets } = await usage(id)
      expect(budgets.total.heldUsd).toBe(0)
      // 1,000 tokens at $0.60 a million, and a quarter more; the worst case would be ten times as much.
      expect(budgets.total.spentUsd).toBeGreaterThan(0.0006)
      expect(budgets.total.spentUsd).toBeLessThan(0.0012)
      expect(log()).toMatch(/did not say what (it|they) used.*openai\/gpt-4o-mini/)
    },
  )

  test.each(ODD)(
    'B-07 usage that is %s is charged as the worst case where more than text is made',
    async (_, reported) => {
      const { ask, made, usage } = deployment(answering('o3-mini', 'Hi', reported)).isolate()
      const { key, id } = await made({ budgets: { total: 1 }, limits: { maxOutputTokens: 1_000 } })
      expect((await ask(key, { model: 'o3-mini' })).status).toBe(200)
      expect((await usage(id)).budgets.total.spentUsd).toBeGreaterThan(0.0044)
    },
  )

  test('B-02 a budget that is used up does not stand before what is kept already, which costs nothing', async () => {
    const { ask, made, usage } = deployment().isolate()
    const { key, id } = await made({ budgets: { total: 0.0001 }, limits: { maxOutputTokens: 100 } })
    const cached = { 'x-gateway-cache': 'on' }
    expect((await ask(key, {}, cached)).status).toBe(200)
    const { spentUsd } = (await usage(id)).budgets.total
    expect(
      error(await ask(key, { max_tokens: 90, messages: [{ role: 'user', content: 'x'.repeat(2_000) }] })),
    ).toMatchObject({
      status: 429,
    })
    const kept = await ask(key, {}, cached)
    expect([kept.status, kept.headers.get('x-gateway-cache')]).toEqual([200, 'hit'])
    expect((await usage(id)).budgets.total.spentUsd).toBe(spentUsd)
  })

  test('what an answer cost is what is spent, streamed or not, to the nanodollar', async () => {
    const { ask, made, usage } = deployment().isolate()
    const { key, id } = await made({ budgets: { day: 1 } })
    const { headers } = await ask(key)
    const costUsd = Number(headers.get('x-gateway-cost'))
    expect(costUsd).toBeGreaterThan(0)
    expect((await usage(id)).budgets.day.spentUsd).toBeCloseTo(costUsd, 9)
    const { text } = await ask(key, { stream: true })
    expect(dataOf(text).at(-1)).toBe('[DONE]')
    expect((await usage(id)).budgets.day.spentUsd).toBeCloseTo(2 * costUsd, 6)
  })

  test('what the provider refuses costs nothing and gives back what was set aside', async () => {
    const { ask, made, usage } = deployment().isolate()
    const { key, id } = await made({ budgets: { day: 1 }, limits: { concurrent: 1 } })
    expect((await ask(key, sim({ status: 400 }))).status).toBe(400)
    expect((await ask(key)).status).toBe(200)
    expect(await usage(id)).toMatchObject({ concurrent: { running: 0 }, unsettledUsd: 0 })
  })

  test('a model whose price nobody knows is not for keys with a budget', async () => {
    const { ask, made, idle } = deployment().isolate()
    const { key } = await made({ budgets: { day: 1 } })
    expect(error(await ask(key, { model: 'gpt-99-experimental' }))).toMatchObject({
      status: 403,
      code: 'not_allowed',
    })
    const free = await made()
    expect((await ask(free.key, { model: 'gpt-99-experimental' })).status).not.toBe(403)
    await idle()
  })

  test('a tool that the provider runs at prices of its own is not for keys with a budget', async () => {
    const { send, made } = deployment().isolate()
    const { key } = await made({ budgets: { day: 1 } })
    const body = {
      model: 'gpt-4o-mini',
      input: 'x',
      messages: undefined,
      tools: [{ type: 'image_generation' }],
    }
    expect(error(await send(chat(body, { key, path: '/v1/responses' })))).toMatchObject({ status: 403 })
  })

  test('sessions and secrets past the gateway are not for keys with a budget, nor out of scope for any', async () => {
    const { send, made, received } = (({ isolate, received }) => ({ received, ...isolate() }))(deployment())
    const session = (key: string) => send(handshake(key))
    const secret = (key: string) =>
      send(
        chat(
          { session: { type: 'realtime', model: 'gpt-realtime' }, model: undefined, messages: undefined },
          { key, path: '/v1/realtime/client_secrets' },
        ),
      )
    const [rich, fast, scoped] = [
      await made({ budgets: { day: 1_000 } }),
      await made({ limits: { tokensPerMinute: 1_000_000 } }),
      await made({ scopes: { models: ['gemini-*'] } }),
    ]
    for (const opened of [await session(rich.key), await secret(rich.key), await session(fast.key)])
      expect(error(opened)).toMatchObject({ status: 403, code: 'not_allowed' })
    for (const opened of [await session(scoped.key), await secret(scoped.key)])
      expect(error(opened)).toMatchObject({ status: 404, code: 'model_not_found' })
    expect(received).toEqual([])
  })

  test('[endpoint realtime usage] a session counts as a request and as concurrent until it ends, and its tokens with it', async () => {
    const ends: WebSocket[] = []
    const { isolate } = deployment({ fetch: talking(ends) })
    const { open, send, ask, made, usage } = isolate()
    const { key, id } = await made({ limits: { concurrent: 1, requestsPerMinute: 60 } })
    const session = await open(handshake(key))
    expect([session.status, session.headers.get('x-ratelimit-limit-requests')]).toEqual([101, '60'])
    session.webSocket?.accept()
    for (const refused of [await ask(key), await send(handshake(key))])
      expect(error(refused)).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
    const response = { usage: { input_tokens: 700, output_tokens: 80 } }
    ends[0]?.send(JSON.stringify({ type: 'response.done', response }))
    ends[0]?.close(1000)
    expect(await usage(id)).toMatchObject({
      requests: { remaining: 59 },
      concurrent: { running: 0 },
      budgets: { total: { spentUsd: 0.00472, heldUsd: 0 } },
    })
    expect((await ask(key)).status).toBe(200)
    expect(ends).toHaveLength(1)
  })

  test('A-16 a session of a key that is revoked elsewhere ends within ten seconds, with the next event that passes', async () => {
    const ends: WebSocket[] = []
    const { isolate, skip } = deployment({ fetch: talking(ends) })
    const [here, elsewhere] = [isolate(), isolate()]
    const { key, id } = await here.made()
    const { webSocket: client } = await elsewhere.open(handshake(key))
    client?.accept()
    const [caller, upstream] = [listen(client), listen(ends[0])]
    client?.send('{"type":"input_audio_buffer.append"}')
    await expect.poll(() => upstream.heard.length).toBe(1)
    await here.admin('POST', `/keys/${id}/revoke`)
    skip(10_000)
    client?.send('{"type":"response.create"}')
    expect(await caller.closed).toEqual([1008, 'Incorrect API key provided.'])
    expect(caller.heard).toMatchObject([{ type: 'error', error: { code: 'invalid_api_key' } }])
    expect((await upstream.closed)[0]).toBe(1000)
    await Promise.all([here.idle(), elsewhere.idle()])
  })

  test('W-08 an event that asks for a model out of scope goes no further, however it is spelled', async () => {
    const ends: WebSocket[] = []
    const { open, made, idle } = deployment({ fetch: talking(ends) }).isolate()
    const { key } = await made({ scopes: { models: ['gpt-realtime-2.1'] } })
    const { webSocket: client } = await open(handshake(key))
    client?.accept()
    const [caller, upstream] = [listen(client), listen(ends[0])]
    const update = (model: string) => JSON.stringify({ type: 'session.update', session: { model } })
    const dearer = update('gpt-realtime-2')
    client?.send(dearer)
    client?.send(dearer.replace('model', '\\u006dodel'))
    client?.send(new TextEncoder().encode(dearer))
    client?.send(update('gpt-realtime-2.1'))
    await expect.poll(() => [upstream.heard.length, caller.heard.length]).toEqual([1, 3])
    expect(upstream.heard).toMatchObject([{ session: { model: 'gpt-realtime-2.1' } }])
    for (const event of caller.heard)
      expect(event).toMatchObject({ type: 'error', error: { code: 'model_not_found', param: 'model' } })
    client?.close(1000)
    await idle()
  })

  test('W-02 a revoked key is none as a protocol either, nor is one out of its scope', async () => {
    const { send, made, admin, received } = (({ isolate, received }) => ({ received, ...isolate() }))(
      deployment(),
    )
    const offering = (key: string) =>
      send(
        new Request(`${GATEWAY}/v1/realtime?model=gpt-realtime-2.1`, {
          headers: {
            upgrade: 'websocket',
            'sec-websocket-protocol': `realtime, openai-insecure-api-key.${key}`,
          },
        }),
      )
    const { key, id } = await made()
    await admin('POST', `/keys/${id}/revoke`)
    const { key: scoped } = await made({ scopes: { endpoints: ['chat'] } })
    expect(error(await offering(key))).toMatchObject({ status: 401, code: 'invalid_api_key' })
    expect(error(await offering(scoped))).toMatchObject({ status: 403, code: 'not_allowed' })
    expect(received).toEqual([])
  })

  test.each([
    ['gpt-4o-mini', (body: Json) => body.max_completion_tokens],
    ['gemini-2.5-flash', (body: Json) => body.generationConfig.maxOutputTokens],
  ])('the cap of a key goes to %s unless the caller asks for less', async (model, capIn) => {
    const { isolate, received } = deployment()
    const { ask, made, idle } = isolate()
    const { key } = await made({ limits: { maxOutputTokens: 500 } })
    const none = await ask(key, { model })
    expect(none.headers.get('x-gateway-adapted')).toContain('max_completion_tokens=capped')
    await ask(key, { model, max_completion_tokens: 9_000 })
    const less = await ask(key, { model, max_completion_tokens: 50 })
    expect(less.headers.get('x-gateway-adapted') ?? '').not.toContain('capped')
    expect((await Promise.all(received.map(bodyOf))).map(capIn)).toEqual([500, 500, 50])
    await idle()
  })

  test('a key reads its own limits, budget and use; others have none', async () => {
    const { ask, get, made, idle } = deployment().isolate()
    const { key, id } = await made({ name: 'mine', budgets: { total: 2 }, limits: { requestsPerMinute: 9 } })
    await ask(key)
    await idle()
    expect((await get(key, '/v1/usage/key')).body).toMatchObject({
      id,
      name: 'mine',
      requests: { limit: 9 },
      budgets: { total: { limitUsd: 2, spentUsd: expect.any(Number) } },
    })
    expect(error(await get(GATEWAY_KEY, '/v1/usage/key'))).toMatchObject({
      status: 404,
      code: 'key_not_found',
    })
  })
})

describe('key modes', () => {
  const hybrid = { keyMode: 'hybrid' }
  const sentKeys = (received: readonly Request[]) =>
    received.map(({ headers }) => headers.get('authorization') ?? headers.get('x-goog-api-key'))

  test('hybrid: a key that the request brings is used for its provider, and for no other', async () => {
    const { isolate, received } = deployment({ file: hybrid })
    const { ask, made, usage } = isolate()
    const { key, id } = await made({ budgets: { total: 1 } })
    const own = { 'x-gateway-provider-key': 'openai:sk-own-canary' }
    expect((await ask(key, {}, own)).status).toBe(200)
    expect((await ask(key, { model: 'gemini-2.5-flash' }, own)).status).toBe(200)
    expect((await ask(GATEWAY_KEY, {}, { 'x-openai-api-key': 'sk-own-canary' })).status).toBe(200)
    expect(
      (await ask(GATEWAY_KEY, { model: 'gemini-2.5-flash' }, { 'x-goog-api-key': 'AIzaOwn' })).status,
    ).toBe(200)
    expect((await ask(GATEWAY_KEY)).status).toBe(200)
    expect(sentKeys(received)).toEqual([
      'Bearer sk-own-canary',
      'AIzaSimulator',
      'Bearer sk-own-canary',
      'AIzaOwn',
      'Bearer sk-simulator',
    ])
    expect(JSON.stringify(received.map(({ headers }) => [...headers]))).not.toContain(
      'x-gateway-provider-key',
    )
    const { budgets } = await usage(id)
    expect(budgets.total.spentUsd).toBeGreaterThan(0) // by the second request alone
    expect(budgets.total.heldUsd).toBe(0)
  })

  test("what a caller's own provider key pays for is not taken from the budget", async () => {
    const { ask, made, usage } = deployment({ file: hybrid }).isolate()
    const { key, id } = await made({ budgets: { total: 1 } })
    expect((await ask(key, {}, { 'x-openai-api-key': 'sk-own' })).status).toBe(200)
    expect((await usage(id)).budgets.total.spentUsd).toBe(0)
  })

  test('hybrid without a caller that is known: nobody', async () => {
    const { ask } = deployment({ file: hybrid }).isolate()
    expect((await ask('sk-own', {}, { 'x-openai-api-key': 'sk-own' })).status).toBe(401)
  })

  test('gateway: what a request brings is not looked at', async () => {
    const { isolate, received } = deployment()
    const { ask } = isolate()
    for (const headers of [{ 'x-openai-api-key': 'sk-own' }, { 'x-gateway-provider-key': 'nonsense' }])
      expect((await ask(GATEWAY_KEY, {}, headers)).status).toBe(200)
    expect(new Set(sentKeys(received))).toEqual(new Set(['Bearer sk-simulator']))
  })

  test("client: the deployment's keys are never used, whatever it holds", async () => {
    const { isolate, received } = deployment({ file: { keyMode: 'client' } })
    const { ask, send } = isolate()
    expect((await ask('sk-theirs')).status).toBe(200)
    expect((await send(chat({}, { key: null, headers: { 'x-openai-api-key': 'sk-named' } }))).status).toBe(
      200,
    )
    expect(
      (
        await send(
          chat({ model: 'gemini-2.5-flash' }, { key: null, headers: { 'x-openai-api-key': 'sk-named' } }),
        )
      ).status,
    ).toBe(401)
    expect((await send(chat({}, { key: null }))).status).toBe(401)
    expect(sentKeys(received)).toEqual(['Bearer sk-theirs', 'Bearer sk-named'])
  })

  test('one provider may be for callers with keys of their own', async () => {
    const { isolate, received } = deployment({ file: { providers: { gemini: { keyMode: 'client' } } } })
    const { ask } = isolate()
    expect((await ask(GATEWAY_KEY, {}, { 'x-openai-api-key': 'sk-own' })).status).toBe(200)
    expect(error(await ask(GATEWAY_KEY, { model: 'gemini-2.5-flash' }))).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    expect(
      (await ask(GATEWAY_KEY, { model: 'gemini-2.5-flash' }, { 'x-goog-api-key': 'AIzaOwn' })).status,
    ).toBe(200)
    expect(sentKeys(received)).toEqual(['Bearer sk-simulator', 'AIzaOwn'])
  })

  test("a route does not fall over to the deployment's key of a provider that is for callers' own", async () => {
    const { isolate, received } = deployment({
      file: {
        providers: { gemini: { keyMode: 'client' } },
        routes: { fast: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gemini-2.5-flash', priority: 1 }] } },
      },
      fetch: (request) => {
        received.push(request.clone())
        return Promise.resolve(new Response('{}', { status: 500 }))
      },
    })
    expect((await isolate().ask(GATEWAY_KEY, { model: 'fast' })).status).toBeGreaterThanOrEqual(500)
    expect(new Set(received.map(({ url }) => new URL(url).host))).toEqual(new Set(['openai.upstream.test']))
  })

  test('a header that cannot be read is refused, without a word of what it said', async () => {
    const { ask } = deployment({ file: hybrid }).isolate()
    const answer = await ask(GATEWAY_KEY, {}, { 'x-gateway-provider-key': 'sk-canary-without-provider' })
    expect(error(answer)).toMatchObject({
      status: 400,
      code: 'invalid_header',
      param: 'x-gateway-provider-key',
    })
    expect(answer.text).not.toContain('canary')
  })
})
