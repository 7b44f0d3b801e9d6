import { describe, expect, test } from 'vitest'
import type { Script } from '../../simulator/index.ts'
import {
  bench,
  chat,
  type ErrorShape,
  expectRefusal,
  GEMINI_KEY,
  good,
  OPENAI_KEY,
  scripted,
  settle,
} from './support.ts'

const IRE = 'invalid_request_error'
const SERVER = 'server_error'

interface Row extends ErrorShape {
  readonly name: string
  readonly script: Script
  /** How often the upstream is asked before the caller gets the error. */
  readonly upstream?: number
  readonly headers?: Readonly<Record<string, string | null>>
  readonly says?: string
  readonly silent?: readonly string[]
}

const FINAL = { 'x-should-retry': 'false' }

/** openai.md 1.4: what OpenAI says, and what the caller of the gateway gets. */
const ROWS: readonly Row[] = [
  {
    name: 'context_length_exceeded',
    script: { error: 'context_length_exceeded' },
    status: 400,
    code: 'context_length_exceeded',
    type: IRE,
    param: 'messages',
    says: 'maximum context length',
  },
  {
    name: 'invalid_prompt',
    script: { error: 'invalid_prompt' },
    status: 400,
    code: 'invalid_prompt',
    type: IRE,
    says: 'usage policy',
  },
  {
    name: 'a code nobody knows',
    script: { error: 'brand_new_code' },
    status: 400,
    code: 'brand_new_code',
    type: IRE,
  },
  {
    name: 'a 400 without a code',
    script: { status: 422, error: 'conflict' },
    status: 422,
    code: null,
    type: IRE,
  },
  {
    name: 'model_not_found',
    script: { error: 'model_not_found' },
    status: 404,
    code: 'model_not_found',
    type: IRE,
    headers: FINAL,
    says: 'gpt-4o-mini',
  },
  { name: 'too large', script: { error: 'too_large' }, status: 413, code: null, type: IRE },
  {
    name: 'P-01 invalid_api_key',
    script: {
      error: 'invalid_api_key',
      message:
        'Incorrect API key provided: sk-canary***WXYZ. See https://platform.openai.com/account/api-keys.',
    },
    status: 502,
    code: 'upstream_authentication_failed',
    type: SERVER,
    headers: FINAL,
    silent: ['WXYZ', 'Incorrect API key', 'platform.openai.com', 'sk-'],
  },
  {
    name: 'P-01 401 without a code',
    script: { status: 401, error: 'conflict', message: 'sk-canary-WXYZ' },
    status: 502,
    code: 'upstream_authentication_failed',
    type: SERVER,
    headers: FINAL,
    silent: ['WXYZ'],
  },
  {
    name: 'missing_scope',
    script: { error: 'missing_scope' },
    status: 502,
    code: 'upstream_authentication_failed',
    type: SERVER,
    headers: FINAL,
    silent: ['permissions'],
  },
  {
    name: 'unsupported country',
    script: { error: 'unsupported_country' },
    status: 503,
    code: 'upstream_unavailable',
    type: SERVER,
    headers: FINAL,
    silent: ['territory'],
  },
  {
    name: 'conflict',
    script: { error: 'conflict' },
    upstream: 2,
    status: 409,
    code: 'conflict',
    type: IRE,
  },
  {
    name: 'rate limit',
    script: { error: 'rate_limit', retryAfter: 7 },
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'requests',
    headers: { 'retry-after': '7', 'retry-after-ms': '7000', 'x-should-retry': null },
    says: 'Rate limit reached',
  },
  {
    name: 'rate limit of tokens',
    script: { error: 'rate_limit_tokens', retryAfter: 2 },
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'tokens',
    headers: { 'retry-after': '2' },
  },
  {
    name: 'rate limit without Retry-After',
    script: { error: 'rate_limit' },
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'requests',
    headers: { 'retry-after': null, 'retry-after-ms': null },
  },
  {
    name: 'a request larger than the limit',
    script: { error: 'request_too_large' },
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'tokens',
    headers: FINAL,
  },
  {
    name: 'slow_down',
    script: { error: 'slow_down', retryAfter: 1 },
    status: 429,
    code: 'slow_down',
    type: 'requests',
    headers: { 'retry-after': '1' },
  },
  {
    name: 'insufficient_quota',
    script: { error: 'insufficient_quota' },
    status: 429,
    code: 'insufficient_quota',
    type: 'insufficient_quota',
    headers: FINAL,
  },
  {
    name: 'credit_balance_exhausted',
    script: { error: 'credit_balance_exhausted' },
    status: 429,
    code: 'credit_balance_exhausted',
    type: 'insufficient_quota',
    headers: FINAL,
  },
  {
    name: 'server_error',
    script: { error: 'server_error' },
    upstream: 2,
    status: 502,
    code: 'upstream_error',
    type: SERVER,
    headers: FINAL,
  },
  {
    name: 'overloaded',
    script: { error: 'overloaded', retryAfter: 3 },
    status: 503,
    code: 'upstream_unavailable',
    type: SERVER,
    headers: { 'retry-after': '3', 'retry-after-ms': '3000' },
  },
  ...[502, 504, 520, 521, 522, 523, 524].map((status) => ({
    name: `an HTML page with ${status}`,
    script: { status },
    status: 502,
    code: 'upstream_error',
    type: SERVER,
    silent: ['<html', 'edge error'],
  })),
  {
    name: 'an HTML page with 503',
    script: { status: 503, error: 'html' },
    status: 503,
    code: 'upstream_unavailable',
    type: SERVER,
    silent: ['<html'],
  },
  {
    name: 'an HTML page with 403',
    script: { status: 403, error: 'html' },
    status: 502,
    code: 'upstream_authentication_failed',
    type: SERVER,
    headers: FINAL,
    silent: ['<html'],
  },
  {
    name: 'an HTML page with 413',
    script: { status: 413, error: 'html' },
    status: 413,
    code: 'request_too_large',
    type: IRE,
    silent: ['<html'],
  },
  {
    name: 'an HTML page with 429',
    script: { status: 429, error: 'html', retryAfter: 4 },
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'requests',
    headers: { 'retry-after': '4' },
    silent: ['<html'],
  },
  {
    name: 'an HTML page with 404',
    script: { status: 404, error: 'html' },
    status: 404,
    code: 'model_not_found',
    type: IRE,
    headers: FINAL,
    silent: ['<html'],
  },
  {
    name: 'an HTML page with 200',
    script: { nonJson: true },
    status: 502,
    code: 'upstream_bad_response',
    type: SERVER,
    silent: ['<html', 'It works'],
  },
  {
    name: 'half a JSON',
    script: { truncatedJson: true },
    status: 502,
    code: 'upstream_bad_response',
    type: SERVER,
  },
  {
    name: 'a connection that breaks before the headers',
    script: { drop: true },
    upstream: 2,
    status: 502,
    code: 'upstream_error',
    type: SERVER,
    headers: FINAL,
  },
  {
    name: 'a connection that breaks in the body',
    script: { cutAfter: 1 },
    upstream: 2,
    status: 502,
    code: 'upstream_error',
    type: SERVER,
    headers: FINAL,
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `P-02 a redirect, ${status}`,
    script: { status, redirect: 'https://evil.example/v1/chat/completions' },
    status: 502,
    code: 'upstream_bad_response',
    type: SERVER,
    silent: ['evil.example'],
  })),
  ...(
    [
      ['999999999', '600', '600000'],
      ['-5', null, null],
      ['tomorrow', null, null],
      ['0', '1', '0'],
      ['1.5', '2', '1500'],
      ['1e3', null, null],
      ['NaN', null, null],
    ] as const
  ).map(([retryAfter, seconds, ms]) => ({
    name: `P-11 Retry-After: ${retryAfter}`,
    script: { error: 'rate_limit', retryAfter },
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'requests',
    headers: { 'retry-after': seconds, 'retry-after-ms': ms },
  })),
  {
    name: 'P-11 Retry-After on 503',
    script: { error: 'overloaded', retryAfter: 999999999 },
    status: 503,
    code: 'upstream_unavailable',
    type: SERVER,
    headers: { 'retry-after': '600' },
  },
]

