import { describe, expect, test } from 'vitest'
import type { KeyValueStore } from '../../src/cache/ports.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Script } from '../../simulator/index.ts'
import { fakeKv } from './fake-kv.ts'
import {
  type Bench,
  bench,
  type Body,
  chat,
  contentOf,
  dataOf,
  DEPLOYMENTS,
  expectClean,
  expectMarked,
  expectRefusal,
  fakeTimers,
  good,
  KEY_A,
  KEY_B,
  PROMPT,
  settle,
} from './support.ts'

const ON = { 'x-gateway-cache': 'ttl=60' }
const variables = DEPLOYMENTS.tenants
const refused = { status: 400, code: 'invalid_header' }

/** A gateway of two tenants; another one over the same `kv` is another isolate. */
const isolate = (
  kv: KeyValueStore,
  more: { config?: ConfigInput; timers?: ReturnType<typeof fakeTimers> } = {},
) => bench({ variables, config: {}, kv, ...more })

async function ask(gateway: Bench, body: Body = {}, { headers = ON, key = KEY_A }: Asked = {}) {
  const response = await gateway.fetch(chat(body, { headers, key }))
  const text = await response.text()
  await gateway.idle()
  return { status: response.headers.get('x-gateway-cache'), text, response, headers: response.headers }
}
interface Asked {
  headers?: Record<string, string>
  key?: string
}
const prompted = (script: Script) => ({
  messages: [{ role: 'user', content: `${PROMPT} [[sim ${JSON.stringify(script)}]]` }],
})

