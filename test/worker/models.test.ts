import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import {
  bench,
  type Body,
  chat,
  DEPLOYMENTS,
  expectMarked,
  expectRefusal,
  fakeTimers,
  get,
  good,
  type Variables,
} from './support.ts'

const NEW_YEAR_2027 = Date.UTC(2027, 0, 1)

/** The ids of issue 2 that must be accepted and listed. */
const LISTED =
  'gpt-4o gpt-4o-audio gpt-4o-realtime gpt-4o-search-preview gpt-4o-transcribe gpt-4o-mini gpt-4o-mini-audio gpt-4o-mini-realtime gpt-4o-mini-search-preview gpt-4o-mini-transcribe gpt-4o-mini-tts gpt-4-turbo gpt-4.1 gpt-4 o3 o3-pro o3-mini o3-deep-research o4-mini o4-mini-deep-research o1-preview o1-mini whisper-1 gemini-2.5-pro gemini-2.5-flash gemini-2.0-flash'.split(
    ' ',
  )

async function sentFor(body: Body, headers: Record<string, string> = {}) {
  const gateway = bench()
  const response = await gateway.fetch(chat({ ...good(), ...body }, { headers }))
  const [seen] = gateway.received
  return {
    response,
    body: seen?.body,
    json: seen?.json as Record<string, unknown> | undefined,
    adapted: response.headers.get('x-gateway-adapted'),
  }
}

describe('the list of models', () => {
  test('holds every promised id, once', async () => {
    const gateway = bench()
    const response = await gateway.fetch(get('/v1/models'))
    expectMarked(response)
    const { object, data } = (await response.json()) as { object: string; data: { id: string }[] }
    const ids = data.map(({ id }) => id)
    expect(object).toBe('list')
    expect(ids).toEqual(expect.arrayContaining(LISTED))
    expect(new Set(ids).size).toBe(ids.length)
    expect(gateway.received).toEqual([])
  })

  test.each(LISTED)('describes %s', async (id) => {
    const response = await bench().fetch(get(`/v1/models/${id}`))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id, object: 'model', created: expect.any(Number) })
  })

  test.each(['no-such-model', 'gpt-99', '../keys', 'gpt-4o%00', 'a'.repeat(500)])(
    'knows nothing of %s',
    async (id) => {
      const gateway = bench()
      const response = await gateway.fetch(get(`/v1/models/${encodeURIComponent(decodeURIComponent(id))}`))
      expect(response.status).toBe(404)
      expect(((await response.json()) as { error: { type: string } }).error.type).toBe(
        'invalid_request_error',
      )
    },
  )

  test('finds an id with a provider before it, the slash encoded or not', async () => {
    for (const path of ['/v1/models/openai/gpt-4o', '/v1/models/google/gemini-2.5-flash'])
      expect((await bench().fetch(get(path))).status).toBe(200)
  })

  test('names routes of the configuration', async () => {
    const gateway = bench({ config: { routes: { fast: { targets: [{ model: 'gpt-4o-mini' }] } } } })
    const { data } = (await (await gateway.fetch(get('/v1/models'))).json()) as { data: { id: string }[] }
    expect(data[0]).toMatchObject({ id: 'fast', owned_by: 'gateway' })
    expect((await gateway.fetch(get('/v1/models/fast'))).status).toBe(200)
  })
})

describe('a model is sent by the id that the provider knows', () => {
  test.each([
    ['gpt-4o-audio', 'gpt-4o-audio-preview'],
    ['gpt-4o-mini-audio', 'gpt-4o-mini-audio-preview'],
    ['gpt-4o-audio-preview', 'gpt-4o-audio-preview'],
    ['openai/gpt-4o', 'gpt-4o'],
    ['gpt-4o', 'gpt-4o'],
    ['gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'],
    ['ft:gpt-4o-mini-2024-07-18:acme::9abc', 'ft:gpt-4o-mini-2024-07-18:acme::9abc'],
  ])('%s is %s', async (model, upstream) => {
    const { body, response } = await sentFor({ model })
    expect(body).toBe(JSON.stringify({ ...good(), model: upstream }))
    expect(response.headers.get('x-gateway-provider')).toBe('openai')
  })

  test.each(['gpt-9', 'gpt-7-mini', 'o9', 'o5-mini-2030-01-01', 'chatgpt-9-latest'])(
    'tomorrow’s %s goes to OpenAI by its family, unchanged',
    async (model) => {
      const { body } = await sentFor({ model })
      expect(body).toBe(JSON.stringify({ ...good(), model }))
    },
  )

  test.each(['gemini-9-flash', 'models/gemini-2.5-flash', 'google/gemini-2.5-pro', 'gemma-9-4b-it'])(
    '%s goes to Gemini',
    async (model) => {
      const gateway = bench()
      await gateway.fetch(chat({ ...good(), model }))
      expect(gateway.received[0]?.path).toMatch(/^\/v1beta\/models\/gem[a-z0-9.-]+:generateContent$/)
    },
  )
})

