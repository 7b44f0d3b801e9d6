import { describe, expect, test } from 'vitest'
import { bench, chat, contentOf, type ErrorShape, expectErrorFrame, expectRefusal } from './support.ts'

const MODEL = 'gemini-3.8-flash'
type Json = Record<string, unknown>

const user = (content: unknown = 'Hi'): Json => ({ role: 'user', content })
const calls = (...ids: string[]): Json => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
})
const result = (id: string): Json => ({ role: 'tool', tool_call_id: id, content: 'ok' })
const tool = (parameters: unknown) => ({ type: 'function', function: { name: 'f', parameters } })
const PNG = `data:image/png;base64,${btoa('\x89PNG\r\n\x1a\n0000')}`
const GIF = `data:image/gif;base64,${btoa('GIF89a0000000000')}`
const image = (url: string) => ({ type: 'image_url', image_url: { url } })

function deep(levels: number): Json {
  let schema: Json = { type: 'string' }
  for (let i = 0; i < levels; i++) schema = { type: 'object', properties: { a: schema } }
  return schema
}
/** Small as written, deep or endless once its references are followed: siblings make each a copy. */
function following(levels: number, keys: readonly string[]): Json {
  const next = (i: number) => ({ $ref: `#/$defs/d${i}`, title: 'x' })
  const level = (i: number) => ({
    type: 'object',
    properties: Object.fromEntries(keys.map((key) => [key, next(i + 1)])),
  })
  const levelled = Array.from({ length: levels }, (_, i) => [`d${i}`, level(i)])
  return { ...level(-1), $defs: { ...Object.fromEntries(levelled), [`d${levels}`]: {} } }
}
const answering = (schema: Json) => ({
  response_format: { type: 'json_schema', json_schema: { name: 's', schema } },
})

type Row = readonly [what: string, body: Json, error: Partial<ErrorShape> & { readonly says?: string }]
const HISTORY: readonly Row[] = [
  [
    'a tool result without its call',
    { messages: [user(), result('call_9')] },
    { param: 'messages[1].tool_call_id' },
  ],
  [
    'a call without its result',
    { messages: [user(), calls('call_1', 'call_2'), result('call_1'), user()] },
    { param: 'messages[1].tool_calls[1].id', says: 'call_2' },
  ],
  [
    'two results for one call',
    { messages: [user(), calls('call_1'), result('call_1'), result('call_1')] },
    { param: 'messages[3].tool_call_id' },
  ],
]
const OF_ANSWER = 'response_format.json_schema.schema'
const SCHEMAS: readonly Row[] = [
  ['a body that is too deep', answering(deep(80)), { param: null, code: 'json_too_deep' }],
  [
    'the schema of an answer that is too deep',
    answering(following(80, ['a'])),
    { param: expect.stringContaining(OF_ANSWER), code: 'invalid_json_schema' },
  ],
  [
    'the schema of a tool that is too deep',
    { tools: [tool({}), { type: 'function', function: { name: 'g', parameters: following(80, ['a']) } }] },
    { param: expect.stringContaining('tools[1].function.parameters'), code: 'invalid_function_parameters' },
  ],
  [
    'a schema that is too large',
    answering(following(20, ['a', 'b'])),
    { param: expect.stringContaining(OF_ANSWER), code: 'invalid_json_schema' },
  ],
]
const MEDIA: readonly Row[] = [
  [
    'an image of a type that Gemini does not read',
    { messages: [user('1'), user([{ type: 'text', text: 'x' }, image(GIF)])] },
    { param: 'messages[1].content[1].image_url.url', code: 'invalid_image', says: 'image/gif' },
  ],
  [
    'audio of an unknown format',
    { messages: [user([{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'midi' } }])] },
    { param: 'messages[0].content[0].input_audio.format', code: 'unsupported_value' },
  ],
  [
    'a file of a type that Gemini does not read',
    {
      messages: [
        user([{ type: 'file', file: { file_data: 'data:application/zip;base64,AAAA', filename: 'a.zip' } }]),
      ],
    },
    { param: 'messages[0].content[0].file.file_data', code: 'unsupported_value' },
  ],
  [
    'a URL of another scheme',
    { messages: [user([image('ftp://files.acme.com/a.png')])] },
    { param: 'messages[0].content[0].image_url.url', code: 'invalid_image_url' },
  ],
  [
    'a file by a URL of another scheme',
    { messages: [user([{ type: 'file', file: { file_data: 'gs://bucket/a.pdf' } }])] },
    { param: 'messages[0].content[0].file.file_data' },
  ],
  [
    'an image in a system message',
    { messages: [{ role: 'system', content: [image(PNG)] }, user()] },
    { param: 'messages[0].content[0].type' },
  ],
  [
    'an image of the assistant',
    { messages: [user(), { role: 'assistant', content: [image(PNG)] }, user()] },
    { param: 'messages[1].content[0].type' },
  ],
]

