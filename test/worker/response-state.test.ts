import { reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test } from 'vitest'
import { keyOf, shardOf } from '../../src/responses/kept.ts'
import { bench, type Body, chat, DEPLOYMENTS, get, KEY_A, KEY_B } from './support.ts'

const ask = (body: Body = {}, key = KEY_A): Request =>
  chat(JSON.stringify({ model: 'gemini-3.8-flash', input: 'Hello', ...body }), { path: '/v1/responses', key })
const about = (id: string, rest = '', init: { key?: string; method?: string } = {}): Request =>
  get(`/v1/responses/${id}${rest}`, init)

interface Made {
  readonly id: string
  readonly output: readonly unknown[]
}
const MODELS = ['gpt-4.1', 'gemini-3.8-flash']
const tenants = () => bench({ variables: DEPLOYMENTS.tenants })

afterEach(() => reset())

describe.each(MODELS)('a response of %s', (model) => {
  test.each([false, true])(
    '[endpoint responses retrieve] can be asked for at once, gone on from, and deleted; streamed: %s',
    async (stream) => {
      const gateway = tenants()
      const first = await gateway.fetch(ask({ model, stream, input: 'My name is Zoë.' }))
      const id = /"id":"(resp_\w+)"/.exec(await first.text())?.[1] ?? ''
      const shown = await gateway.fetch(about(id))
      expect(shown.status).toBe(200)
      expect(await shown.json()).toMatchObject({ id, object: 'response', status: 'completed' })

      const next = await gateway.fetch(ask({ model, input: 'And now?', previous_response_id: id }))
      const second: Made = await next.json()
      expect(second).toMatchObject({ previous_response_id: id, status: 'completed' })
      const listed = await gateway.fetch(about(second.id, '/input_items?order=asc&limit=2'))
      expect(await listed.json()).toMatchObject({
        object: 'list',
        has_more: true,
        data: [{ role: 'user' }, {}],
      })

      const gone = await gateway.fetch(about(id, '', { method: 'DELETE' }))
      expect(await gone.json()).toEqual({ id, object: 'response', deleted: true })
      const missing = await gateway.fetch(about(id))
      expect(missing.status).toBe(404)
      expect(await missing.json()).toEqual({
        error: {
          message: `Response with id '${id}' not found.`,
          type: 'invalid_request_error',
          param: null,
          code: null,
        },
      })
    },
  )

  test('[endpoint responses ownership] does not exist for another tenant', async () => {
    const gateway = tenants()
    const { id }: Made = await (await gateway.fetch(ask({ model }))).json()
    await gateway.idle()
    const before = gateway.received.length
    for (const request of [
      about(id, '', { key: KEY_B }),
      about(id, '', { key: KEY_B, method: 'DELETE' }),
      about(id, '/cancel', { key: KEY_B, method: 'POST' }),
      about(id, '/input_items', { key: KEY_B }),
    ])
      expect((await gateway.fetch(request)).status).toBe(404)
    const stolen = await gateway.fetch(ask({ model, previous_response_id: id }, KEY_B))
    expect(stolen.status).toBe(400)
    expect(await stolen.json()).toMatchObject({
      error: { code: 'previous_response_not_found', param: 'previous_response_id' },
    })
    expect(gateway.received).toHaveLength(before)
  })

  test('[endpoint responses store] that was not to be stored is not', async () => {
    const gateway = bench()
    const { id }: Made = await (await gateway.fetch(ask({ model, store: false }))).json()
    await gateway.idle()
    expect((await gateway.fetch(about(id))).status).toBe(404)
  })

  test('[endpoint responses cancel] that was not made in the background cannot be cancelled', async () => {
    const gateway = bench()
    const { id }: Made = await (await gateway.fetch(ask({ model }))).json()
    const response = await gateway.fetch(about(id, '/cancel', { method: 'POST' }))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { message: 'Cannot cancel a synchronous response.' },
    })
  })
})