describe('models past their date', () => {
  const ask = async ({
    model,
    mode,
    config,
    variables = DEPLOYMENTS.gateway,
    now = NEW_YEAR_2027,
  }: {
    model: string
    mode?: string
    config?: ConfigInput
    variables?: Variables
    now?: number
  }) => {
    const gateway = bench({ config: config ?? {}, variables, timers: fakeTimers(now) })
    const headers = mode === undefined ? {} : { 'x-gateway-lifecycle': mode }
    const response = await gateway.fetch(chat({ ...good(), model }, { headers }))
    return { gateway, response, sent: gateway.received[0]?.model }
  }

  test('are sent as they are by default, with the dates in headers', async () => {
    const { response, sent } = await ask({ model: 'gpt-4-turbo' })
    expect(sent).toBe('gpt-4-turbo')
    expect(response.headers.get('deprecation')).toBe(`@${Date.UTC(2026, 3, 22) / 1_000}`)
    expect(response.headers.get('sunset')).toBe('Fri, 23 Oct 2026 00:00:00 GMT')
    expect(response.headers.get('x-gateway-successor')).toBeNull()
  })

  test('a model without dates has no such headers', async () => {
    const { response } = await ask({ model: 'gpt-6-sol' })
    expect(response.headers.get('deprecation')).toBeNull()
    expect(response.headers.get('sunset')).toBeNull()
  })

  test.each([
    ['the header', { mode: 'follow' }],
    ['the configuration', { config: { lifecycle: 'follow' } }],
    ['the variable', { variables: { ...DEPLOYMENTS.gateway, GATEWAY_LIFECYCLE: 'follow' } }],
  ] as const)('follow, by %s: the successor serves and is named', async (_, how) => {
    const { response, sent } = await ask({ model: 'o3', ...how })
    expect(sent).toBe('gpt-6.1-sol')
    expect(response.headers.get('x-gateway-successor')).toBe('gpt-6.1-sol')
    expect(response.headers.get('sunset')).toBe('Fri, 11 Dec 2026 00:00:00 GMT')
  })

  test('follow changes the model and nothing else', async () => {
    const { gateway } = await ask({ model: 'o3', mode: 'follow' })
    expect(gateway.received[0]?.body).toBe(JSON.stringify({ ...good(), model: 'gpt-6.1-sol' }))
  })

  test.each([
    ['the header', { mode: 'refuse' }],
    ['the configuration', { config: { lifecycle: 'refuse' } }],
  ] as const)('refuse, by %s: 404 that names the successor', async (_, how) => {
    const { gateway, response } = await ask({ model: 'o3', ...how })
    const { message, headers } = await expectRefusal(gateway, response, {
      status: 404,
      code: 'model_retired',
      param: 'model',
      goodRequest: chat({ ...good(), model: 'gpt-6-luna' }),
    })
    expect(message).toContain('gpt-6.1-sol')
    expect(message).toContain('2026-12-11')
    expect(headers.get('x-should-retry')).toBe('false')
  })

  test('the header wins over the configuration', async () => {
    const { sent } = await ask({ model: 'o3', mode: 'as-is', config: { lifecycle: 'refuse' } })
    expect(sent).toBe('o3')
  })

  test.each(['follow', 'refuse'])('%s leaves a model alone until its day', async (mode) => {
    const dayBefore = await ask({ model: 'o3', mode, now: Date.UTC(2026, 11, 10, 23, 59, 59) })
    expect(dayBefore.sent).toBe('o3')
    expect(dayBefore.response.headers.get('sunset')).toBe('Fri, 11 Dec 2026 00:00:00 GMT')
    const onTheDay = await ask({ model: 'o3', mode, now: Date.UTC(2026, 11, 11) })
    expect(onTheDay.sent).not.toBe('o3')
  })

  test('what the provider says of a model that is gone reaches the caller', async () => {
    const gateway = bench()
    gateway.simulator.rules([{ match: { model: 'gpt-4' }, do: { error: 'model_not_found' } }])
    await expectRefusal(gateway, await gateway.fetch(chat({ ...good(), model: 'gpt-4' })), {
      status: 404,
      code: 'model_not_found',
      upstream: 1,
    })
  })
})