describe.each([false, true])('an error of OpenAI, with stream %s', (stream) => {
  test.each(ROWS)(
    '$name',
    async ({ script, upstream = 1, headers = {}, says = '', silent = [], ...expected }) => {
      const gateway = bench()
      const response = await gateway.fetch(
        scripted(
          stream && script.nonJson === undefined && script.truncatedJson === undefined
            ? { ...script, ...(script.cutAfter !== undefined && { cutAfter: 0 }) }
            : script,
          { ...good(), stream: stream && script.nonJson === undefined && script.truncatedJson === undefined },
        ),
      )
      const { message } = await expectRefusal(gateway, response, {
        ...expected,
        upstream,
        canaries: [...silent, 'org-sim'],
      })
      for (const [name, value] of Object.entries(headers))
        expect([name, response.headers.get(name)]).toEqual([name, value])
      expect(message).toContain(says)
      expect(response.headers.get('x-gateway-attempts')).toBe(String(upstream))
    },
  )
})

const body =
  (text: BodyInit, init: ResponseInit = {}) =>
  () =>
    new Response(text, { headers: { 'content-type': 'application/json' }, ...init })
const BAD = { status: 502, type: SERVER, code: 'upstream_bad_response', goodRequest: null }

describe('an answer that is none', () => {
  test.each([
    ['nothing', body('')],
    ['null', body('null')],
    ['a list', body('[]')],
    ['a text', body('"ok"')],
    ['an empty object', body('{}')],
    ['no choices', body('{"choices":[]}')],
    ['choices that are no list', body('{"choices":{}}')],
    ['201', body('{"choices":[{}]}', { status: 201 })],
    ['202', body('', { status: 202 })],
    ['204', () => new Response(null, { status: 204 })],
  ])('%s', async (_, upstream) => {
    const gateway = bench({ upstream })
    await expectRefusal(gateway, await gateway.fetch(chat()), BAD)
  })

  test.each([
    ['nothing', body('')],
    ['an HTML page', body('<html></html>', { headers: { 'content-type': 'text/html' } })],
    ['one JSON instead of a stream', body('{"choices":[{"message":{}}]}')],
    ['204', () => new Response(null, { status: 204 })],
  ])('%s, where a stream was asked for', async (_, upstream) => {
    const gateway = bench({ upstream })
    await expectRefusal(gateway, await gateway.fetch(chat({ ...good(), stream: true })), BAD)
  })

  test.each([false, true])('an error with status 200, stream %s', async (stream) => {
    const error = { message: 'try later', type: SERVER, code: 'server_is_overloaded', param: null }
    const gateway = bench({ upstream: () => Response.json({ error }) })
    await expectRefusal(gateway, await gateway.fetch(chat({ ...good(), stream })), {
      status: 503,
      type: SERVER,
      code: 'upstream_unavailable',
      goodRequest: null,
    })
  })

  test.each([
    '{"error":"boom"}',
    '{"error":{"message":5,"type":{},"code":[],"param":{}}}',
    '{"detail":"x"}',
    '{"error":null}',
  ])('an error body of another shape: %s', async (text) => {
    const gateway = bench({ upstream: body(text, { status: 400 }) })
    const response = await gateway.fetch(chat())
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { message: 'The upstream answered with status 400.', type: IRE },
    })
  })

  test('control characters and keys are taken out of an error that is passed on, and it is cut', async () => {
    const message = `bad\u0000 key sk-live-0123456789 AIzaSy0123456789abcdef ${'x'.repeat(10_000)}`
    const gateway = bench({
      upstream: () =>
        Response.json({ error: { message, type: IRE, code: null, param: null } }, { status: 400 }),
    })
    const { error } = (await (await gateway.fetch(chat())).json()) as {
      error: { message: string; code: null }
    }
    expect(error.message).toMatch(/^bad {2}key \[key\] \[key\] x+$/)
    expect(error.message.length).toBeLessThanOrEqual(500)
    expect(error.code).toBeNull()
  })

  test('the URL of an upstream is taken out as well', async () => {
    const message = 'No route POST https://openai.upstream.test/v1/chat/completions (openai.upstream.test)'
    const gateway = bench({
      upstream: () =>
        Response.json({ error: { message, type: IRE, code: null, param: null } }, { status: 404 }),
    })
    expect(await (await gateway.fetch(chat())).text()).not.toContain('upstream.test')
  })
})

