import { describe, expect, test } from 'vitest'
import { bench, chat, dataOf, good, type Body, type Variables, DEPLOYMENTS, scripted } from './support.ts'

const MESSAGES = '"messages":[{"role":"user","content":"hi"}]'

/** Texts that a parser and a serialiser would not give back as they were. */
const ODD: Readonly<Record<string, string>> = {
  'white space': `\n {\t"model" :"gpt-4o-mini" ,\r\n "messages":\n[ {"role":"user" , "content":"hi"} ]\n}\n `,
  'big integers': `{"model":"gpt-4o-mini",${MESSAGES},"seed":12345678901234567890}`,
  'number spellings': `{"model":"gpt-4o-mini",${MESSAGES},"temperature":1.0,"top_p":1e-1,"presence_penalty":-0.0}`,
  'unicode escapes': `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"\\u0048\\u00e9\\ud83d\\udc4b \\/ 👋"}]}`,
  'lone surrogates': `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"\\ud83d"}]}`,
  'key order': `{"zeta":1,${MESSAGES},"2":1,"1":2,"model":"gpt-4o-mini","alpha":null}`,
  'inner keys twice': `{"model":"gpt-4o-mini",${MESSAGES},"tomorrow":{"a":1,"a":2}}`,
  'an escaped key': `{"mod\\u0065l":"gpt-4o-mini",${MESSAGES}}`,
  'unknown fields and values': `{"model":"gpt-4o-mini","messages":[{"role":"user","content":[{"type":"text","text":"hi","future":1}],"new":{}}],"tomorrow":{"a":[1,{"b":null}]},"service_tier":"warp"}`,
  'line separators': `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"a\u2028b\u2029c"}]}`,
}

describe('a request goes out as it came', () => {
  test.each(Object.entries(ODD))('with %s', async (_, text) => {
    const gateway = bench()
    expect((await gateway.fetch(chat(text))).status).toBe(200)
    expect(gateway.received.map(({ body }) => body)).toEqual([text])
  })

  test('J-13, S-07, S-08, S-11, S-16, S-20 including values that only the provider judges', async () => {
    const hi = { role: 'user', content: 'hi' }
    const bodies = [
      `{"model":"gpt-4o-mini",${MESSAGES},"max_tokens":1e400}`,
      `{"model":"gpt-4o-mini",${MESSAGES},"max_tokens":12345678901234567890}`,
      ...[
        { messages: [{ role: 'root', content: 'hi' }, hi] },
        { messages: [hi, { role: 'tool', content: 'x' }, hi] },
        { messages: Array.from({ length: 5_000 }, () => hi) },
        { max_tokens: 0 },
        { max_tokens: -5 },
        { max_tokens: 1.5 },
        { stop: ['a', 'b', 'c', 'd', 'e'] },
        { logit_bias: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`t${i}`, 1])) },
        { user: 'u'.repeat(10_240) },
      ].map((more) => JSON.stringify({ model: 'gpt-4o-mini', messages: [hi], ...more })),
    ]
    for (const body of bodies) {
      const gateway = bench()
      await gateway.fetch(chat(body))
      expect(gateway.received[0]?.body).toBe(body)
    }
  })

  test('and what the provider says about it comes back', async () => {
    const gateway = bench({
      upstream: () =>
        Response.json(
          {
            error: {
              message: "Invalid 'max_tokens': integer below minimum value.",
              type: 'invalid_request_error',
              param: 'max_tokens',
              code: 'integer_below_min_value',
            },
          },
          { status: 400 },
        ),
    })
    const response = await gateway.fetch(chat({ max_tokens: 0 }))
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: {
        message: "Invalid 'max_tokens': integer below minimum value.",
        type: 'invalid_request_error',
        param: 'max_tokens',
        code: 'integer_below_min_value',
      },
    })
  })

  test('only the members that must change are changed', async () => {
    const sent = `{ "model" : "gpt-4o-audio",\t${MESSAGES} ,"seed":12345678901234567890, "max_tokens":1.0}`
    const gateway = bench()
    await gateway.fetch(chat(sent))
    expect(gateway.received[0]?.body).toBe(sent.replace('gpt-4o-audio', 'gpt-4o-audio-preview'))
  })

  test('P-10 tool arguments with `__proto__` are an opaque text, both ways', async () => {
    const args = '{"__proto__":{"admin":true}}'
    const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: args } }
    const messages = [
      { role: 'user', content: `hi [[sim ${JSON.stringify({ calls: [{ name: 'f', args }] })}]]` },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: args },
      { role: 'user', content: `again [[sim ${JSON.stringify({ calls: [{ name: 'f', args }] })}]]` },
    ]
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const gateway = bench()
    const body = { model: 'gpt-4o-mini', messages, tools }
    const response = await gateway.fetch(chat(body))
    expect(gateway.received[0]?.body).toBe(JSON.stringify(body))
    const answer = (await response.json()) as { choices: { message: { tool_calls: unknown[] } }[] }
    expect(answer.choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: args } }])
  })
})

