import { reset } from 'cloudflare:test'
import { afterEach, describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Script } from '../../simulator/index.ts'
import { fakeKv, type FakeKv } from './fake-kv.ts'
import {
  type Bench,
  bench,
  type Body,
  chat,
  dataOf,
  DEPLOYMENTS,
  fakeTimers,
  get,
  KEY_A,
  KEY_B,
} from './support.ts'

const ON = { 'x-gateway-cache': 'ttl=60' }
const MODELS = ['gpt-4.1', 'gemini-3.8-flash']
const isolate = (kv: FakeKv = fakeKv(), config: ConfigInput = {}) =>
  bench({ variables: DEPLOYMENTS.tenants, config, kv })

interface Asked {
  readonly headers?: Record<string, string>
  readonly key?: string
}
async function ask(gateway: Bench, body: Body = {}, { headers = ON, key = KEY_A }: Asked = {}) {
  const request = { model: 'gpt-4.1', input: 'Hello', ...body }
  const response = await gateway.fetch(chat(JSON.stringify(request), { path: '/v1/responses', headers, key }))
  const text = await response.text()
  await gateway.idle()
  return { status: response.headers.get('x-gateway-cache'), text, headers: response.headers }
}
const scripted = (script: Script) => ({ input: `Hello [[sim ${JSON.stringify(script)}]]` })
const about = (id: string, key = KEY_A, method = 'GET'): Request =>
  get(`/v1/responses/${id}`, { key, method })

interface Shown {
  readonly id: string
  readonly output: readonly unknown[]
}
const parsed = (text: string): Shown => JSON.parse(text) as Shown
/** The response in the last event of a stream. */
const last = (text: string): Shown => (JSON.parse(dataOf(text).at(-1)!) as { response: Shown }).response

afterEach(() => reset())

describe.each(MODELS)('a response of %s', (model) => {
  test.each([false, true])('comes back as it was; stored: %s', async (store) => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const first = await ask(gateway, { model, store })
    const second = await ask(gateway, { model, store, temperature: null, tool_choice: 'auto' })
    expect([first.status, second.status]).toEqual(['miss', 'hit'])
    expect(second.text).toBe(first.text)
    expect(second.headers.get('x-gateway-saved')).toBe(first.headers.get('x-gateway-cost'))
    const elsewhere = isolate(kv)
    expect(await ask(elsewhere, { model, store })).toMatchObject({ status: 'hit', text: first.text })
    expect([gateway.received.length, elsewhere.received.length]).toEqual([1, 0])
  })

  test('is a stream or not, whatever was first', async () => {
    const whole = isolate()
    const unary = await ask(whole, { model })
    const unfolded = await ask(whole, { model, stream: true })
    expect([unfolded.status, unfolded.headers.get('content-type')]).toEqual([
      'hit',
      expect.stringContaining('text/event-stream'),
    ])
    expect(last(unfolded.text)).toEqual(parsed(unary.text))

    const streaming = isolate()
    const stream = await ask(streaming, { model, stream: true })
    expect(await ask(streaming, { model, stream: true })).toMatchObject({ status: 'hit', text: stream.text })
    const folded = await ask(streaming, { model })
    expect(folded.status).toBe('hit')
    expect(parsed(folded.text)).toEqual(last(stream.text))
    expect(streaming.received).toHaveLength(1)
  })

  test('that is stored can be asked for, gone on from and deleted after a hit, by its tenant alone', async () => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    await ask(gateway, { model })
    const { id } = parsed((await ask(gateway, { model })).text)
    expect((await gateway.fetch(about(id))).status).toBe(200)
    expect((await gateway.fetch(about(id, KEY_B))).status).toBe(404)
    const next = await ask(gateway, { model, input: 'And?', previous_response_id: id })
    expect(next.status).toBe('bypass')
    expect(parsed(next.text)).toMatchObject({ previous_response_id: id, status: 'completed' })

    expect((await gateway.fetch(about(id, KEY_A, 'DELETE'))).status).toBe(200)
    const again = await ask(gateway, { model })
    expect(again.status).toBe('miss')
    expect(parsed(again.text).id).not.toBe(id)
  })
})

test('tenants share no response, and nobody finds the id of another', async () => {
  const gateway = isolate()
  const a = await ask(gateway)
  const b = await ask(gateway, {}, { key: KEY_B })
  expect([a.status, b.status]).toEqual(['miss', 'miss'])
  expect(parsed(a.text).id).not.toBe(parsed(b.text).id)
  expect((await gateway.fetch(about(parsed(b.text).id))).status).toBe(404)
})

test('a hit writes nothing down: what it is was written when it was made', async () => {
  const gateway = isolate()
  await ask(gateway)
  await reset() // of the objects; the answer is in memory
  const hit = await ask(gateway)
  expect(hit.status).toBe('hit')
  expect((await gateway.fetch(about(parsed(hit.text).id))).status).toBe(404)
})

test('what it repeats of its request is part of the key', async () => {
  const gateway = isolate()
  await ask(gateway)
  for (const more of [{ user: 'a' }, { metadata: { a: 'b' } }, { store: false }, { instructions: 'x' }])
    expect((await ask(gateway, more)).status).toBe('miss')
  expect((await ask(gateway, { store: true, stream_options: { include_obfuscation: false } })).status).toBe(
    'hit',
  )
})

describe('nothing is kept', () => {
  test.each<[string, Body]>([
    ['that goes on from an earlier one', { previous_response_id: 'resp_1' }],
    ['of a conversation', { conversation: 'conv_1' }],
    ['that runs in the background', { background: true }],
  ])('of a response %s', async (_, body) => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    await ask(gateway, body)
    const second = await ask(gateway, body)
    expect(second.status).not.toBe('hit')
    expect([kv.reads, kv.writes]).toEqual([0, 0])
  })

  test.each<[string, Script, boolean]>([
    ['incomplete', { text: 'x', finishReason: 'length' }, false],
    ['incomplete, streamed', { text: 'x', finishReason: 'length' }, true],
    ['refused', { refusal: 'no' }, false],
    ['cut short', { cutAfter: 3 }, true],
    ['failed half-way', { errorAfter: 3 }, true],
  ])('of a response that is %s', async (_, script, stream) => {
    const kv = fakeKv()
    const gateway = isolate(kv)
    const body = { ...scripted(script), stream }
    await ask(gateway, body)
    expect((await ask(gateway, body)).status).not.toBe('hit')
    expect(kv.writes).toBe(0)
    expect(gateway.received.length).toBeGreaterThan(1)
  })
})

test('a stored response is given again for no longer than it can be asked for', async () => {
  const timers = fakeTimers()
  const kv = fakeKv()
  const gateway = bench({
    variables: DEPLOYMENTS.tenants,
    config: { responses: { retentionDays: 1 } },
    kv,
    timers,
  })
  const long = { headers: { 'x-gateway-cache': 'ttl=864000' } }
  await ask(gateway, {}, long)
  await ask(gateway, { store: false }, long)
  expect(kv.ttls).toEqual([86_400, 864_000])
})

test('a stored response of an account of the caller is not kept: another key of the tenant has another account', async () => {
  const kv = fakeKv()
  const gateway = isolate(kv, { keyMode: 'hybrid' })
  const headers = { ...ON, 'x-gateway-provider-key': 'openai:sk-own' }
  expect((await ask(gateway, {}, { headers })).status).toBe('bypass')
  await ask(gateway, { store: false }, { headers })
  expect(kv.writes).toBe(1)
})