describe('P-04 an answer of any size', () => {
  const endless = (chunk: Uint8Array, type: string) => {
    const state = { sent: 0, cancelled: false }
    const stream = new ReadableStream({
      pull(controller) {
        state.sent += chunk.length
        if (state.sent > 210 * 1_048_576) controller.close()
        else controller.enqueue(chunk)
      },
      cancel() {
        state.cancelled = true
      },
    })
    return { state, upstream: () => new Response(stream, { headers: { 'content-type': type } }) }
  }
  const MEGABYTE = new Uint8Array(1_048_576).fill(120)

  test('is read to 32 MB and no further', async () => {
    const { state, upstream } = endless(MEGABYTE, 'application/json')
    const gateway = bench({ upstream })
    await expectRefusal(gateway, await gateway.fetch(chat()), BAD)
    expect(state.sent).toBeLessThan(35 * 1_048_576)
    expect(state.cancelled).toBe(true)
  })

  test('P-05 neither is a single event of a stream', async () => {
    const { state, upstream } = endless(MEGABYTE, 'text/event-stream')
    const gateway = bench({ upstream })
    await expectRefusal(gateway, await gateway.fetch(chat({ ...good(), stream: true })), BAD)
    expect(state.sent).toBeLessThan(35 * 1_048_576)
    await settle()
    expect(state.cancelled).toBe(true)
  })

  test('an error page without end is not read to its end', async () => {
    const { state, upstream } = endless(MEGABYTE, 'text/html')
    const gateway = bench({ upstream: () => new Response(upstream().body, { status: 400 }) })
    expect((await gateway.fetch(chat())).status).toBe(400)
    expect(state.sent).toBeLessThan(3 * 1_048_576)
  })

  test('100,000 levels are relayed or refused, and nothing breaks', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const gateway = bench({ upstream: body(deep) })
    await expectRefusal(gateway, await gateway.fetch(chat()), BAD)
    const inside = bench({ upstream: body(`{"choices":[${deep}]}`) })
    expect((await inside.fetch(chat())).status).toBe(200)
  })
})

