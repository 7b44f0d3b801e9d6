import { describe, expect, test } from 'vitest'
import {
  bench,
  chat,
  DEPLOYMENTS,
  type ErrorShape,
  expectMarked,
  expectRefusal,
  fakeTimers,
  GATEWAY,
  get,
  good,
  headersOf,
  log,
  OPENAI_KEY,
  settle,
} from './support.ts'

interface Row extends ErrorShape {
  readonly id: string
  readonly request: () => Request
  readonly headers?: Readonly<Record<string, string>>
}

const NOT_FOUND = { status: 404, code: 'unknown_url' }

const ROUTES: readonly Row[] = [
  {
    id: 'R-01 GET on a POST endpoint',
    request: () => get('/v1/chat/completions'),
    status: 405,
    code: 'method_not_allowed',
    headers: { allow: 'POST' },
  },
  ...['PUT', 'DELETE', 'PATCH'].map((method) => ({
    id: `R-01 ${method} on a POST endpoint`,
    request: () => get('/v1/chat/completions', { method }),
    status: 405,
    code: 'method_not_allowed',
    headers: { allow: 'POST' },
  })),
  {
    id: 'R-01 POST on a GET endpoint',
    request: () => chat({}, { path: '/v1/models' }),
    status: 405,
    code: 'method_not_allowed',
    headers: { allow: 'GET' },
  },
  { id: 'R-02 an unknown path', request: () => chat({}, { path: '/v1/nope' }), ...NOT_FOUND },
  {
    id: 'R-04 a proxy path with a host of its own',
    request: () =>
      chat(
        {},
        { path: '/v1/proxy/chat/completions', headers: { 'x-portkey-custom-host': 'https://evil.example' } },
      ),
    ...NOT_FOUND,
  },
  // The URL parser itself folds `/./` and `\` before a Worker sees the path; those spellings cannot arrive.
  ...[
    '/v1//chat/completions',
    '//v1/chat/completions',
    '/v1/chat%2fcompletions',
    '/v1/chat%2Fcompletions',
    '/v1%5cchat%5ccompletions',
    '/v1/chat/completions/',
    '/v1/chat/completions;x=1',
    '/v1/chat/completions%00',
    '/V1/chat/completions',
    '/v1/chat%E0%A4completions',
  ].map((path) => ({ id: `R-05 ${path}`, request: () => chat({}, { path }), ...NOT_FOUND })),
  ...['/ADMIN/keys', '/admin%00/keys', '/admin/keys;.js', '/', '/.env', '/__sim/received'].map((path) => ({
    id: `R-07 ${path}`,
    request: () => get(path),
    ...NOT_FOUND,
  })),
  {
    id: 'R-11 a 16 KB query string',
    request: () => chat({}, { path: `/v1/chat/completions?${'q'.repeat(16_384)}` }),
    status: 414,
    code: 'uri_too_long',
  },
]

const MEDIA_TYPE = { status: 415, code: 'unsupported_media_type' }
const bodyOf = (bytes: number): ReadableStream => {
  let left = bytes
  return new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(left, 1_048_576)).fill(32)
      left -= chunk.length
      if (chunk.length > 0) controller.enqueue(chunk)
      else controller.close()
    },
  })
}

const HEADERS: readonly Row[] = [
  {
    id: 'H-01 no content type',
    request: () => {
      const request = chat()
      request.headers.delete('content-type')
      return request
    },
    ...MEDIA_TYPE,
  },
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
  ].map((type) => ({
    id: `H-02 ${type}`,
    request: () => chat({}, { headers: { 'content-type': type } }),
    ...MEDIA_TYPE,
  })),
  ...['gzip', 'br', 'deflate, gzip'].map((encoding) => ({
    id: `H-04 content-encoding ${encoding}`,
    request: () => chat({}, { headers: { 'content-encoding': encoding } }),
    ...MEDIA_TYPE,
  })),
  {
    id: 'H-05 33 MB without Content-Length',
    request: () => chat(bodyOf(33 * 1_048_576)),
    status: 413,
    code: 'request_too_large',
  },
  {
    id: 'H-05 33 MB announced',
    request: () => chat({}, { headers: { 'content-length': String(33 * 1_048_576) } }),
    status: 413,
    code: 'request_too_large',
  },
  ...(
    [
      ['x-gateway-timeout-ms', 'soon'],
      ['x-gateway-timeout-ms', '-5'],
      ['x-gateway-lifecycle', 'whatever'],
      ['x-gateway-adaptation', 'loose'],
    ] as const
  ).map(([name, value]) => ({
    id: `an unusable ${name}: ${value}`,
    request: () => chat({}, { headers: { [name]: value } }),
    status: 400,
    code: 'invalid_header',
    param: name,
  })),
]