describe('a hit', () => {
  test('has the same bytes, asks nobody, costs nothing and says what it saved', async () => {
    const gateway = isolate(fakeKv())
    const first = await ask(gateway)
    const second = await ask(gateway, { user: 'another', n: 1 })
    expect([first.status, second.status]).toEqual(['miss', 'hit'])
    expect(second.text).toBe(first.text)
    expect(gateway.received).toHaveLength(1)
    expect(second.headers.get('x-gateway-cost')).toBe('0')
    expect(second.headers.get('x-gateway-saved')).toBe(first.headers.get('x-gateway-cost'))
    expect(Number(second.headers.get('x-gateway-saved'))).toBeGreaterThan(0)
    expect(second.headers.get('x-gateway-cache-key')).toMatch(/^[\w-]{24}$/)
    expect(second.headers.get('x-gateway-cache-key')).toBe(first.headers.get('x-gateway-cache-key'))
    expect(second.headers.get('age')).toBe('0')
    expect(second.headers.get('x-gateway-attempts')).toBe('0')
    expect(second.headers.get('x-gateway-model')).toBe(first.headers.get('x-gateway-model'))
    expectMarked(second.response)
    expect(gateway.settled[1]).toMatchObject({
      finish: 'complete',
      usage: { inputTokens: 0, outputTokens: 0 },
      cache: { status: 'hit', saved: gateway.settled[0]?.usage },
    })
  })

  test('comes from KV in another isolate, where nothing can be read', async () => {
    const kv = fakeKv()
    const first = await ask(isolate(kv))
    expect(kv.entries.size).toBe(1)
    const [[name, value]] = [...kv.entries] as [[string, Uint8Array]]
    expectClean([name, new TextDecoder('latin1').decode(value)], ['gpt-4o', 'You said', 'chatcmpl'])
    const other = isolate(kv)
    const second = await ask(other)
    expect(second).toMatchObject({ status: 'hit', text: first.text })
    expect(other.received).toHaveLength(0)
    await ask(other)
    expect(kv.reads).toBe(2) // the second hit came from memory
  })

  test('touches no Durable Object', async () => {
    const kv = fakeKv()
    await ask(isolate(kv))
    const gateway = bench({ variables, config: {}, kv, healthObject: () => expect.unreachable() })
    expect((await ask(gateway)).status).toBe('hit')
  })

  test.each(['gpt-4o-mini', 'gemini-2.5-flash'])(
    'of %s is a stream or not, whatever was first',
    async (model) => {
      const whole = isolate(fakeKv())
      const unary = await ask(whole, { model })
      const { content } = (JSON.parse(unary.text) as Completion).choices[0]!.message
      const unfolded = await ask(whole, { model, stream: true })
      expect(unfolded.status).toBe('hit')
      expect(unfolded.headers.get('content-type')).toContain('text/event-stream')
      expect(contentOf(unfolded.text)).toBe(content)
      expect(dataOf(unfolded.text).at(-1)).toBe('[DONE]')
      expect(unfolded.text).not.toContain('"usage"')

      const streaming = isolate(fakeKv())
      const stream = await ask(streaming, { model, stream: true })
      const again = await ask(streaming, { model, stream: true })
      expect(again).toMatchObject({ status: 'hit', text: stream.text })
      const counted = await ask(streaming, { model, stream: true, stream_options: { include_usage: true } })
      expect(counted.status).toBe('hit')
      const folded = await ask(streaming, { model })
      expect(folded.status).toBe('hit')
      expect(comparable(folded.text)).toEqual(comparable(unary.text))
      const { usage } = JSON.parse(dataOf(counted.text).at(-2)!) as { usage: object }
      const used = (JSON.parse(unary.text) as { usage: object }).usage
      expect(usage).toEqual({ ...used, cost: 0 })
      const saved = counted.headers.get('x-gateway-saved')
      expect(Number(saved)).toBeGreaterThan(0)
      expect(counted.text).toContain(`\n: x-gateway-cost: 0; x-gateway-saved: ${saved}\ndata: [DONE]\n\n`)
      expect(again.text).not.toContain('x-gateway-cost')
      expect(streaming.received).toHaveLength(1)
    },
  )

  test('of other endpoints', async () => {
    const gateway = isolate(fakeKv())
    const bodies: readonly [path: string, body: Body][] = [
      ['/v1/embeddings', { model: 'text-embedding-3-small', input: 'x' }],
      ['/v1/moderations', { model: 'omni-moderation-latest', input: 'x' }],
      ['/v1/audio/speech', { model: 'gpt-4o-mini-tts', input: 'x', voice: 'alloy' }],
      ['/v1/images/generations', { model: 'gpt-image-2', prompt: 'x' }],
      ['/v1/completions', { model: 'gpt-4o-mini', prompt: 'x' }],
    ]
    for (const [path, body] of bodies) {
      const results: string[] = []
      const answers: unknown[] = []
      for (let i = 0; i < 2; i++) {
        const response = await gateway.fetch(chat(JSON.stringify(body), { path, headers: ON }))
        results.push(`${response.status} ${response.headers.get('x-gateway-cache')}`)
        answers.push([response.headers.get('content-type'), new Uint8Array(await response.arrayBuffer())])
        await gateway.idle()
      }
      expect([path, results]).toEqual([path, ['200 miss', '200 hit']])
      expect(answers[1]).toEqual(answers[0])
    }
  })
})
describe('streams of other endpoints', () => {
  const script = '[[sim {"text":"a b c"}]]'
  const STREAMS: readonly [path: string, body: Body, stream: Body][] = [
    ['/v1/completions', { model: 'gpt-4o-mini', prompt: script, n: 2, logprobs: 1 }, { stream: true }],
    ['/v1/completions', { model: 'gemini-2.5-flash', prompt: ['a', 'b'] }, { stream: true }],
    ['/v1/images/generations', { model: 'gpt-image-2', prompt: 'x' }, { stream: true }],
    ['/v1/images/generations', { model: 'gemini-2.5-flash-image', prompt: 'x', n: 2 }, { stream: true }],
    ['/v1/audio/speech', { model: 'gpt-4o-mini-tts', input: 'x', voice: 'alloy' }, { stream_format: 'sse' }],
  ]
  const asked = async (gateway: Bench, path: string, body: Body) => {
    const response = await gateway.fetch(chat(JSON.stringify(body), { path, headers: ON }))
    const text = await response.text()
    await gateway.idle()
    return { status: `${response.status} ${response.headers.get('x-gateway-cache')}`, text, response }
  }

  test.each(STREAMS)(
    '%s %j is replayed event for event, in another isolate too',
    async (path, body, more) => {
      const kv = fakeKv()
      const [here, elsewhere] = [isolate(kv), isolate(kv)]
      const first = await asked(here, path, { ...body, ...more })
      expect(first.status).toBe('200 miss')
      const calls = here.received.length
      for (const gateway of [here, elsewhere]) {
        const { status, text, response } = await asked(gateway, path, { ...body, ...more })
        expect([status, text]).toEqual(['200 hit', first.text])
        expect(response.headers.get('content-type')).toContain('text/event-stream')
      }
      expect([here.received.length, elsewhere.received.length]).toEqual([calls, 0])
    },
  )

  test.each(STREAMS.slice(0, 4))('%s %j is a stream or not, whatever was first', async (path, body, more) => {
    const [whole, streaming] = [isolate(fakeKv()), isolate(fakeKv())]
    const unary = await asked(whole, path, body)
    const unfolded = await asked(whole, path, { ...body, ...more })
    expect([unary.status, unfolded.status]).toEqual(['200 miss', '200 hit'])
    await asked(streaming, path, { ...body, ...more })
    const folded = await asked(streaming, path, body)
    expect(folded.status).toBe('200 hit')
    expect(comparable(folded.text)).toEqual(comparable(unary.text))
    const again = isolate(fakeKv())
    const original = await asked(again, path, { ...body, ...more })
    expect(saidBy(unfolded.text)).toEqual(saidBy(original.text))
  })

  test('that are cut, or filtered, are not kept', async () => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const cut = `x [[sim ${JSON.stringify({ cutAfter: 1 })}]]`
    const long = `x [[sim ${JSON.stringify({ text: 'x', finishReason: 'length' })}]]`
    const texts: string[] = []
    for (const [path, body] of [
      ['/v1/completions', { model: 'gpt-4o-mini', prompt: cut, stream: true }],
      ['/v1/completions', { model: 'gpt-4o-mini', prompt: long, stream: true }],
      ['/v1/images/generations', { model: 'gpt-image-2', prompt: cut, stream: true, partial_images: 2 }],
      ['/v1/audio/speech', { model: 'gpt-4o-mini-tts', input: cut, voice: 'alloy', stream_format: 'sse' }],
    ] as const)
      texts.push((await asked(gateway, path, body)).text)
    expect(kv.writes).toBe(0)
    expect(texts.map((text) => text.includes('"error"'))).toEqual([true, false, true, true])
  })

  /** What a stream says, whatever its pieces: the text of each choice, or each picture. */
  function saidBy(text: string): unknown {
    const said: Record<string, string> = {}
    const pictures: unknown[] = []
    for (const data of dataOf(text)) {
      if (data === '[DONE]') continue
      const { choices = [], ...event } = JSON.parse(data) as Body & { choices?: Body[] }
      for (const { index, text: piece, finish_reason: reason } of choices)
        said[String(index)] =
          `${said[String(index)] ?? ''}${String(piece)}${typeof reason === 'string' ? `(${reason})` : ''}`
      if ('b64_json' in event) pictures.push({ ...event, created_at: 0 })
    }
    return [said, pictures]
  }
})
interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string } }[]
}
/** Without what differs between two upstream answers to the same request, and an empty list that streams leave out. */
function comparable(text: string): unknown {
  const {
    id: _id,
    created: _created,
    system_fingerprint: _print,
    ...rest
  } = JSON.parse(text) as Record<string, unknown>
  return JSON.parse(JSON.stringify(rest).replaceAll(',"annotations":[]', ''))
}