describe('an answer comes back as it is', () => {
  test.each([
    '{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"h\\u0069 👋"},"finish_reason":"stop"}],"usage":null}',
    ' {\n"choices" : [ {"index":0} ],\t"big":12345678901234567890, "f":1.0, "new":{"x":[]} }\n',
    '{"choices":[{"message":{"__proto__":{"a":1},"content":"x"}}],"choices":[{"message":{}}]}',
  ])('%s', async (text) => {
    const gateway = bench({
      upstream: () => new Response(text, { headers: { 'content-type': 'text/plain', 'set-cookie': 'a=b' } }),
    })
    const response = await gateway.fetch(chat())
    expect(await response.text()).toBe(text)
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  test('with headers of ours, and none of the provider', async () => {
    const gateway = bench()
    const response = await gateway.fetch(chat())
    const names = [...response.headers.keys()]
    expect(names.sort()).toEqual([
      'cache-control',
      'content-type',
      'deprecation',
      'server-timing',
      'sunset',
      'x-gateway-attempts',
      'x-gateway-cost',
      'x-gateway-model',
      'x-gateway-provider',
      'x-gateway-upstream-request-id',
      'x-gateway-usage',
      'x-request-id',
    ])
    expect(response.headers.get('x-gateway-model')).toBe('gpt-4o-mini-2024-07-18')
    expect(response.headers.get('x-gateway-upstream-request-id')).toMatch(/^req_/)
    expect(response.headers.get('x-request-id')).not.toBe(
      response.headers.get('x-gateway-upstream-request-id'),
    )
  })
})

const CHUNK = (delta: object, finish: string | null = null, more = '') =>
  `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]${more}}`
const USAGE =
  '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}'

/** An upstream that streams exactly this text. */
function streaming(text: string, variables: Variables = DEPLOYMENTS.gateway) {
  const requests: string[] = []
  const gateway = bench({
    variables,
    upstream: async (request) => {
      requests.push(await request.text())
      return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return { gateway, requests }
}

async function through(text: string, body: Body = {}): Promise<string> {
  const { gateway } = streaming(text)
  return (await gateway.fetch(chat({ ...good(), stream: true, ...body }))).text()
}

const WANTED = { stream_options: { include_usage: true } }

describe('the usage of a stream', () => {
  test('is asked for when the caller did not, with nothing else changed', async () => {
    const sent = `{ "model":"gpt-4o-mini", ${MESSAGES},"stream" : true }`
    const { gateway, requests } = streaming('')
    await gateway.fetch(chat(sent))
    expect(requests).toContain(
      `{ "model":"gpt-4o-mini", ${MESSAGES},"stream" : true,"stream_options":{"include_usage":true} }`,
    )
  })

  test.each([
    ['null', '{"include_usage":true}'],
    ['{}', '{"include_usage":true}'],
    ['{"include_usage":false}', '{"include_usage":true}'],
    [
      '{"include_usage":null, "include_obfuscation":false}',
      '{"include_usage":true,"include_obfuscation":false}',
    ],
  ])('with stream_options %s', async (options, changed) => {
    const text = (value: string) =>
      `{"model":"gpt-4o-mini","stream":true,"stream_options":${value},${MESSAGES}}`
    const { gateway, requests } = streaming('')
    await gateway.fetch(chat(text(options)))
    expect(requests[0]).toBe(text(changed))
  })

  test.each(['{"include_usage":true}', '{ "include_usage" : true , "x":1 }'])(
    'a caller who asked with %s has their bytes sent, and gets the bytes of the answer, with its cost at the end',
    async (options) => {
      const sent = `{"model":"gpt-4o-mini","stream":true,"stream_options":${options},${MESSAGES}}`
      const answer = [
        CHUNK({ role: 'assistant', content: '' }, null, ',"usage":null'),
        CHUNK({ content: 'Héé 👋' }, null, ', "usage" : null ,"obfuscation":"x"'),
        CHUNK({}, 'stop', ',"usage":null'),
        USAGE,
        '[DONE]',
      ]
        .map((data) => `data: ${data}\n\n`)
        .join('')
      const { gateway, requests } = streaming(answer)
      const response = await gateway.fetch(chat(sent))
      const priced = USAGE.replace('"total_tokens":3}', '"total_tokens":3,"cost":0.00000135}')
      const trailer = ': x-gateway-cost: 0.00000135; x-gateway-usage: input=1, output=2\n'
      expect(await response.text()).toBe(
        answer.replace(USAGE, priced).replace('data: [DONE]', `${trailer}data: [DONE]`),
      )
      expect(requests).toEqual([sent])
    },
  )

  test.each([
    ['stream false', { stream: false }],
    ['stream null', { stream: null }],
    ['no stream', {}],
  ])('is not asked for with %s', async (_, more) => {
    const gateway = bench()
    const body = { ...good(), ...more }
    await gateway.fetch(chat(body))
    expect(gateway.received[0]?.body).toBe(JSON.stringify(body))
  })

  const event = (data: string) => `data: ${data}\n\n`
  const CASES: readonly { readonly name: string; readonly from: string; readonly to: string | undefined }[] =
    [
      {
        name: 'at the end',
        from: CHUNK({ content: 'x' }, null, ',"usage":null'),
        to: CHUNK({ content: 'x' }),
      },
      {
        name: 'in the middle, spaced',
        from: CHUNK(
          { content: 'x' },
          null,
          ' , "usage" : null , "obfuscation":"Qx1", "big":12345678901234567890',
        ),
        to: CHUNK({ content: 'x' }, null, '  , "obfuscation":"Qx1", "big":12345678901234567890'),
      },
      {
        name: 'in the first place',
        from: `{"usage":null, "n":1.0,${CHUNK({ content: 'x' }).slice(1)}`,
        to: `{"n":1.0,${CHUNK({ content: 'x' }).slice(1)}`,
      },
      {
        name: 'beside a member of that name further in',
        from: CHUNK({ content: 'x', extra: { a: 1, usage: null } }, null, ',"usage":null'),
        to: CHUNK({ content: 'x', extra: { a: 1, usage: null } }),
      },
      {
        name: 'only further in',
        from: CHUNK({ content: 'x', extra: { a: 1, usage: null } }),
        to: CHUNK({ content: 'x', extra: { a: 1, usage: null } }),
      },
      {
        name: 'spelt out in the text of the answer',
        from: CHUNK({ content: ',"usage":null' }, null, ',"usage":null'),
        to: CHUNK({ content: ',"usage":null' }),
      },
      {
        name: 'with a value on a chunk that also has content',
        from: CHUNK({ content: 'x' }, null, ',"usage":{"prompt_tokens":1,"completion_tokens":1},"f":1.0'),
        to: CHUNK({ content: 'x' }, null, ',"f":1.0'),
      },
      { name: 'not there at all', from: CHUNK({ content: '\u2028é' }), to: CHUNK({ content: '\u2028é' }) },
      {
        name: 'null on a chunk without choices',
        from: '{"choices":[],"prompt_filter_results":[{"x":1.0}],"usage":null}',
        to: '{"choices":[],"prompt_filter_results":[{"x":1.0}]}',
      },
      { name: 'the chunk of its own', from: USAGE, to: undefined },
    ]
  const close = CHUNK({}, 'stop')

  test.each(CASES)('is taken out: $name', async ({ from, to }) => {
    const answer = await through(event(from) + event(close) + event('[DONE]'))
    expect(answer).toBe((to === undefined ? '' : event(to)) + event(close) + event('[DONE]'))
  })

  test('is taken out with the rest of the event as it came: CRLF, ids, names, comments', async () => {
    const crlf = (data: string) => `id: 7\r\nevent: chunk\r\ndata: ${data}\r\n\r\n`
    const chunk = (more: string) => CHUNK({ content: '$& $1' }, null, more)
    const answer = await through(crlf(chunk(',"usage":null')) + crlf(close) + crlf('[DONE]'))
    expect(answer).toBe(crlf(chunk('')) + crlf(close) + crlf('[DONE]'))
  })

  test('is taken out of data that came in several lines', async () => {
    const lines = CHUNK({ content: 'x' }, null, ',"usage":null').replaceAll(',', ',\ndata: ')
    const answer = await through(event(lines) + event(close) + event('[DONE]'))
    expect(answer).toBe(event(lines.replace(',\ndata: "usage":null', '')) + event(close) + event('[DONE]'))
  })

  test('is read all the same', async () => {
    const gateway = bench()
    await (await gateway.fetch(chat({ ...good(), stream: true }))).text()
    await gateway.idle()
    expect(gateway.settled).toMatchObject([
      { finish: 'complete', usage: { inputTokens: expect.any(Number) } },
    ])
  })

  test('from the simulator, asked for and not', async () => {
    const gateway = bench()
    const stream = async (body: Body) =>
      (await gateway.fetch(chat({ ...good(), stream: true, ...body }))).text()
    const without = await stream({})
    expect(without).not.toContain('usage')
    expect(dataOf(without).at(-1)).toBe('[DONE]')
    const parsed = dataOf(await stream(WANTED)).slice(0, -1)
    expect(parsed.every((data) => Object.hasOwn(JSON.parse(data) as object, 'usage'))).toBe(true)
    expect(JSON.parse(parsed.at(-1) ?? '')).toMatchObject({
      choices: [],
      usage: { prompt_tokens: expect.any(Number) },
    })
  })
})

describe('any framing gives the same stream', () => {
  const whole = async (script: object) => {
    const gateway = bench()
    gateway.simulator.rules([{ do: { text: 'Zoë 👋 naïve 日本語', modelVersion: 'm', ...script } }])
    const response = await gateway.fetch(
      chat({ ...good(), stream: true, stream_options: { include_obfuscation: false } }),
    )
    return dataOf(await response.text()).map((data) =>
      data.replaceAll(/"(?:id|created)":(?:"[^"]*"|\d+)/g, ''),
    )
  }
  test.each([
    { byteByByte: true },
    { crlf: true },
    { crlf: true, byteByByte: true },
    { comments: true },
    { splitAt: [1, 5, 7] },
  ])('%j', async (script) => {
    expect(await whole(script)).toEqual(await whole({}))
  })

  test('comments and blank events of the upstream vanish', async () => {
    const close = CHUNK({}, 'stop')
    const answer = await through(
      `: hello\n\n\n\ndata:\n\ndata: : keep-alive\n\nretry: 5\n\ndata: ${close}\n\n: bye\n\ndata: [DONE]\n\n`,
    )
    expect(answer).toBe(`data: ${close}\n\ndata: [DONE]\n\n`)
  })

  test('a last event without its blank line counts', async () => {
    expect(await through(`data: ${CHUNK({}, 'stop')}\n\ndata: [DONE]`)).toBe(
      `data: ${CHUNK({}, 'stop')}\n\ndata: [DONE]\n\n`,
    )
  })

  test('what follows [DONE] is not forwarded', async () => {
    const end = `data: ${CHUNK({}, 'stop')}\n\ndata: [DONE]\n\n`
    expect(await through(`${end}data: {"error":{"message":"late"}}\n\ndata: ${USAGE}\n\n`)).toBe(end)
  })
})

test('the base URL may have a path, or a slash at its end', async () => {
  const gateway = bench({
    variables: { ...DEPLOYMENTS.gateway, OPENAI_BASE_URL: 'https://openai.upstream.test/v1/' },
  })
  expect((await gateway.fetch(scripted({ text: 'hi' }))).status).toBe(200)
  expect(gateway.received[0]?.path).toBe('/v1/chat/completions')
})
