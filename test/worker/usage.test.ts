import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Script } from '../../simulator/index.ts'
import { createSimulator } from '../../simulator/index.ts'
import { createApp } from '../../src/app.ts'
import { composeFrom, type Parts } from '../../src/services.ts'
import type { UsageLedger } from '../../src/usage-object.ts'
import { chat, dataOf, DEPLOYMENTS, get, KEY_A, KEY_B } from './support.ts'
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'

const ADMIN = 'canary-operator-secret-of-32-bytes'

/** A gateway with the real ledger objects, and a network to them that a test may break. */
function gateway(change: Partial<Parts> = {}) {
  const simulator = createSimulator({ today: '2020-01-01' })
  const points: unknown[] = []
  let send = (request: Request): Promise<Response> => simulator.fetch(request)
  const services = composeFrom({
    variables: { ...DEPLOYMENTS.tenants, ADMIN_SECRET: ADMIN },
    file: {
      routes: {
        pair: {
          targets: [
            { model: 'gpt-4o-mini', priority: 0 },
            { model: 'gemini-2.5-flash', priority: 1 },
          ],
        },
      },
      prices: { 'gpt-4o': { input: 1, output: 10 } },
    },
    timers: {
      now: () => Date.now(),
      after(ms, work) {
        const id = setTimeout(work, ms < 10_000 ? Math.min(ms, 30) : ms) // nobody gathers for two seconds here
        return () => clearTimeout(id)
      },
    },
    chance: { now: () => Date.now(), random: () => 0.5 },
    fetch: (request) => send(request),
    healthObject: () => env.HEALTH.getByName('usage-test'),
    responseShards: env.RESPONSES,
    ledgerObject: (name) => env.LEDGER.getByName(name),
    writePoint: (point) => void points.push(point),
    ...change,
  })
  const app = createApp(() => services)
  const contexts: ExecutionContext[] = []
  return {
    simulator,
    points,
    upstream: (answer: typeof send) => {
      send = answer
    },
    fetch: (request: Request) => {
      const context = createExecutionContext()
      contexts.push(context)
      return app.fetch(request, env, context)
    },
    async idle() {
      for (const context of contexts.splice(0)) await waitOnExecutionContext(context)
    },
  }
}
type Gateway = ReturnType<typeof gateway>

interface Answer {
  readonly data: readonly Readonly<Record<string, number & string>>[]
  readonly complete: boolean
  readonly ledger: Readonly<Record<string, number>>
}
const admin = (query: string): Request => get(`/admin/usage?${query}`, { key: ADMIN })
async function usage(under: Gateway, query = ''): Promise<Answer> {
  return (await under.fetch(admin(query))).json()
}
const say = (script: Script, body: Readonly<Record<string, unknown>> = {}, key = KEY_A): Request =>
  chat(
    { ...body, messages: [{ role: 'user', content: `Hi there [[sim ${JSON.stringify(script)}]]` }] },
    { key },
  )

/** What the simulator says that it served, in OpenAI's and in Google's words. */
function served({ simulator }: Gateway) {
  let input = 0
  let output = 0
  for (const { usage: said, complete } of simulator.received) {
    if (said === undefined || !complete) continue
    const of = (name: string): number => Number(said[name] ?? 0)
    input += of('prompt_tokens') + of('promptTokenCount') + of('toolUsePromptTokenCount')
    output += of('completion_tokens') + of('candidatesTokenCount') + of('thoughtsTokenCount')
  }
  return { input, output }
}