const NO_JSON = { status: 400, code: 'invalid_json' }
const text = (json: string) =>
  json.replace('…', `"model":"gpt-4o-mini","messages":${JSON.stringify(good()['messages'])}`)
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

const JSONS: readonly Row[] = [
  { id: 'J-01 an empty body', request: () => chat(''), ...NO_JSON },
  { id: 'J-01 white space only', request: () => chat(' \r\n\t '), ...NO_JSON },
  ...[
    '{',
    "{'a':1}",
    '{…,}',
    '{…} x',
    '{…}{}',
    '{…,"n":NaN}',
    '{…,"n":Infinity}',
    '{…,"n":01}',
    '{… /* comment */}',
    '{…,"a":"\t"}',
    '{…,"a":"unclosed}',
    '{…,"a":"\\u12"}',
    'undefined',
    'data: {}',
  ].map((json) => ({ id: `J-02 ${JSON.stringify(json)}`, request: () => chat(text(json)), ...NO_JSON })),
  { id: 'J-04 5,000 levels', request: () => chat(nested(5_000)), status: 400, code: 'json_too_deep' },
  {
    id: 'J-04 5,000 levels in a member',
    request: () => chat(text(`{…,"metadata":${nested(5_000)}}`)),
    status: 400,
    code: 'json_too_deep',
  },
  {
    id: 'J-04 a million levels, never closed',
    request: () => chat('['.repeat(1_000_000)),
    status: 400,
    code: 'json_too_deep',
  },
  {
    id: 'J-05 3.9 MB of {}',
    request: () => chat(text(`{…,"metadata":[${'{},'.repeat(1_300_000)}{}]}`)),
    status: 400,
    code: 'json_too_complex',
  },
  {
    id: 'J-05 as many members',
    request: () => chat(text(`{…,"metadata":{${'"a":1,'.repeat(300_000)}"b":1}}`)),
    status: 400,
    code: 'json_too_complex',
  },
  ...[
    '{"__proto__":{"admin":true},…}',
    '{…,"metadata":{"__proto__":{}}}',
    '{…,"metadata":{"\\u005f_proto_\\u005F":{}}}',
    '{…,"metadata":{"__proto__" \n :1}}',
    '{…,"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"__proto__":{}}}}}]}',
  ].map((json) => ({
    id: `J-07 ${json}`,
    request: () => chat(text(json)),
    status: 400,
    code: 'forbidden_key',
    param: '__proto__',
  })),
  ...['{…,"model":"gpt-4.1"}', '{"mod\\u0065l":"gpt-4.1",…}'].map((json) => ({
    id: `a second model in the body: ${json}`,
    request: () => chat(text(json)),
    status: 400,
    code: 'invalid_json',
    param: 'model',
  })),
  ...(
    [
      ['0xC0 0x80', [0xc0, 0x80]],
      ['0xFF', [0xff]],
      ['a lone continuation', [0x80]],
      ['a surrogate', [0xed, 0xa0, 0x80]],
      ['a cut character', [0xf0, 0x9f, 0x91]],
    ] as const
  ).map(([name, bytes]) => ({
    id: `J-10 ${name}`,
    request: () => {
      const body = new TextEncoder().encode(JSON.stringify(good()))
      const at = JSON.stringify(good()).indexOf('otter')
      return chat(new Uint8Array([...body.slice(0, at), ...bytes, ...body.slice(at)]))
    },
    ...NO_JSON,
  })),
  ...(['le', 'be'] as const).flatMap((order) =>
    [true, false].map((mark) => ({
      id: `J-11 UTF-16${order} ${mark ? 'with' : 'without'} a mark`,
      request: () => chat(utf16(JSON.stringify(good()), order, mark)),
      ...NO_JSON,
    })),
  ),
  ...['gpt-4o\u0000', '\u0000', 'gpt\n4o', 'gpt-4o\u007f', '\u001b[31mgpt-4o'].map((model) => ({
    id: `J-14 model ${JSON.stringify(model)}`,
    request: () => chat({ ...good(), model }),
    status: 400,
    code: 'invalid_value',
    param: 'model',
  })),
]

function utf16(source: string, order: 'le' | 'be', mark: boolean): Uint8Array {
  const units = Array.from((mark ? '\ufeff' : '') + source, (each) => each.charCodeAt(0))
  return new Uint8Array(
    units.flatMap((unit) => (order === 'le' ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255])),
  )
}