describe('[endpoint responses conversation] a conversation', () => {
  const talk = (key: string, more: Body = {}, headers: Record<string, string> = {}): Request =>
    chat(JSON.stringify({ model: 'gpt-4.1', input: 'Hello', conversation: 'conv_1', ...more }), {
      path: '/v1/responses',
      key,
      headers,
    })
  const refusal = { error: { code: 'not_allowed', param: 'conversation' } }

  test('lies at the account that tenants share: none may name one, in either form', async () => {
    const gateway = tenants()
    for (const conversation of ['conv_1', { id: 'conv_1' }]) {
      const response = await gateway.fetch(talk(KEY_B, { conversation }))
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject(refusal)
    }
    expect(gateway.received).toEqual([])
    expect((await gateway.fetch(talk(KEY_A, { conversation: null }))).status).toBe(200)
  })

  test('is named by whoever has the account alone', async () => {
    const gateway = bench()
    expect((await gateway.fetch(talk(KEY_A))).status).not.toBe(403)
    expect(gateway.received.at(-1)?.json).toMatchObject({ conversation: 'conv_1' })
  })

  test("lies at the caller's own account where the request brings its key", async () => {
    const gateway = bench({ variables: DEPLOYMENTS.tenants, config: { keyMode: 'hybrid' } })
    expect((await gateway.fetch(talk(KEY_A))).status).toBe(403)
    await gateway.fetch(talk(KEY_A, {}, { 'x-openai-api-key': 'sk-own' }))
    expect(gateway.received.map(({ key, json }) => [key, json])).toEqual([
      ['sk-own', expect.objectContaining({ conversation: 'conv_1' })],
    ])
  })
})

describe('a response that a bridge made', () => {
  test('is gone on from with everything that came before, signatures included', async () => {
    const gateway = bench()
    const tools = [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }]
    const first: { id: string; output: { type: string; call_id: string }[] } = await (
      await gateway.fetch(ask({ input: 'Call it', tools }))
    ).json()
    const call = first.output.find(({ type }) => type === 'function_call')
    const output = { type: 'function_call_output', call_id: call?.call_id, output: 'Rain' }
    const second = await gateway.fetch(ask({ input: [output], tools, previous_response_id: first.id }))
    expect(await second.text()).toContain('The tools returned: ')
    const sent = JSON.stringify(gateway.received[1]?.json)
    expect(sent).toContain('Call it')
    expect(sent).not.toContain('skip_thought_signature_validator')
    expect(second.headers.get('x-gateway-adapted')).toBeNull()
  })

  test('[endpoint responses across providers] can be gone on from at OpenAI, which gets all of its items', async () => {
    const gateway = bench()
    const tools = [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }]
    const first: { id: string; output: { type: string; call_id: string }[] } = await (
      await gateway.fetch(ask({ input: 'Call it', tools }))
    ).json()
    const call = first.output.find(({ type }) => type === 'function_call')
    const output = { type: 'function_call_output', call_id: call?.call_id, output: 'Rain' }
    const next = await gateway.fetch(
      ask({ model: 'gpt-5.6-terra', input: [output], tools, previous_response_id: first.id }),
    )
    expect(next.status).toBe(200)
    expect(await next.text()).toContain('The tools returned: Rain')
    expect(next.headers.get('x-gateway-adapted')).toBe(
      'previous_response_id=replayed, input.reasoning=dropped',
    )
    expect(gateway.received[1]?.json).not.toHaveProperty('previous_response_id')
  })

  test('whose stream the client left is not kept', async () => {
    const gateway = bench()
    const response = await gateway.fetch(ask({ stream: true }))
    const reader = response.body!.getReader()
    const { value } = await reader.read()
    const id = /"id":"(resp_\w+)"/.exec(new TextDecoder().decode(value))?.[1] ?? ''
    await reader.cancel()
    await gateway.idle()
    expect((await gateway.fetch(about(id))).status).toBe(404)
  })
})