describe('the books', () => {
  afterEach(async () => {
    vi.restoreAllMocks()
    await reset()
  })

  test('say to the token what the upstreams served, under faults and failovers', async () => {
    const under = gateway()
    const requests = [
      say({}),
      say({}, { model: 'gemini-2.5-flash' }),
      say({ thoughtsTokens: 20 }, { model: 'gemini-2.5-flash', stream: true }),
      say({}, { stream: true, stream_options: { include_usage: true } }, KEY_B),
      say({ openai: { status: 503 } } as Script, { model: 'pair' }),
      say({ openai: { status: 500 } } as Script, { model: 'pair', stream: true }),
      say({ openai: { drop: true } } as Script, { model: 'pair' }),
      say({ status: 400, error: 'invalid_prompt' }),
      say({}, { model: 'no-such-model' }),
      chat({ messages: [{ role: 'user', content: `cached ${'word '.repeat(400)}` }] }),
      chat({ model: 'text-embedding-3-small', input: 'some text to embed' }, { path: '/v1/embeddings' }),
      chat({ model: 'gpt-3.5-turbo-instruct', prompt: 'Once upon a time' }, { path: '/v1/completions' }),
    ]
    for (const request of requests) {
      const response = await under.fetch(request)
      await response.text()
    }
    await under.idle()
    const { data, complete, ledger } = await usage(under)
    const expected = served(under)
    expect(expected.output).toBeGreaterThan(50)
    expect({ input: data[0]?.['input_tokens'], output: data[0]?.['output_tokens'] }).toEqual(expected)
    expect(data[0]?.['requests']).toBe(requests.length)
    expect({ complete, ...ledger }).toMatchObject({ complete: true, missing: 0, unreachable: 0 })
    expect(under.points).toHaveLength(requests.length)

    const byKey = await usage(under, 'group_by=key')
    expect(byKey.data.map((row) => row['requests'])).toEqual(expect.arrayContaining([requests.length - 1, 1]))
    const byProvider = (await usage(under, 'group_by=provider')).data
    expect(
      byProvider.find((row) => row['provider'] === 'openai')?.['failed_attempts'],
    ).toBeGreaterThanOrEqual(4)
  })

  test('book an answer that the client left once, as an estimate, and not far off', async () => {
    const under = gateway()
    const text = 'The quick brown fox jumps over the lazy dog and then rests. '.repeat(40)
    const request = {
      stream: true,
      messages: [{ role: 'user', content: 'Tell me of the fox, at length, please.' }],
    }
    const whole = await under.fetch(say({ text }, request))
    await whole.text()
    const { input } = served(under)
    const response = await under.fetch(say({ text, gapMs: 1 }, request))
    const reader = response.body!.getReader()
    let seen = ''
    for (let i = 0; i < 200; i++) seen += new TextDecoder().decode((await reader.read()).value)
    await reader.cancel()
    await under.idle()
    const written = dataOf(seen)
      .map(
        (data) =>
          (JSON.parse(data) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ??
          '',
      )
      .join('')
    const [row] = (await usage(under)).data
    expect(row).toMatchObject({ requests: 2, cancelled: 1, estimated: 1 })
    const output = (row?.['output_tokens'] ?? 0) - served(under).output
    expect(Math.abs(output / (written.length / 4) - 1)).toBeLessThan(0.1)
    expect(Math.abs((row?.['input_tokens'] ?? 0) - input - input)).toBeLessThanOrEqual(
      Math.max(2, input / 10),
    )
  })

  test('survive a ledger that is away, restarts and answers twice', async () => {
    let calls = 0
    const under = gateway({
      ledgerObject: (name) => {
        const stub = env.LEDGER.getByName(name)
        return {
          query: (query) => stub.query(query),
          async report(batch) {
            calls++
            if (calls === 1) throw new Error('the ledger is away')
            await stub.report(batch)
            if (calls === 2) {
              await evictDurableObject(stub)
              throw new Error('the answer is lost')
            }
            return stub.report(batch)
          },
        }
      },
    })
    for (let i = 0; i < 5; i++) {
      const before = calls
      const response = await under.fetch(chat())
      expect(response.status).toBe(200)
      await response.text()
      await under.idle()
      await vi.waitFor(() => expect(calls).toBeGreaterThan(before))
    }
    const { simulator } = under
    await vi.waitFor(async () =>
      expect((await usage(under)).data[0]?.['requests']).toBe(simulator.received.length),
    )
    expect((await usage(under)).data[0]?.['input_tokens']).toBe(served(under).input)
  })

  test('do not delay an answer, nor need the ledger or Analytics Engine to be there', async () => {
    const under = gateway({
      ledgerObject: () => ({
        report: () => Promise.reject(new Error('down')),
        query: () => Promise.reject(new Error('down')),
      }),
      writePoint: () => {
        throw new Error('down')
      },
    })
    expect((await under.fetch(chat())).status).toBe(200)
    expect((await under.fetch(admin(''))).status).toBe(503)
  })

  test('are rolled up by an alarm, which is gone when there is nothing to do', async () => {
    const under = gateway()
    await (await under.fetch(chat())).text()
    await under.idle()
    const stubs = ['ledger-0-0', 'ledger-0-1', 'ledger-0-2', 'ledger-0-3'].map((name) =>
      env.LEDGER.getByName(name),
    )
    const rollups = (stub: DurableObjectStub<UsageLedger>) =>
      runInDurableObject(stub, (_, { storage }) =>
        storage.sql.exec<{ n: number }>('SELECT COUNT(*) AS n FROM rollup').one(),
      )
    const ran = await Promise.all(stubs.map((stub) => runDurableObjectAlarm(stub)))
    expect(ran.filter(Boolean)).toHaveLength(1)
    const counts = await Promise.all(stubs.map(rollups))
    expect(counts.reduce((sum, { n }) => sum + n, 0)).toBe(4)
    await Promise.all(stubs.map((stub) => runDurableObjectAlarm(stub)))
    expect((await Promise.all(stubs.map((stub) => runDurableObjectAlarm(stub)))).some(Boolean)).toBe(false)
  })

  test('are shown to the operator, and to a caller as far as they are its own', async () => {
    const under = gateway()
    await (await under.fetch(chat({}, { headers: { 'x-gateway-tags': 'team=b, env=prod' } }))).text()
    await (await under.fetch(chat({ model: 'gpt-4o' }, { key: KEY_B }))).text()
    await under.idle()
    const own = await under.fetch(get('/v1/usage?group_by=key,model,tag'))
    const { data } = await own.json<Answer>()
    expect(data).toMatchObject([{ requests: 1, tag: 'env=prod,team=b' }])
    const other = (await usage(under, 'group_by=key')).data.find((row) => row['key'] !== data[0]?.['key'])
    expect((await under.fetch(get(`/v1/usage?key=${String(other?.['key'])}`))).status).toBe(403)
    expect((await under.fetch(get('/v1/usage?tenant=another'))).status).toBe(403)
    for (const key of [KEY_A, null]) {
      expect((await under.fetch(get('/admin/usage', { key }))).status).toBe(401)
      expect((await under.fetch(get('/metrics', { key }))).status).toBe(401)
    }
  })

  test.each([
    'from=2026-11-24&to=2026-11-23',
    'from=2020-01-01&period=minute',
    'group_by=secret',
    'group_by=key,key',
    'period=week',
    'format=xml',
    'from=yesterday',
    'from=2026-13-45',
    'from=2026-02-30',
    'to=2026-11-24T24:30Z',
    'unknown=1',
    'key=a&key=b',
  ])('refuse to be asked for %s', async (query) => {
    const response = await gateway().fetch(admin(query))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', param: expect.any(String) },
    })
  })

  test('say in every format what is missing: a corrupt row, and what a killed isolate had begun', async () => {
    const under = gateway()
    await (await under.fetch(chat())).text()
    await under.idle()
    const header = async (format: string): Promise<string | null> => {
      const response = await under.fetch(admin(`format=${format}`))
      await response.arrayBuffer()
      return response.headers.get('x-gateway-ledger')
    }
    expect([await header('json'), await header('csv'), await header('ndjson')]).toEqual(
      Array(3).fill('complete'),
    )
    const stubs = [0, 1, 2, 3].map((part) => env.LEDGER.getByName(`ledger-0-${part}`))
    await stubs[0]?.report({ isolate: 'killed', from: 0, entries: [], open: 3 })
    for (const stub of stubs)
      await runInDurableObject(stub, (_, { storage }) => {
        storage.sql.exec("UPDATE sender SET heard = heard - 1000000 WHERE isolate = 'killed'")
        storage.sql.exec("UPDATE rollup SET input_tokens = 'many' WHERE period = 'hour'")
      })
    expect(await usage(under)).toMatchObject({
      data: [],
      complete: false,
      ledger: { lost_open: 3, corrupt_rows: 1, missing: 0 },
    })
    expect([await header('json'), await header('csv'), await header('ndjson')]).toEqual(
      Array(3).fill('lost_open=3, corrupt_rows=1'),
    )
    const metrics = await (await under.fetch(get('/metrics', { key: ADMIN }))).text()
    expect(metrics).toContain('llm_gateway_ledger_lost_total{reason="never_ended"} 3')
    expect((await usage(under, 'period=day')).data).toMatchObject([{ requests: 1 }])
  })

  test('come as CSV and NDJSON, and as metrics', async () => {
    const under = gateway()
    await (await under.fetch(chat())).text()
    await under.idle()
    const csv = await (await under.fetch(admin('format=csv&group_by=model'))).text()
    expect(csv).toMatch(/^model,requests,.*,cost_usd,saved_usd\r\ngpt-4o-mini[^,]*,1,/)
    const ndjson = await under.fetch(admin('format=ndjson'))
    const lines = new TextDecoder().decode(await ndjson.arrayBuffer())
    expect(JSON.parse(lines)).toMatchObject({ requests: 1 })
    const metrics = await (await under.fetch(get('/metrics', { key: ADMIN }))).text()
    expect(metrics).toMatch(
      /gen_ai_client_token_usage_total\{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_response_model="gpt-4o-mini[^"]*",route="",endpoint="chat",gen_ai_token_type="input"\} [1-9]/,
    )
    expect(metrics).toMatch(/gen_ai_server_request_duration_seconds_bucket\{.*le="\+Inf"\} 1/)
    expect(metrics).toContain('llm_gateway_ledger_lost_total{reason="gap"} 0')
    expect(metrics).toContain('llm_gateway_health_known 1')
  })

  test('have one series each, although two endpoints are one operation', async () => {
    const under = gateway()
    await (await under.fetch(chat())).text()
    await (await under.fetch(chat({ input: 'Hi', messages: undefined }, { path: '/v1/responses' }))).text()
    await under.idle()
    const metrics = await (await under.fetch(get('/metrics', { key: ADMIN }))).text()
    const series = metrics
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.replace(/ \S+$/, ''))
    expect(new Set(series).size).toBe(series.length)
    expect(metrics).toContain('endpoint="responses"')
  })
})

