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

describe('an explanation of who is left out', () => {
  const PAIR: ConfigInput = {
    routes: { both: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1', priority: 1 }] } },
  }
  const SPENT = { status: 401, error: { message: 'no', code: 'invalid_api_key' } }
  /** Every request has failed so far, so that nobody is left to try. */
  async function inTrouble(answer: () => Response, variables = DEPLOYMENTS.gateway) {
    const timers = fakeTimers()
    const gateway = bench({ timers, config: PAIR, variables, upstream: answer })
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
    const gateway = await inTrouble(broken)
    let explained: Explained | undefined
    for (let i = 0; i < 20 && explained?.refused == null; i++)
      explained = await (await gateway.fetch(chat(explainPair, { path: '/v1/explain' }))).json<Explained>()
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