describe('tenants', () => {
  test('C-01 share nothing, in memory or KV, in any isolate', async () => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const a = await ask(gateway)
    const b = await ask(gateway, {}, { key: KEY_B })
    expect([a.status, b.status]).toEqual(['miss', 'miss'])
    expect(a.headers.get('x-gateway-cache-key')).not.toBe(b.headers.get('x-gateway-cache-key'))
    expect(gateway.received).toHaveLength(2)
    expect(kv.entries.size).toBe(2)
    const other = isolate(kv)
    expect((await ask(other)).text).toBe(a.text)
    expect((await ask(other, {}, { key: KEY_B })).text).toBe(b.text)
    expect(other.received).toHaveLength(0)
  })

  test('open nothing that lies in the place of their own', async () => {
    const kv = fakeKv()
    await ask(isolate(kv))
    await ask(isolate(kv), {}, { key: KEY_B })
    const [a, b] = [...kv.entries.keys()] as [string, string]
    kv.entries.set(b, kv.entries.get(a)!)
    const gateway = isolate(kv)
    expect((await ask(gateway, {}, { key: KEY_B })).status).toBe('miss')
    expect(gateway.received).toHaveLength(1)
  })

  test('C-05 a key that is not one gets 401, whatever is kept', async () => {
    const gateway = isolate(fakeKv())
    await ask(gateway)
    expect((await gateway.fetch(chat({}, { headers: ON, key: 'gwkey-revoked' }))).status).toBe(401)
  })
})