describe('an answer says what it cost', () => {
  test('in headers', async () => {
    const under = gateway()
    const { headers } = await under.fetch(chat())
    expect(headers.get('x-gateway-usage')).toMatch(/^input=\d+, output=\d+$/)
    expect(Number(headers.get('x-gateway-cost'))).toBeGreaterThan(0)
    const own = await under.fetch(chat({ model: 'gpt-4o' }))
    const [, input, output] = /input=(\d+), output=(\d+)/.exec(own.headers.get('x-gateway-usage') ?? '') ?? []
    expect(Number(own.headers.get('x-gateway-cost'))).toBeCloseTo(
      (Number(input) + 10 * Number(output)) / 1e6,
      12,
    )
  })

  test.each(['gpt-4o-mini', 'gemini-2.5-flash'])(
    'in the last events of a stream of %s that asks',
    async (model) => {
      const under = gateway()
      const body = { model, stream: true, stream_options: { include_usage: true } }
      const text = await (await under.fetch(chat(body))).text()
      const last = JSON.parse(dataOf(text).at(-2) ?? '') as { usage: { cost: number; prompt_tokens: number } }
      expect(last.usage.cost).toBeGreaterThan(0)
      expect(text).toMatch(
        /\n\n: x-gateway-cost: 0\.\d+; x-gateway-usage: input=\d+, .*\ndata: \[DONE\]\n\n$/,
      )
      const unasked = await (await under.fetch(chat({ model, stream: true }))).text()
      expect(unasked).not.toMatch(/x-gateway|cost/)
    },
  )
})