const bad = (code: string, param: string | null) => ({ status: 400, code, param })
const without = (name: string) => {
  const { [name]: _, ...rest } = good()
  return JSON.stringify(rest)
}
const tool = (name: unknown) => ({ type: 'function', function: { name, parameters: {} } })

const SCHEMAS: readonly Row[] = [
  {
    id: 'S-01 no model',
    request: () => chat(without('model')),
    ...bad('missing_required_parameter', 'model'),
  },
  {
    id: 'S-01 no messages',
    request: () => chat(without('messages')),
    ...bad('missing_required_parameter', 'messages'),
  },
  { id: 'S-01 nothing at all', request: () => chat('{}'), ...bad('missing_required_parameter', 'model') },
  ...[5, null, true, {}, ['gpt-4o']].map((model) => ({
    id: `S-02 model ${JSON.stringify(model)}`,
    request: () => chat({ ...good(), model }),
    ...bad('invalid_type', 'model'),
  })),
  {
    id: 'S-02 an empty model',
    request: () => chat({ ...good(), model: '' }),
    ...bad('invalid_value', 'model'),
  },
  ...['hello', null, {}, 5].map((messages) => ({
    id: `S-02 messages ${JSON.stringify(messages)}`,
    request: () => chat({ ...good(), messages }),
    ...bad('invalid_type', 'messages'),
  })),
  {
    id: 'S-02 no message',
    request: () => chat({ ...good(), messages: [] }),
    ...bad('empty_array', 'messages'),
  },
  ...['gpt-4o-mini', 'o1-mini', 'o3-mini'].flatMap((model) =>
    [null, 'hello', 5, []].map((message) => ({
      id: `S-02 a message that is ${JSON.stringify(message)}, to ${model}`,
      request: () => chat({ model, messages: [{ role: 'user', content: 'hi' }, message] }),
      ...bad('invalid_type', 'messages[1]'),
    })),
  ),
  ...['[]', '"text"', '5', 'null', 'true', '[{}]'].map((json) => ({
    id: `S-02 the body ${json}`,
    request: () => chat(json),
    ...bad('invalid_type', null),
  })),
  ...[
    '../../v1/files',
    'gemini-x:generateContent?key=',
    'openai/../x',
    'gemini/../../x',
    'models/gemini-2.5-flash:streamGenerateContent',
    'gpt-4o?x=1',
    'gpt-4o#x',
    'gpt-4o%2fx',
    'https://evil.example/gpt-4o',
    'gpt-4o\u2028',
    'no-such-family-1',
    '__proto__',
    'constructor',
    'toString',
    'gpt-'.padEnd(100_000, 'x'),
    'openai/gemini-2.5-flash',
    'gemini/gpt-4o',
  ].map((model) => ({
    id: `S-05 model ${model.slice(0, 60)}`,
    request: () => chat({ ...good(), model }),
    status: 404,
    code: 'model_not_found',
    param: 'model',
  })),
  ...[1_000, 0, -1].map((n) => ({
    id: `S-10 n ${n}`,
    request: () => chat({ ...good(), n }),
    ...bad('invalid_value', 'n'),
  })),
  ...['1', 1.5, {}].map((n) => ({
    id: `S-10 n ${JSON.stringify(n)}`,
    request: () => chat({ ...good(), n }),
    ...bad('invalid_type', 'n'),
  })),
  ...['api_base', 'base_url', 'api_key', 'custom_host', 'extra_headers', 'litellm_params'].map((name) => ({
    id: `S-13 ${name}`,
    request: () => chat({ ...good(), [name]: 'https://evil.example' }),
    ...bad('unknown_parameter', name),
  })),
  {
    id: 'S-14 200 tools',
    request: () => chat({ ...good(), tools: Array.from({ length: 200 }, (_, i) => tool(`f${i}`)) }),
    ...bad('too_many_items', 'tools'),
  },
  ...['a b', '', 'a/b', 'x'.repeat(65), 'naïve'].map((name) => ({
    id: `S-14 a tool named ${JSON.stringify(name.slice(0, 10))}`,
    request: () => chat({ ...good(), tools: [tool('fine'), tool(name)] }),
    ...bad('invalid_value', 'tools[1].function.name'),
  })),
  {
    id: 'S-14 a tool schema of 200 levels',
    request: () =>
      chat(text(`{…,"tools":[{"type":"function","function":{"name":"f","parameters":${nested(200)}}}]}`)),
    ...bad('json_too_deep', null),
  },
  {
    id: 'S-14 tools as an object',
    request: () => chat({ ...good(), tools: {} }),
    ...bad('invalid_type', 'tools'),
  },
  ...['true', 1, {}].map((stream) => ({
    id: `S-17 stream ${JSON.stringify(stream)}`,
    request: () => chat({ ...good(), stream }),
    ...bad('invalid_type', 'stream'),
  })),
  ...['usage', 5, [], true].map((options) => ({
    id: `S-17 stream_options ${JSON.stringify(options)}`,
    request: () => chat({ ...good(), stream: true, stream_options: options }),
    ...bad('invalid_type', 'stream_options'),
  })),
]