describe('callers with provider keys of their own', () => {
  const own = (key: string) => ({ ...ON, 'x-openai-api-key': key })
  test.each([
    ['an SDK that must send a key', { ...DEPLOYMENTS.client, GATEWAY_SECRET: variables.GATEWAY_SECRET }],
    ['an open deployment', { ...DEPLOYMENTS.anonymous, GATEWAY_SECRET: variables.GATEWAY_SECRET }],
  ])('share nothing, whatever else they say alike: %s', async (_, of) => {
    const kv = fakeKv()
    const made = () => bench({ variables: of, config: { keyMode: 'client' }, kv })
    const gateway = made()
    const a = await ask(gateway, {}, { headers: own('sk-a'), key: 'placeholder' })
    const b = await ask(gateway, {}, { headers: own('sk-b'), key: 'placeholder' })
    expect([a.status, b.status]).toEqual(['miss', 'miss'])
    expect(b.headers.get('x-gateway-cache-key')).not.toBe(a.headers.get('x-gateway-cache-key'))
    for (const isolated of [gateway, made()])
      expect(await ask(isolated, {}, { headers: own('sk-a'), key: 'placeholder' })).toMatchObject({
        status: 'hit',
        text: a.text,
      })
  })
})

describe('C-02 differs', () => {
  const CONFIG: ConfigInput = { routes: { alias: { targets: [{ model: 'gpt-4o-mini' }] } } }
  test.each<[string, Body]>([
    ['another alias of the same model', { model: 'alias' }],
    [
      'another system prompt',
      { messages: [{ role: 'system', content: 'x' }, ...(good()['messages'] as [])] },
    ],
    ['another temperature', { temperature: 0.1 }],
    ['an unknown field', { x_unknown: 1 }],
  ])('%s', async (_, body) => {
    const gateway = isolate(fakeKv(), { config: CONFIG })
    await ask(gateway)
    expect((await ask(gateway, body)).status).toBe('miss')
    expect(gateway.received).toHaveLength(2)
  })

  test('a generation: everything, tenant or route', async () => {
    const kv = fakeKv()
    const first = await ask(isolate(kv))
    const tenant = `key_${await hashOf(KEY_A)}`
    for (const generation of [
      { everything: 1 },
      { tenants: { [tenant]: 1 } },
      { routes: { 'gpt-4o-mini': 1 } },
    ]) {
      const gateway = isolate(kv, { config: { cache: { generation } } })
      const { status, headers } = await ask(gateway)
      expect(status).toBe('miss')
      expect(headers.get('x-gateway-cache-key')).not.toBe(first.headers.get('x-gateway-cache-key'))
    }
  })
})
async function hashOf(key: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)))
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

