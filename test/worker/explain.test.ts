import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import { pcm, wav } from '../../simulator/samples.ts'
import { bench, chat, DEPLOYMENTS, fakeTimers, GATEWAY, good, KEY_A } from './support.ts'

const ROUTES: ConfigInput = {
  routes: {
    turns: { strategy: 'round-robin', targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1' }] },
  },
}
const gatewayOf = () => bench({ timers: fakeTimers(), config: ROUTES })
const explain = (body: object = {}): Request => chat({ ...good(), ...body }, { path: '/v1/explain' })

describe('an explanation', () => {
  test('says what a lone target would cost', async () => {
    const answer = await (await gatewayOf().fetch(explain())).json<{ targets: unknown[] }>()
    expect(answer.targets).toEqual([
      expect.objectContaining({ estimated_cost_usd: expect.stringMatching(/^0\.000\d+$/) }),
    ])
  })

  test('takes nobody’s turn', async () => {
    const gateway = gatewayOf()
    let last: string | null = null
    for (let i = 0; i < 4; i++) {
      await gateway.fetch(explain({ model: 'turns' }))
      const { headers } = await gateway.fetch(chat({ ...good(), model: 'turns' }))
      const served = headers.get('x-gateway-model')
      expect(served).not.toBe(last)
      last = served
    }
  })
})

interface Explained {
  readonly decision: { readonly order: readonly object[]; readonly dropped: readonly object[] }
  readonly refused: { readonly code: string } | null
  readonly targets: readonly {
    readonly target: string
    readonly left_out?: string
    readonly url?: string
    readonly bodies: readonly Record<string, unknown>[]
  }[]
}

describe('an explanation of a request', () => {
  test('goes on from an earlier response as the request would', async () => {
    const gateway = bench({ variables: DEPLOYMENTS.tenants })
    const ask = (body: object, path = '/v1/responses') =>
      gateway.fetch(chat(JSON.stringify({ model: 'gemini-3.8-flash', ...body }), { path }))
    const { id } = await (await ask({ input: 'My name is Zoë.' })).json<{ id: string }>()
    await gateway.idle()
    const before = gateway.received.length
    const went = await ask({ input: 'And now?', previous_response_id: id }, '/v1/explain?path=/v1/responses')
    const { targets } = await went.json<Explained>()
    expect(JSON.stringify(targets[0]?.bodies)).toContain('My name is Zoë.')
    const lost = await ask({ input: '?', previous_response_id: 'resp_x' }, '/v1/explain?path=/v1/responses')
    expect(lost.status).toBe(400)
    expect(gateway.received.length).toBe(before)
  })

  test.each([
    ['whisper-1', { file: expect.stringMatching(/^\[\d+ bytes\]$/), model: 'whisper-1' }],
    ['gemini-2.5-flash', { contents: expect.anything() }],
  ])('takes an upload for %s, and does not send it back', async (model, body) => {
    const gateway = bench()
    const form = new FormData()
    form.set('file', new File([wav(pcm('otter '.repeat(500)))], 'o.wav', { type: 'audio/wav' }))
    form.set('model', model)
    const request = new Request(`${GATEWAY}/v1/explain?path=/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY_A}` },
      body: form,
    })
    const response = await gateway.fetch(request)
    const text = await response.text()
    expect(response.status).toBe(200)
    expect((JSON.parse(text) as Explained).targets[0]?.bodies[0]).toEqual(expect.objectContaining(body))
    expect(text.length).toBeLessThan(4_000)
    expect(gateway.received).toEqual([])
  })
})

describe('an explanation of a realtime session', () => {
  const TALK: ConfigInput = {
    routes: { talk: { targets: [{ model: 'gpt-realtime-2.1' }, { model: 'gpt-4o-mini', priority: 1 }] } },
  }
  const socket = (body: object, key: string | null = KEY_A) =>
    chat(JSON.stringify(body), { path: '/v1/explain?path=/v1/realtime', key })

  test('is the upgrade that would be sent, with the body in the place of the URL', async () => {
    const gateway = bench({ config: TALK })
    const answer = await gateway.fetch(socket({ model: 'talk' }))
    expect(answer.status).toBe(200)
    const { targets, refused, decision } = await answer.json<Explained>()
    expect(refused).toBeNull()
    expect(targets).toEqual([
      {
        target: 'openai/gpt-realtime-2.1',
        score: 0,
        method: 'GET',
        url: 'openai/realtime?model=gpt-realtime-2.1',
        headers: expect.objectContaining({ upgrade: 'websocket', authorization: 'Bearer [key]' }),
        bodies: [],
        adapted: [],
        estimated_cost_usd: null,
      },
      { target: 'openai/gpt-4o-mini', left_out: 'endpoint' },
    ])
    expect(decision.dropped).toHaveLength(1)
    expect(gateway.received).toEqual([])
  })

  test('is told what the session would be told', async () => {
    const gateway = bench({ config: TALK })
    const code = async (body: object, key?: string | null) => {
      const answer = await gateway.fetch(socket(body, key))
      return [answer.status, (await answer.json<{ error?: { param: unknown } }>()).error?.param]
    }
    expect(await code({})).toEqual([400, 'model'])
    expect(await code({ model: 7 })).toEqual([400, 'model'])
    expect(await code({ model: 'gpt-realtime-2.1', call_id: 'rtc_1' })).toEqual([403, 'call_id'])
    expect(await code({ model: 'talk' }, null)).toEqual([401, null])
    expect(await code({ model: 'no-such-model' })).toEqual([404, 'model'])
    const unfit = await (await gateway.fetch(socket({ model: 'gpt-4o-mini' }))).json<Explained>()
    expect(unfit.targets).toEqual([
      { target: 'openai/gpt-4o-mini', score: 0, refused: expect.objectContaining({ param: 'model' }) },
    ])
  })

  test('covers the offer of a call, as a form and alone', async () => {
    const gateway = bench({ config: TALK })
    const form = new FormData()
    form.set('sdp', 'v=0')
    form.set('session', JSON.stringify({ type: 'realtime', model: 'talk' }))
    const calls = (body: BodyInit, type?: string) =>
      gateway.fetch(
        new Request(`${GATEWAY}/v1/explain?path=/v1/realtime/calls`, {
          method: 'POST',
          headers: { authorization: `Bearer ${KEY_A}`, ...(type !== undefined && { 'content-type': type }) },
          body,
        }),
      )
    const { targets } = await (await calls(form)).json<Explained>()
    expect(targets[0]).toMatchObject({ method: 'POST', url: 'openai/realtime/calls' })
    const session = JSON.stringify({ type: 'realtime', model: 'gpt-realtime-2.1' })
    expect(targets[0]?.bodies).toEqual([{ sdp: 'v=0', session }])
    const alone = await (await calls('v=0', 'application/sdp')).json<Explained>()
    expect(alone.targets[0]?.bodies).toEqual(['v=0'])
    expect(gateway.received).toEqual([])
  })
})