describe('bad input for Gemini is refused by message and part, before anyone is asked', () => {
  describe.each([{}, { 'x-gateway-adaptation': 'strict' }])('%j', (headers) => {
    test.each([...HISTORY, ...SCHEMAS, ...MEDIA])('%s', async (_what, body, expected) => {
      for (const stream of [false, true]) {
        const gateway = bench()
        const request = chat({ model: MODEL, messages: [user()], ...body, stream }, { headers })
        const { says = '', code = 'invalid_value', param = null } = expected
        const response = await gateway.fetch(request)
        const { message } = await expectRefusal(gateway, response, { status: 400, code, param })
        expect(message).toContain(says)
      }
    })
  })
})

describe('[gemini 4.10 step 6] [gemini-trap 4] a call that Gemini spelled wrong', () => {
  const ask = (stream: boolean) => chat({ model: MODEL, messages: [user()], tools: [tool({})], stream })
  const slips = (times: number, script: Json) => {
    const gateway = bench()
    gateway.simulator.rules([{ times, do: script }, { do: { text: 'Better now.', calls: [] } }])
    return gateway
  }
  const MALFORMED = { parts: [], finishReason: 'MALFORMED_FUNCTION_CALL' }

  test.each([false, true])('is asked for once more, unnoticed: stream %j', async (stream) => {
    const gateway = slips(1, MALFORMED)
    const response = await gateway.fetch(ask(stream))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(stream ? contentOf(text) : text).toContain('Better now.')
    expect(gateway.received).toHaveLength(2)
  })
  test.each([false, true])('twice is an error: stream %j', async (stream) => {
    const gateway = slips(2, MALFORMED)
    await expectRefusal(gateway, await gateway.fetch(ask(stream)), {
      status: 502,
      type: 'server_error',
      code: 'upstream_bad_response',
      upstream: 2,
    })
  })
  test('after words have been sent ends the stream with an error', async () => {
    const gateway = slips(9, { text: 'Let me see. ', finishReason: 'MALFORMED_FUNCTION_CALL' })
    const text = await (await gateway.fetch(ask(true))).text()
    expect(contentOf(text)).toBe('Let me see. ')
    expectErrorFrame(text, { code: 'upstream_bad_response' })
    expect(gateway.received).toHaveLength(1)
  })
  test.each([false, true])(
    '[gemini-trap 23] [known-bug 34] and an answer of no token after tool results is asked for again: stream %j',
    async (stream) => {
      const gateway = slips(1, { parts: [], usage: { candidatesTokenCount: 0 } })
      const messages = [user(), calls('call_1'), result('call_1')]
      const response = await gateway.fetch(chat({ model: MODEL, messages, tools: [tool({})], stream }))
      const text = await response.text()
      expect(stream ? contentOf(text) : text).toContain('Better now.')
      expect(gateway.received).toHaveLength(2)
    },
  )
})