describe('nothing is kept', () => {
  test.each<[string, Script, boolean]>([
    ['C-07 length', { text: 'x', finishReason: 'length' }, false],
    ['C-07 length in a stream', { text: 'x', finishReason: 'length' }, true],
    ['C-08 content_filter', { text: 'x', finishReason: 'content_filter' }, false],
    ['C-08 an error', { error: 'conflict', status: 422 }, false],
    ['a refusal', { refusal: 'no' }, false],
    ['C-07 a stream that is cut', { cutAfter: 3 }, true],
    ['C-07 a stream without [DONE]', { noDone: true }, true],
    ['C-08 an error in a stream', { errorAfter: 3 }, true],
  ])('of %s', async (_, script, stream) => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const body = { ...prompted(script), ...(stream && { stream }) }
    await ask(gateway, body)
    const second = await ask(gateway, body)
    expect(second.status).not.toBe('hit')
    expect([kv.writes, gateway.received.length]).toEqual([0, 2])
  })

  test.each<[string, Uint8Array[], boolean]>([
    ['cut short', [new Uint8Array(100)], true],
    ['empty', [], false],
  ])('of sound that is %s', async (_, pieces, breaks) => {
    const kv = fakeKv()
    const upstream = () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            const piece = pieces.shift()
            if (piece !== undefined) controller.enqueue(piece)
            else if (breaks) controller.error(new TypeError('reset'))
            else controller.close()
          },
        }),
        { headers: { 'content-type': 'audio/mpeg' } },
      )
    const gateway = bench({ variables, config: {}, kv, upstream })
    const body = JSON.stringify({ model: 'gpt-4o-mini-tts', input: 'x', voice: 'alloy' })
    const response = await gateway.fetch(chat(body, { path: '/v1/audio/speech', headers: ON }))
    await response.arrayBuffer().catch(() => undefined)
    await gateway.idle()
    expect(kv.writes).toBe(0)
  })

  test('C-07 of a stream that the client left', async () => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const response = await gateway.fetch(
      chat({ stream: true, ...prompted({ text: 'a b c d e f', stallAfter: 4 }) }, { headers: ON }),
    )
    const reader = response.body!.getReader()
    await reader.read()
    await reader.cancel()
    await gateway.idle()
    expect(kv.writes).toBe(0)
  })

  test.each([false, true])('of an answer that is too long (streamed: %s)', async (stream) => {
    const kv = fakeKv()
    const gateway = isolate(kv, { config: { cache: { maxEntryBytes: 2_000 } } })
    const long = await ask(gateway, { stream, ...prompted({ text: 'word '.repeat(1_000) }) })
    expect(long.text.length).toBeGreaterThan(2_000)
    expect(kv.writes).toBe(0)
    await ask(gateway)
    expect(kv.writes).toBe(1)
  })

  describe('after failover to another model', () => {
    const routes = (failover: boolean): ConfigInput => ({
      routes: {
        both: {
          targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1', priority: 1 }],
          cache: { ttlSeconds: 60, failover },
        },
      },
    })
    test.each([
      [false, 0],
      [true, 1],
    ])('unless the route says so: %s', async (failover, writes) => {
      const kv = fakeKv()
      const gateway = isolate(kv, { config: routes(failover) })
      gateway.simulator.rules([{ match: { model: 'gpt-4o-mini' }, do: { status: 500 } }])
      const { response } = await ask(gateway, { model: 'both' }, { headers: {} })
      expect(response.headers.get('x-gateway-model')).toContain('gpt-4.1')
      expect(kv.writes).toBe(writes)
    })

    /** The order in the route is the order of trial: nobody needs to write a priority to have a second choice. */
    const listed = (strategy: 'priority' | 'round-robin' = 'priority'): ConfigInput => ({
      routes: {
        both: {
          targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1' }],
          strategy,
          cache: { ttlSeconds: 60 },
        },
      },
    })
    test.each([
      ['ill', { status: 500 }],
      ['out of quota', { status: 429 }],
    ])('of which nothing is seen, because it was known to be %s', async (_, fault) => {
      const kv = fakeKv()
      const gateway = isolate(kv, { config: listed() })
      gateway.simulator.rules([{ match: { model: 'gpt-4o-mini' }, do: fault }])
      let passedOver = 0
      for (let seed = 0; seed < 20; seed++) {
        const { response } = await ask(gateway, { model: 'both', seed }, { headers: {} })
        expect(response.headers.get('x-gateway-model')).toContain('gpt-4.1')
        passedOver += Number(response.headers.get('x-gateway-attempts') === '1')
      }
      expect(passedOver).toBeGreaterThan(0)
      expect(kv.writes).toBe(0)
    })

    test('but what takes its turn stands in for nobody', async () => {
      const kv = fakeKv()
      const gateway = isolate(kv, { config: listed('round-robin') })
      for (let seed = 0; seed < 4; seed++) await ask(gateway, { model: 'both', seed }, { headers: {} })
      expect(kv.writes).toBe(4)
    })
  })
})