describe('an explanation of who is left out', () => {
  const PAIR: ConfigInput = {
    routes: { both: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1', priority: 1 }] } },
  }
  const SPENT = { status: 401, error: { message: 'no', code: 'invalid_api_key' } }
  /** Every request has failed so far, so that nobody is left to try. */
  async function inTrouble(answer: () => Response, timers = fakeTimers()) {
    const gateway = bench({ timers, config: PAIR, upstream: answer })
    for (let i = 0; i < 40; i++) {
      await gateway.fetch(chat({ ...good(), model: i % 2 ? 'both' : 'gpt-4.1' }))
      await timers.advance(300)
      await gateway.idle()
    }
    return gateway
  }
  const broken = (): Response => Response.json({ error: { message: 'no' } }, { status: 503 })
  const explainPair = { ...good(), model: 'both' }

  test('lists each candidate with the reason, and what the caller would be told', async () => {
    const timers = fakeTimers()
    const gateway = await inTrouble(broken, timers)
    let explained: Explained | undefined
    // A panic may draw this request, and leave for a trial may lie unused until it lapses.
    for (let i = 0; i < 20 && explained?.refused == null; i++) {
      await timers.advance(300)
      explained = await (await gateway.fetch(chat(explainPair, { path: '/v1/explain' }))).json<Explained>()
    }
    expect(explained?.refused).toMatchObject({ code: 'upstream_unavailable' })
    expect(explained?.targets.map(({ target, left_out }) => [target, left_out])).toEqual([
      ['openai/gpt-4o-mini', 'open'],
      ['openai/gpt-4.1', 'open'],
    ])
    expect(explained?.targets[0]?.bodies).toHaveLength(1)
  })

  test('names the gate that is shut, and targets that can not do what is asked', async () => {
    const gateway = await inTrouble(() => Response.json({ error: SPENT.error }, { status: SPENT.status }))
    const answer = await gateway.fetch(chat(explainPair, { path: '/v1/explain' }))
    const { decision } = await answer.json<Explained>()
    expect(decision.dropped).toContainEqual({
      target: 'openai/gpt-4o-mini',
      credential: 'OPENAI_API_KEY',
      why: 'gate',
      detail: 'bad_credential',
    })
    const dear = await gateway.fetch(
      chat(explainPair, { path: '/v1/explain', headers: { 'x-gateway-max-cost': '0.0000001' } }),
    )
    const { refused, targets } = await dear.json<Explained>()
    expect(refused).toMatchObject({ message: expect.stringContaining('ceiling') })
    expect(targets).toEqual([
      { target: 'openai/gpt-4o-mini', left_out: 'price' },
      { target: 'openai/gpt-4.1', left_out: 'price' },
    ])
  })
})

describe('a ceiling on the cost', () => {
  const under = (usd: string): Request => chat(good(), { headers: { 'x-gateway-max-cost': usd } })

  test('lets a lone target serve that costs less', async () => {
    expect((await gatewayOf().fetch(under('1'))).status).toBe(200)
  })

  test('refuses one that costs more, before it is called', async () => {
    const gateway = gatewayOf()
    const response = await gateway.fetch(under('0.000001'))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('ceiling') } })
    expect(gateway.received).toEqual([])
  })
})

test('thousands of unknown fields are listed in a header that clients take', async () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`field_number_${i}`, 1]))
  const response = await bench().fetch(chat({ ...good(), model: 'gemini-2.5-flash', ...fields }))
  expect(response.status).toBe(200)
  const listed = response.headers.get('x-gateway-adapted') ?? ''
  expect(listed.length).toBeLessThan(2_100)
  expect(listed).toMatch(/^field_number_0=dropped, .*, and \d+ more$/)
})