describe.each([
  ['R: routes, methods, paths', ROUTES],
  ['H: headers and framing', HEADERS],
  ['J: JSON', JSONS],
  ['S: schema and semantics', SCHEMAS],
])('security.md 5, %s', (_, rows) => {
  test.each(rows)('$id', async ({ request, headers = {}, ...expected }) => {
    const gateway = bench()
    const from = Date.now()
    const response = await gateway.fetch(request())
    expect(Date.now() - from).toBeLessThan(2_000)
    await expectRefusal(gateway, response, expected)
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value)
  })
})

test('R-08 forged routing headers change nothing', async () => {
  const gateway = bench()
  const forged = {
    'x-original-url': '/admin',
    'x-rewrite-url': '/admin',
    'x-http-method-override': 'DELETE',
    'x-forwarded-host': 'admin.example',
  }
  const response = await gateway.fetch(chat({}, { headers: forged }))
  expect(response.status).toBe(200)
  for (const name of Object.keys(forged)) expect(gateway.received[0]?.headers).not.toHaveProperty(name)
})

describe('R-10 preflight', () => {
  const preflight = (origin: string) =>
    new Request(`${GATEWAY}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })

  test('an unlisted origin gets an empty 204 that allows nothing', async () => {
    const gateway = bench()
    const response = await gateway.fetch(preflight('https://evil.example'))
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
    expect(headersOf(response)).not.toContain('access-control-allow')
    expectMarked(response)
  })

  test('a listed origin is allowed, on errors too, and only that one', async () => {
    const origin = 'https://app.acme.dev'
    const gateway = bench({ config: { cors: { origins: [origin] } } })
    expect((await gateway.fetch(preflight(origin))).headers.get('access-control-allow-origin')).toBe(origin)
    for (const request of [chat({}, { headers: { origin } }), chat('{', { headers: { origin } })]) {
      const response = await gateway.fetch(request)
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
      expect(response.headers.get('access-control-expose-headers')).toContain('x-request-id')
    }
    const evil = await gateway.fetch(preflight('https://evil.example'))
    expect(headersOf(evil)).not.toContain('access-control-allow')
  })
})

test('H-08 headers that would choose a target, a tenant or a key are ignored', async () => {
  const gateway = bench()
  const forged = {
    'x-gateway-target': 'gemini/gemini-2.5-flash',
    'x-gateway-tenant': 'other',
    'x-openai-key': 'sk-canary-of-the-caller',
    'openai-organization': 'org-canary-of-the-caller',
    'x-stainless-retry-count': '1',
    cookie: 'session=canary-cookie',
  }
  const response = await gateway.fetch(chat({}, { headers: forged }))
  expect(response.headers.get('x-gateway-provider')).toBe('openai')
  const [seen] = gateway.received
  for (const name of Object.keys(forged)) expect(seen?.headers).not.toHaveProperty(name)
  expect(seen?.headers['authorization']).toBe(`Bearer ${OPENAI_KEY}`)
})

test('H-10 a header cannot be split', () => {
  expect(() => chat({}, { headers: { 'openai-beta': 'x\r\nX-Evil: 1' } })).toThrow(TypeError)
})

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'Application/JSON',
  'application/json ; charset=utf-8',
  'application/json;',
  'application/vnd.acme.v1+json',
])('the content type %s is JSON', async (type) => {
  const gateway = bench()
  expect((await gateway.fetch(chat({}, { headers: { 'content-type': type } }))).status).toBe(200)
})

test('H-13 a body that trickles is given up after 15 s', async () => {
  const timers = fakeTimers()
  const gateway = bench({ timers })
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"model":')),
  })
  const pending = gateway.fetch(chat(body))
  await timers.advance(14_999)
  await timers.advance(1)
  await expectRefusal(gateway, await pending, { status: 408, code: 'request_timeout' })
})

test('J-08 a tool parameter may be named constructor or prototype', async () => {
  const gateway = bench()
  const parameters = {
    type: 'object',
    properties: { constructor: { type: 'string' }, prototype: { type: 'object' }, __defineGetter__: {} },
  }
  const body = { ...good(), tools: [{ type: 'function', function: { name: 'f', parameters } }] }
  expect((await gateway.fetch(chat(body))).status).toBe(200)
  expect(gateway.received[0]?.body).toBe(JSON.stringify(body))
})

test('J-07 `__proto__` as a value, or in a text, is no key', async () => {
  const gateway = bench()
  const body = {
    ...good(),
    messages: [
      { role: 'user', content: '__proto__' },
      { role: 'user', content: '{"__proto__":1}' },
    ],
  }
  expect((await gateway.fetch(chat(body))).status).toBe(200)
})

test('J-11 a byte order mark before UTF-8 does no harm', async () => {
  const gateway = bench()
  const body = new TextEncoder().encode(`\ufeff${JSON.stringify(good())}`)
  expect((await gateway.fetch(chat(body))).status).toBe(200)
})

const answer = () => Response.json({ choices: [{ message: {} }] })

test('the isolate holds 48 MB of bodies at a time, and answers 503 beyond', async () => {
  const gateway = bench({ upstream: () => held.promise.then(answer) })
  const held = Promise.withResolvers<void>()
  const large = (megabytes: number) => {
    const body = JSON.stringify({ ...good(), metadata: 'm'.repeat(megabytes * 1_048_576) })
    return chat(new TextEncoder().encode(body), { headers: { 'content-length': String(body.length) } })
  }
  const first = gateway.fetch(large(25))
  const second = await gateway.fetch(large(25))
  expect(second.headers.get('retry-after')).toBe('1')
  await expectRefusal(gateway, second, {
    status: 503,
    type: 'server_error',
    code: 'gateway_overloaded',
    goodRequest: null,
  })
  held.resolve()
  expect((await first).status).toBe(200)
})

test('bodies that do not say how long they are count as well', async () => {
  const held = Promise.withResolvers<void>()
  const gateway = bench({ upstream: () => held.promise.then(answer) })
  const unannounced = () => {
    const bytes = new TextEncoder().encode(
      JSON.stringify({ ...good(), metadata: 'm'.repeat(25 * 1_048_576) }),
    )
    return chat(
      new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += 1_048_576)
            controller.enqueue(bytes.subarray(at, at + 1_048_576))
          controller.close()
        },
      }),
    )
  }
  const first = gateway.fetch(unannounced())
  await settle()
  await expectRefusal(gateway, await gateway.fetch(unannounced()), {
    status: 503,
    type: 'server_error',
    code: 'gateway_overloaded',
    goodRequest: null,
  })
  held.resolve()
  expect((await first).status).toBe(200)
  expect((await bench({ upstream: answer }).fetch(unannounced())).status).toBe(200)
})

test('what the connection to an upstream died of is not told', async () => {
  const gateway = bench({
    upstream: () => {
      throw new Error(`cannot reach https://secret.internal/v1 with ${OPENAI_KEY}`)
    },
  })
  await expectRefusal(gateway, await gateway.fetch(chat()), {
    status: 502,
    type: 'server_error',
    code: 'upstream_error',
    goodRequest: null,
    canaries: ['secret.internal'],
  })
})

test('a fault of ours is logged in one line, and not told', async () => {
  const gateway = bench()
  const request = chat()
  // What no request can do: the runtime's own object fails in our hands.
  Object.defineProperty(request, 'signal', {
    get: () => {
      throw new Error(`broken at https://secret.internal/v1 with ${OPENAI_KEY}`)
    },
  })
  const response = await gateway.fetch(request)
  expect(response.status).toBe(500)
  expectMarked(response)
  const message = 'The gateway failed to handle the request.'
  expect(await response.json()).toEqual({
    error: { message, type: 'server_error', param: null, code: 'internal' },
  })
  expect(JSON.parse(log())).toMatchObject({
    requestId: response.headers.get('x-request-id'),
    cause: 'Error: broken at [url] with [key]',
  })
})

test('every deployment refuses the same way', async () => {
  for (const variables of [DEPLOYMENTS.tenants, DEPLOYMENTS.client]) {
    const gateway = bench({ variables })
    await expectRefusal(gateway, await gateway.fetch(chat('{')), { status: 400, code: 'invalid_json' })
  }
})