describe('KV', () => {
  test('that fails: requests go on', async () => {
    const kv = fakeKv({
      read: () => Promise.reject(new Error('KV is down')),
      write: () => Promise.reject(new Error('KV is down')),
    })
    const gateway = isolate(kv)
    expect((await ask(gateway)).response.status).toBe(200)
    expect((await ask(gateway)).status).toBe('hit') // memory
    for (let i = 0; i < 5; i++) await ask(gateway, { seed: i })
    expect(kv.reads).toBe(3) // then nobody waits for it any more
  })

  test('that is slow is waited for no longer than its limit', async () => {
    const kv = fakeKv({ read: () => new Promise<never>(() => undefined) })
    const timers = fakeTimers()
    const gateway = isolate(kv, { timers })
    const pending = gateway.fetch(chat({}, { headers: ON }))
    await timers.advance(240)
    expect(gateway.received).toHaveLength(0)
    await timers.advance(20)
    expect((await pending).status).toBe(200)
  })

  test('that is slow to write delays no answer', async () => {
    const written = Promise.withResolvers<void>()
    const gateway = isolate(fakeKv({ write: () => written.promise }))
    const response = await gateway.fetch(chat({}, { headers: ON }))
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
    written.resolve()
    await gateway.idle()
  })

  test.each<[string, (value: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ['empty', () => new Uint8Array()],
    ['cut short', (value) => value.slice(0, -5)],
    ['changed', (value) => value.map((byte, i) => (i === 40 ? byte ^ 1 : byte))],
    ['foreign', () => new TextEncoder().encode('{"object":"chat.completion"}').slice()],
  ])('with an entry that is %s: a miss, and it is replaced', async (_, spoil) => {
    const kv = fakeKv()
    await ask(isolate(kv))
    const [[name, value]] = [...kv.entries] as [[string, Uint8Array<ArrayBuffer>]]
    kv.entries.set(name, spoil(value))
    const gateway = isolate(kv)
    const response = await gateway.fetch(chat({}, { headers: { ...ON, 'cache-control': 'only-if-cached' } }))
    expect(response.status).toBe(504)
    await gateway.idle()
    expect(kv.entries.size).toBe(0)
    expect((await ask(gateway)).status).toBe('miss')
    expect((await ask(isolate(kv))).status).toBe('hit')
  })

  test('cannot forget within a minute; entries can', async () => {
    const kv = fakeKv()
    const timers = fakeTimers()
    const gateway = isolate(kv, { timers })
    const brief = { headers: { 'x-gateway-cache': 'ttl=5' } }
    await ask(gateway, {}, brief)
    expect(kv.ttls).toEqual([60])
    await timers.advance(4_000)
    const hit = await ask(gateway, {}, brief)
    expect([hit.status, hit.headers.get('age')]).toEqual(['hit', '4'])
    await timers.advance(1_500)
    const stale = await ask(gateway, {}, { headers: { ...ON, 'cache-control': 'max-stale=2' } })
    expect([stale.status, stale.headers.get('age')]).toEqual(['stale', '5'])
    expect((await ask(isolate(kv, { timers }), {}, brief)).status).toBe('miss')
  })

  test('gets one entry of a burst of the same miss, and it is whole', async () => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway.fetch(chat({ stream: true }, { headers: ON }))),
    )
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    await gateway.idle()
    expect(kv.writes).toBe(1)
    expect(texts).toContain((await ask(isolate(kv), { stream: true })).text)
  })
})