describe('B-07 usage that makes no sense does no harm', () => {
  test.each([
    '-5',
    '"many"',
    'null',
    '{}',
    '{"prompt_tokens":-1,"completion_tokens":1e400}',
    '{"prompt_tokens":1,"completion_tokens":-3}',
    '{"prompt_tokens":5,"prompt_tokens_details":7}',
    '[]',
  ])('%s', async (usage) => {
    const text = `{"choices":[{"message":{}}],"usage":${usage}}`
    const gateway = bench({ upstream: body(text) })
    const response = await gateway.fetch(chat())
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(text)
    expect(response.headers.get('x-gateway-cost') ?? '').not.toContain('-')
  })
})

describe('retries and other targets', () => {
  const ROUTE = { routes: { both: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1' }] } } }

  test('a fault that passes is not noticed', async () => {
    const gateway = bench()
    const response = await gateway.fetch(scripted({ status: 500, failTimes: 1, text: 'ok' }))
    expect(response.status).toBe(200)
    expect(response.headers.get('x-gateway-attempts')).toBe('2')
    expect(gateway.received.map(({ status }) => status)).toEqual([500, 200])
  })

  test('both tries carry the same bytes', async () => {
    const gateway = bench()
    gateway.simulator.rules([{ do: { drop: true }, times: 1 }])
    expect((await gateway.fetch(chat())).status).toBe(200)
    expect(gateway.received.map(({ body }) => body)).toEqual([JSON.stringify(good()), JSON.stringify(good())])
  })

  test.each([
    'invalid_api_key',
    'missing_scope',
    'overloaded',
    'rate_limit',
    'insufficient_quota',
    'model_not_found',
    'html',
  ])('%s sends the request to the next target at once', async (error) => {
    const gateway = bench({ config: ROUTE })
    gateway.simulator.rules([{ match: { model: 'gpt-4o-mini' }, do: { error } }])
    const response = await gateway.fetch(chat({ ...good(), model: 'both' }))
    expect(response.status).toBe(200)
    expect(gateway.received.map(({ model }) => model)).toEqual(['gpt-4o-mini', 'gpt-4.1'])
    expect(response.headers.get('x-gateway-attempts')).toBe('2')
    expect(response.headers.get('x-gateway-model')).toBe('gpt-4.1-2025-04-14')
  })

  test.each(['server_error', 'drop'])('%s is tried once more, then on the next target', async (kind) => {
    const gateway = bench({ config: ROUTE })
    gateway.simulator.rules([
      { match: { model: 'gpt-4o-mini' }, do: kind === 'drop' ? { drop: true } : { error: kind } },
    ])
    expect((await gateway.fetch(chat({ ...good(), model: 'both' }))).status).toBe(200)
    expect(gateway.received.map(({ model }) => model)).toEqual(['gpt-4o-mini', 'gpt-4o-mini', 'gpt-4.1'])
  })

  test.each(['context_length_exceeded', 'invalid_prompt'])('%s goes no further', async (error) => {
    const gateway = bench({ config: ROUTE })
    gateway.simulator.rules([{ match: { model: 'gpt-4o-mini' }, do: { error } }])
    expect((await gateway.fetch(chat({ ...good(), model: 'both' }))).status).toBe(400)
    expect(gateway.received).toHaveLength(1)
  })

  test('three tries are all that one request makes', async () => {
    const targets = ['gpt-4o-mini', 'gpt-4.1', 'gpt-4o', 'gpt-4.1-mini'].map((model) => ({ model }))
    const gateway = bench({ config: { routes: { many: { targets } } } })
    gateway.simulator.rules([{ do: { status: 503 } }])
    const response = await gateway.fetch(chat({ ...good(), model: 'many' }))
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(gateway.received).toHaveLength(3)
  })
})

describe('a hostile or broken Gemini', () => {
  const ask = (script: Script, stream = false) =>
    chat({
      model: 'gemini-2.5-flash',
      messages: [{ role: 'user', content: `Hi [[sim ${JSON.stringify(script)}]]` }],
      stream,
    })
  const goodRequest = () => chat({ model: 'gemini-2.5-flash', messages: [{ role: 'user', content: 'hi' }] })

  const AUTH = { status: 502, type: SERVER, code: 'upstream_authentication_failed', headers: FINAL }
  const GEMINI_ROWS: readonly Row[] = [
    {
      name: 'P-13 a key that Google refuses with 400',
      script: { error: 'API_KEY_INVALID' },
      ...AUTH,
      silent: ['API_KEY_INVALID', 'API key not valid'],
    },
    { name: 'a leaked key', script: { error: 'leaked_key' }, ...AUTH, silent: ['leaked'] },
    { name: 'no permission', script: { error: 'permission' }, ...AUTH, silent: ['permission'] },
    { name: 'unauthenticated', script: { error: 'unauthenticated' }, ...AUTH, silent: ['credentials.'] },
    {
      name: 'a refused location',
      script: { error: 'location' },
      status: 503,
      type: SERVER,
      code: 'upstream_unavailable',
      headers: FINAL,
      silent: ['location'],
    },
    {
      name: 'too many requests in a minute',
      script: { error: 'per_minute' },
      status: 429,
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: { 'retry-after': '35', 'retry-after-ms': '34400' },
    },
    {
      name: 'too many requests in a day',
      script: { error: 'per_day' },
      status: 429,
      type: 'insufficient_quota',
      code: 'insufficient_quota',
      headers: FINAL,
    },
    {
      name: 'prepaid credits gone',
      script: { error: 'prepaid' },
      status: 429,
      type: 'insufficient_quota',
      code: 'insufficient_quota',
      headers: FINAL,
      silent: ['prepaid'],
    },
    {
      name: 'too long',
      script: { error: 'too_long' },
      status: 400,
      code: 'context_length_exceeded',
      param: 'messages',
    },
    {
      name: 'an invalid argument',
      script: { error: 'invalid_argument' },
      status: 400,
      code: 'invalid_request',
    },
    {
      name: 'not found',
      script: { error: 'not_found' },
      status: 404,
      code: 'model_not_found',
      headers: FINAL,
    },
    {
      name: 'internal',
      script: { error: 'internal' },
      upstream: 2,
      status: 502,
      type: SERVER,
      code: 'upstream_error',
      headers: FINAL,
    },
    {
      name: 'unavailable',
      script: { error: 'unavailable', retryInfo: '3s' },
      status: 503,
      type: SERVER,
      code: 'upstream_unavailable',
      headers: { 'retry-after': '3' },
    },
    {
      name: 'deadline',
      script: { error: 'deadline' },
      upstream: 2,
      status: 504,
      type: SERVER,
      code: 'upstream_timeout',
    },
    {
      name: 'an error in a list',
      script: { error: 'unavailable', arrayWrapped: true },
      status: 503,
      type: SERVER,
      code: 'upstream_unavailable',
    },
    {
      name: 'an HTML page',
      script: { status: 502 },
      status: 502,
      type: SERVER,
      code: 'upstream_error',
      silent: ['<html', 'Server Error'],
    },
    {
      name: 'P-11 a RetryInfo of ages',
      script: { error: 'per_minute', retryInfo: '999999999s' },
      status: 429,
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: { 'retry-after': '600' },
    },
    {
      name: 'P-11 a RetryInfo that is none',
      script: { error: 'per_minute', retryInfo: 'tomorrow' },
      status: 429,
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: { 'retry-after': null },
    },
  ]

  test.each(GEMINI_ROWS)(
    '$name',
    async ({ script, upstream = 1, headers = {}, silent = [], ...expected }) => {
      for (const stream of [false, true]) {
        const gateway = bench()
        const response = await gateway.fetch(ask(script, stream))
        await expectRefusal(gateway, response, {
          ...expected,
          upstream,
          canaries: silent,
          goodRequest: goodRequest(),
        })
        for (const [name, value] of Object.entries(headers))
          expect([name, response.headers.get(name)]).toEqual([name, value])
      }
    },
  )

  test.each(['bare', 'array'] as const)(
    'P-07 an error instead of the first event, %s, leads to the next target',
    async (errorForm) => {
      const config = {
        routes: { both: { targets: [{ model: 'gemini-2.5-flash' }, { model: 'gpt-4o-mini' }] } },
      }
      const gateway = bench({ config })
      gateway.simulator.rules([
        { match: { provider: 'gemini' }, do: { errorAfter: 0, errorForm, status: 503 } },
      ])
      const response = await gateway.fetch(chat({ ...good(), model: 'both', stream: true }))
      expect(response.headers.get('x-gateway-attempts')).toBe('2')
      expect(await response.text()).toContain('[DONE]')
      expect(gateway.received.map(({ provider }) => provider)).toEqual(['gemini', 'openai'])
    },
  )

  test('the key goes in a header, never in the URL, and each provider gets its own', async () => {
    const gateway = bench()
    expect((await gateway.fetch(goodRequest())).status).toBe(200)
    const [seen] = gateway.received
    expect(seen?.headers['x-goog-api-key']).toBe(GEMINI_KEY)
    expect(seen?.headers).not.toHaveProperty('authorization')
    expect(JSON.stringify(seen)).not.toContain(OPENAI_KEY)
    expect(seen?.query).not.toContain('key')
  })

  test.each([302, 307])('P-02 a redirect, %i, is not followed', async (status) => {
    const gateway = bench()
    await expectRefusal(gateway, await gateway.fetch(ask({ status, redirect: 'https://evil.example/' })), {
      status: 502,
      type: SERVER,
      code: 'upstream_bad_response',
      upstream: 1,
      canaries: ['evil.example'],
      goodRequest: goodRequest(),
    })
  })
})