describe('a response that OpenAI made', () => {
  test('is gone on from by the key that made it', async () => {
    const variables = { ...DEPLOYMENTS.gateway, OPENAI_API_KEY_TWO: 'sk-second' }
    const config = {
      providers: {
        openai: { credentials: [{ secret: 'OPENAI_API_KEY' }, { secret: 'OPENAI_API_KEY_TWO' }] },
      },
    }
    const gateway = bench({ variables, config })
    gateway.simulator.rules([
      { match: { key: DEPLOYMENTS.gateway.OPENAI_API_KEY }, times: 1, do: { status: 429 } },
    ])
    const first: Made = await (await gateway.fetch(ask({ model: 'gpt-4.1' }))).json()
    expect(gateway.received.at(-1)?.key).toBe('sk-second')
    const next = await gateway.fetch(ask({ model: 'gpt-4.1', previous_response_id: first.id }))
    expect(next.status).toBe(200)
    expect(gateway.received.at(-1)?.key).toBe('sk-second')
    expect((await gateway.fetch(about(first.id))).status).toBe(200)
  })

  test('cannot be gone on from elsewhere', async () => {
    const gateway = bench()
    const { id }: Made = await (await gateway.fetch(ask({ model: 'gpt-4.1' }))).json()
    const next = await gateway.fetch(ask({ previous_response_id: id }))
    expect(next.status).toBe(400)
    expect(await next.json()).toMatchObject({ error: { param: 'previous_response_id' } })
  })

  test('works in the background, and is looked after there', async () => {
    const gateway = bench()
    const queued: Made = await (await gateway.fetch(ask({ model: 'o3-pro', background: true }))).json()
    expect(queued).toMatchObject({ status: 'queued' })
    expect(await (await gateway.fetch(about(queued.id))).json()).toMatchObject({ status: 'in_progress' })
    const cancelled = await gateway.fetch(about(queued.id, '/cancel', { method: 'POST' }))
    expect(await cancelled.json()).toMatchObject({ status: 'cancelled' })
    const again = await gateway.fetch(about(queued.id, '?stream=true&starting_after=2'))
    expect(again.headers.get('content-type')).toContain('text/event-stream')
    expect(await again.text()).toContain('"sequence_number":3')
  })

  test('is lost at its account', async () => {
    const gateway = bench()
    const { id }: Made = await (await gateway.fetch(ask({ model: 'gpt-4.1' }))).json()
    await gateway.idle()
    gateway.simulator.rules([{ do: { status: 503 } }])
    const response = await gateway.fetch(about(id))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_unavailable' } })
  })
})

describe('the object', () => {
  const key = keyOf('tenant', 'resp_1')
  const object = () => env.RESPONSES.getByName(shardOf(key))

  test('keeps long texts whole, and replaces them', async () => {
    const long = 'ä€😀'.repeat(400_000)
    await object().put(key, long, Date.now() + 60_000)
    expect(await object().get(key)).toBe(long)
    await object().put(key, 'short', Date.now() + 60_000)
    expect(await object().get(key)).toBe('short')
    await object().delete(key)
    expect(await object().get(key)).toBeUndefined()
  })

  test('replaces a text for one of all who know what it was', async () => {
    await object().put(key, 'before', Date.now() + 60_000)
    const won = await Promise.all(['a', 'b', 'c'].map((after) => object().replace(key, 'before', after)))
    expect(won).toEqual([true, false, false])
    expect(await object().get(key)).toBe('a')
    expect(await object().replace(key, 'before', 'd')).toBe(false)
    await object().put(key, 'old', Date.now() - 1)
    expect(await object().replace(key, 'old', 'new')).toBe(false)
  })

  test('forgets what has been kept for long enough', async () => {
    const rows = () =>
      runInDurableObject(
        object(),
        (_, ctx) => ctx.storage.sql.exec('SELECT key FROM responses').toArray().length,
      )
    await object().put(key, 'old', Date.now() - 1)
    await object().put('other', 'new', Date.now() + 60_000)
    expect(await object().get(key)).toBeUndefined()
    expect(await rows()).toBe(2)
    expect(await runDurableObjectAlarm(object())).toBe(true)
    expect(await rows()).toBe(1)
    await object().delete('other')
    expect(await runDurableObjectAlarm(object())).toBe(true)
    expect(await runDurableObjectAlarm(object())).toBe(false)
  })
})