describe('what is asked of it', () => {
  test('C-04 off by default', async () => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    for (const headers of [{}, { 'cache-control': 'max-age=60' }])
      expect((await ask(gateway, {}, { headers })).status).toBeNull()
    expect([kv.reads, kv.writes, gateway.received.length]).toEqual([0, 0, 2])
  })

  test('by route, refresh, bypass, no-store, max-age and only-if-cached', async () => {
    const kv = fakeKv()
    const timers = fakeTimers()
    const config: ConfigInput = {
      routes: { faq: { targets: [{ model: 'gpt-4o-mini' }], cache: { ttlSeconds: 600 } } },
    }
    const gateway = isolate(kv, { config, timers })
    const get = async (headers: Record<string, string>) =>
      (await ask(gateway, { model: 'faq' }, { headers })).status
    expect(await get({ 'cache-control': 'no-store' })).toBe('miss')
    expect(await get({ 'x-gateway-cache': 'bypass' })).toBe('bypass')
    expect(kv.writes).toBe(0)
    expect(await get({})).toBe('miss')
    expect(await get({})).toBe('hit')
    expect(await get({ 'cache-control': 'no-store' })).toBe('hit')
    expect(await get({ 'cache-control': 'no-cache' })).toBe('miss')
    expect(await get({ 'x-gateway-cache': 'refresh' })).toBe('miss')
    expect(kv.writes).toBe(3)
    await timers.advance(10_000)
    expect(await get({ 'cache-control': 'max-age=20, only-if-cached' })).toBe('hit')
    expect(await get({ 'cache-control': 'min-fresh=595' })).toBe('miss')
    await timers.advance(10_000)
    expect(await get({ 'cache-control': 'max-age=5' })).toBe('miss')
    expect(await get({ 'cache-control': 'max-age=0' })).toBe('miss')
  })

  test('a kept answer only, and there is none: 504, at once', async () => {
    for (const headers of [{ 'x-gateway-cache': 'only-if-cached' }, { 'cache-control': 'only-if-cached' }]) {
      const gateway = isolate(fakeKv())
      const response = await gateway.fetch(chat({}, { headers }))
      expect(response.headers.get('x-gateway-cache')).toBe('miss')
      expect(response.headers.get('x-should-retry')).toBe('false')
      await expectRefusal(gateway, response, { status: 504, code: 'not_in_cache' })
    }
  })

  test('what contradicts itself is refused with the name of the header', async () => {
    const gateway = isolate(fakeKv())
    const headers = { 'x-gateway-cache': 'ttl=60', 'cache-control': 'no-store' }
    const response = await gateway.fetch(chat({}, { headers }))
    await expectRefusal(gateway, response, { ...refused, param: 'x-gateway-cache' })
  })

  test('without a secret it cannot be switched on', async () => {
    const gateway = bench({ config: {}, kv: fakeKv() })
    const response = await gateway.fetch(chat({}, { headers: ON }))
    await expectRefusal(gateway, response, { ...refused, param: 'x-gateway-cache' })
    const bypass = await gateway.fetch(chat({}, { headers: { 'x-gateway-cache': 'bypass' } }))
    expect([bypass.status, bypass.headers.get('x-gateway-cache')]).toEqual([200, 'bypass'])
  })

  test('a stream whose headers had to go out early is kept too', async () => {
    const kv = fakeKv()
    const timers = fakeTimers()
    const gateway = isolate(kv, { timers, config: { timeouts: { commitMs: 500 } } })
    const slow = { stream: true, ...prompted({ firstEventMs: 2_000, text: 'at last' }) }
    const pending = gateway.fetch(chat(slow, { headers: ON }))
    await timers.advance(600)
    const response = await pending
    const text = response.text()
    await timers.advance(5_000)
    expect(contentOf(await text)).toBe('at last')
    await settle()
    await gateway.idle()
    expect(contentOf((await ask(gateway, slow)).text)).toBe('at last')
    expect(gateway.received).toHaveLength(1)
  })
})