describe('parameters that a known family does not take', () => {
  const CASES: readonly (readonly [name: string, body: Body, sent: Body, adapted: string | null])[] = [
    [
      'max_tokens of a reasoning model is renamed',
      { model: 'o3', max_tokens: 50 },
      { model: 'o3', max_completion_tokens: 50 },
      'max_tokens=renamed',
    ],
    [
      'and never overrides the new name',
      { model: 'o3', max_tokens: 50, max_completion_tokens: 9 },
      { model: 'o3', max_completion_tokens: 9 },
      'max_tokens=renamed',
    ],
    ['null stays', { model: 'o3', max_tokens: null }, { model: 'o3', max_tokens: null }, null],
    [
      'max_tokens of gpt-5 is renamed',
      { model: 'gpt-5', max_tokens: 5 },
      { model: 'gpt-5', max_completion_tokens: 5 },
      'max_tokens=renamed',
    ],
    [
      'max_tokens of an unknown reasoning model is renamed (the simulator then refuses the id)',
      { model: 'o9', max_tokens: 5, temperature: 0 },
      { model: 'o9', temperature: 0, max_completion_tokens: 5 },
      null,
    ],
    [
      'gpt-4o keeps max_tokens and all the rest',
      { model: 'gpt-4o', max_tokens: 5, temperature: 0, stop: 'x', n: 1, seed: 1 },
      { model: 'gpt-4o', max_tokens: 5, temperature: 0, stop: 'x', n: 1, seed: 1 },
      null,
    ],
    [
      'a reasoning model loses sampling parameters',
      {
        model: 'o3',
        temperature: 0.2,
        top_p: 0.5,
        presence_penalty: 1,
        frequency_penalty: 1,
        logit_bias: {},
        logprobs: true,
        top_logprobs: 2,
        stop: 'x',
      },
      { model: 'o3' },
      'temperature=dropped, top_p=dropped, presence_penalty=dropped, frequency_penalty=dropped, logit_bias=dropped, logprobs=dropped, top_logprobs=dropped, stop=dropped',
    ],
    [
      'values that say nothing stay',
      { model: 'o3', temperature: 1, top_p: 1, presence_penalty: 0, logprobs: false },
      { model: 'o3', temperature: 1, top_p: 1, presence_penalty: 0, logprobs: false },
      null,
    ],
    ['o3-mini keeps stop', { model: 'o3-mini', stop: 'x' }, { model: 'o3-mini', stop: 'x' }, null],
    [
      'gpt-5.1 does not reason by default, and takes temperature',
      { model: 'gpt-5.1', temperature: 0 },
      { model: 'gpt-5.1', temperature: 0 },
      null,
    ],
    [
      'gpt-5.1 that reasons does not',
      { model: 'gpt-5.1', temperature: 0, reasoning_effort: 'low' },
      { model: 'gpt-5.1', reasoning_effort: 'low' },
      'temperature=dropped',
    ],
    [
      'gpt-5.5 with effort none takes it',
      { model: 'gpt-5.5', temperature: 0, reasoning_effort: 'none' },
      { model: 'gpt-5.5', temperature: 0, reasoning_effort: 'none' },
      null,
    ],
    [
      'search models lose sampling, n, seed and stop',
      { model: 'gpt-4o-search-preview', temperature: 0, n: 2, seed: 1, stop: 'x' },
      { model: 'gpt-4o-search-preview' },
      'temperature=dropped, stop=dropped, n=dropped, seed=dropped',
    ],
  ]

  test.each(CASES)('%s', async (_, body, sent, adapted) => {
    const result = await sentFor(body)
    expect(result.json).toEqual({ ...good(), ...sent })
    expect(result.adapted).toBe(adapted)
  })

  test('o1-mini has system and developer messages as user messages', async () => {
    const messages = (['system', 'developer', 'user', 'assistant', 'user'] as const).map((role) => ({
      role,
      content: role,
    }))
    const { json, adapted } = await sentFor({ model: 'o1-mini', messages })
    expect((json?.['messages'] as { role: string }[] | undefined)?.map(({ role }) => role)).toEqual([
      'user',
      'user',
      'user',
      'assistant',
      'user',
    ])
    expect(adapted).toBe('messages=system-as-user')
  })

  test('strict: nothing is left out, the provider decides', async () => {
    const body = { model: 'o3', max_tokens: 50, temperature: 0 }
    const { json, adapted } = await sentFor(body, { 'x-gateway-adaptation': 'strict' })
    expect(json).toEqual({ ...good(), ...body })
    expect(adapted).toBeNull()
  })

  test('each target of a route gets the request as the caller wrote it', async () => {
    const gateway = bench({
      config: { routes: { smart: { targets: [{ model: 'o3' }, { model: 'gpt-4o' }] } } },
    })
    gateway.simulator.rules([{ match: { model: 'o3' }, do: { status: 503 } }])
    const body = { ...good(), model: 'smart', max_tokens: 50, temperature: 0 }
    const response = await gateway.fetch(chat(body))
    expect(gateway.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { ...good(), model: 'o3', max_completion_tokens: 50 },
      { ...body, model: 'gpt-4o' },
    ])
    expect(response.headers.get('x-gateway-adapted')).toBeNull()
    expect(response.headers.get('x-gateway-attempts')).toBe('2')
  })
})
