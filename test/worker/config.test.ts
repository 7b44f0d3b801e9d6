import {
  createExecutionContext,
  evictDurableObject,
  runInDurableObject,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { ConfigStore } from '../../src/config-object.ts'
import type { ConfigObject } from '../../src/config/ports.ts'
import { openKey } from '../../src/config/sealed-key.ts'
import { liveServices } from '../../src/live-services.ts'
import type { Parts } from '../../src/services.ts'
import { createSimulator } from '../../simulator/index.ts'
import { chat, GATEWAY, log, SECRET, noHealth } from './support.ts'

const ADMIN = 'canary-admin-secret-0123456789abcdef'
const STORED = 'sk-canary-stored-key-8f2d-9c1e'
const VARIABLES = {
  OPENAI_BASE_URL: 'https://openai.upstream.test/v1',
  OPENAI_API_KEY: 'sk-simulator',
  GEMINI_API_KEY: 'AIzaSimulator',
  GATEWAY_KEYS: 'gwkey-canary-tenant-a-7f3e19',
  GATEWAY_SECRET: SECRET,
  ADMIN_SECRET: ADMIN,
}
const route = (...models: string[]) => ({ routes: { fast: { targets: models.map((model) => ({ model })) } } })

// oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is what it says
type Json = any

let names = 0
/** One deployment: its object, and as many isolates as a test wants. */
function deployment() {
  const stub = env.CONFIG.getByName(`config-${names++}`)
  const received: Request[] = []
  let reachable = true
  let reads = 0
  let skew = 0
  const object = (): ConfigObject => ({
    ...bind(stub),
    read(known) {
      reads++
      return reachable ? stub.read(known) : Promise.reject(new Error('unreachable'))
    },
  })
  const simulator = createSimulator()
  const timers = {
    now: () => Date.now() + skew,
    after(ms: number, work: () => void) {
      const id = setTimeout(work, ms)
      return () => clearTimeout(id)
    },
  }
  const parts = (more: Partial<Parts> = {}): Parts => ({
    variables: VARIABLES,
    file: {},
    timers,
    chance: { now: timers.now, random: Math.random },
    fetch: (request) => {
      received.push(request.clone())
      return simulator.fetch(request)
    },
    healthObject: noHealth,
    responseShards: env.RESPONSES,
    configObject: object,
    ...more,
  })
  return {
    stub,
    received,
    isolate: (more?: Partial<Parts>) => isolate(parts(more)),
    skip: (ms: number) => void (skew += ms),
    cut: (away = true) => void (reachable = !away),
    reads: () => reads,
  }
}

/** The stub's methods as a plain object. */
function bind(stub: DurableObjectStub<ConfigStore>): ConfigObject {
  return {
    read: async (known) => stub.read(known),
    put: async (document, author) => stub.put(document, author),
    rollback: async (version, author) => stub.rollback(version, author),
    versions: async (before, limit) => stub.versions(before, limit),
    version: async (number) => stub.version(number),
    putKey: async (key, author) => stub.putKey(key, author),
    removeKey: async (provider, author) => stub.removeKey(provider, author),
    purge: async (purge, author) => stub.purge(purge, author),
    audit: async (before, limit) => stub.audit(before, limit),
  }
}

function isolate(parts: Parts) {
  const app = createApp(
    (
      (live) => (_: Env, defer: (work: Promise<unknown>) => void) =>
        live(defer)
    )(liveServices(parts)),
  )
  const send = async (request: Request): Promise<Response> => {
    const context = createExecutionContext()
    const response = await app.fetch(request, env, context)
    const body = await response.clone().text()
    await waitOnExecutionContext(context)
    expect(body).not.toContain(STORED)
    return response
  }
  const admin = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await send(
      new Request(`${GATEWAY}/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    return { status: response.status, body: await response.json<Json>(), headers: response.headers }
  }
  return {
    send,
    admin,
    put: (config: object, message = '') => admin('PUT', '/config', { config, message }),
    /** Which model serves `fast`, or the error's code. */
    async fast() {
      const response = await send(chat({ model: 'fast' }))
      const body = await response.json<Json>()
      return {
        model: response.headers.get('x-gateway-model') ?? body.error.code,
        config: response.headers.get('x-gateway-config'),
      }
    },
  }
}

describe('runtime configuration', () => {
  test('a route is changed, takes effect, is diffed and rolled back', async () => {
    const { isolate } = deployment()
    const here = isolate()
    expect(await here.fast()).toMatchObject({ model: 'model_not_found', config: null })
    expect(await here.put(route('gpt-4o-mini'), 'first')).toMatchObject({ status: 200, body: { version: 1 } })
    expect(await here.fast()).toMatchObject({ model: expect.stringMatching(/^gpt-4o-mini/), config: '1' })
    await here.put(route('gpt-4.1-mini'), 'second')
    expect(await here.fast()).toMatchObject({ model: expect.stringMatching(/^gpt-4.1-mini/), config: '2' })
    expect((await here.admin('GET', '/config/diff?from=1&to=2')).body.changes).toEqual([
      {
        op: 'replace',
        path: '/routes/fast/targets',
        old: [{ model: 'gpt-4o-mini' }],
        value: [{ model: 'gpt-4.1-mini' }],
      },
    ])
    expect(await here.admin('POST', '/config/rollback', { version: 1 })).toMatchObject({
      body: { version: 3 },
    })
    expect(await here.fast()).toMatchObject({ model: expect.stringMatching(/^gpt-4o-mini/), config: '3' })
    const { data } = (await here.admin('GET', '/config/versions')).body
    expect(data.map((each: Json) => [each.version, each.message])).toEqual([
      [3, 'Roll back to 1'],
      [2, 'second'],
      [1, 'first'],
    ])
    await here.admin('POST', '/config/rollback', { version: 0 })
    expect(await here.fast()).toMatchObject({ model: 'model_not_found' })
  })

  test('a bad change is refused with its path and leaves the old version in force', async () => {
    const here = deployment().isolate()
    await here.put(route('gpt-4o-mini'))
    const rows: readonly [object, string][] = [
      [route('nobody-9'), 'routes.fast.targets[0].model'],
      [{ timeouts: { stallMs: -1 } }, 'timeouts.stallMs'],
      [{ tiemouts: {} }, 'tiemouts'],
      [{ timeouts: { stalMs: 1 } }, 'timeouts.stalMs'],
      [{ usage: { shards: 2 } }, 'usage.shards'],
      [{ upstreamAllowHosts: ['localhost'] }, 'upstreamAllowHosts'],
      [{ media: { allowHosts: ['localhost'] } }, 'media.allowHosts'],
      [{ providers: { own: { baseUrl: 'http://169.254.169.254/v1' } } }, 'providers.own.baseUrl'],
      [{ providers: { own: { baseUrl: 'https://router.internal/v1' } } }, 'providers.own.baseUrl'],
      [{ providers: { openai: { baseUrl: 'https://evil.dev/v1' } } }, 'providers.openai.baseUrl'],
      [
        {
          providers: { own: { baseUrl: 'https://evil.dev/v1', credentials: [{ secret: 'OPENAI_API_KEY' }] } },
        },
        'providers.own.credentials',
      ],
      [
        {
          providers: { own: { baseUrl: 'https://evil.dev/v1', credentials: [{ secret: 'GATEWAY_SECRET' }] } },
        },
        'providers.own.credentials[0].secret',
      ],
    ]
    for (const [config, param] of rows) {
      const { status, body } = await here.put(config)
      expect({ status, param: body.error.param }).toEqual({ status: 400, param })
    }
    expect(await here.fast()).toMatchObject({ config: '1' })
    expect((await here.admin('GET', '/config/versions')).body.data).toHaveLength(1)
  })

  test('who changed what is kept in a chain that shows tampering', async () => {
    const { isolate, stub } = deployment()
    const here = isolate()
    await here.admin('PUT', '/config', { config: route('gpt-4o-mini') }, { 'x-gateway-actor': 'alice' })
    await here.admin('POST', '/config/rollback', { version: 0 })
    const { data, whole } = (await here.admin('GET', '/config/audit')).body
    expect(data.map((each: Json) => [each.who, each.action])).toEqual([
      ['admin', 'rollback'],
      ['admin (alice)', 'put'],
    ])
    expect(whole).toBe(true)
    await runInDurableObject(
      stub,
      (_, { storage }) => void storage.sql.exec("UPDATE audit SET who = 'bob' WHERE seq = 1"),
    )
    expect((await here.admin('GET', '/config/audit?limit=1')).body.whole).toBe(true)
    expect((await here.admin('GET', '/config/audit')).body.whole).toBe(false)
  })

  test('of two changes at once by version, one is refused', async () => {
    const here = deployment().isolate()
    const match = { 'if-match': '"0"' }
    const both = await Promise.all([1, 2].map(() => here.admin('PUT', '/config', { config: {} }, match)))
    expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409])
  })

  test('a corrupted version is skipped for the one before, loudly', async () => {
    const { isolate, stub } = deployment()
    await isolate().put(route('gpt-4o-mini'))
    await isolate().put(route('gpt-4.1-mini'))
    await runInDurableObject(
      stub,
      (_, { storage }) =>
        void storage.sql.exec(`UPDATE versions SET document = '{"routes":{}}' WHERE version = 2`),
    )
    await evictDurableObject(stub)
    const here = isolate()
    expect(await here.fast()).toMatchObject({
      model: expect.stringMatching(/^gpt-4o-mini/),
      config: '1; skipped=2',
    })
    expect((await here.admin('GET', '/config')).body).toMatchObject({ version: 1, skipped: [2] })
    expect((await here.admin('GET', '/config/versions/2')).body).toMatchObject({ usable: false })
    expect(await here.put(route('gpt-4.1'))).toMatchObject({ body: { version: 3 } })
    expect(await here.fast()).toMatchObject({ config: '3' })
  })

  test('another isolate follows within ten seconds, asking nobody while its copy is fresh', async () => {
    const { isolate, reads, skip } = deployment()
    const [here, there] = [isolate(), isolate()]
    await there.fast()
    await here.put(route('gpt-4o-mini'))
    const before = reads()
    expect(await there.fast()).toMatchObject({ model: 'model_not_found' })
    expect(reads()).toBe(before)
    skip(5_500)
    expect(await there.fast()).toMatchObject({ model: 'model_not_found' }) // refreshed behind this one
    expect(await there.fast()).toMatchObject({ config: '1' })
    await here.put(route('gpt-4.1-mini'))
    skip(10_500)
    expect(await there.fast()).toMatchObject({ config: '2' }) // waited for
  })

  test('with the object unreachable the last copy serves on, marked, for a quarter of an hour', async () => {
    const { isolate, skip, cut } = deployment()
    const here = isolate()
    await here.put(route('gpt-4o-mini'))
    await here.fast()
    cut()
    skip(60_000)
    expect(await here.fast()).toMatchObject({
      config: '1; stale',
      model: expect.stringMatching(/^gpt-4o-mini/),
    })
    skip(14 * 60_000)
    expect(await here.fast()).toMatchObject({ config: 'unavailable', model: 'model_not_found' })
    expect(await isolate().fast()).toMatchObject({ config: 'unavailable' })
    cut(false)
    skip(1_500)
    expect(await here.fast()).toMatchObject({ config: '1' })
    expect(log()).toContain('cannot be read')
  })
})

describe('a provider of your own', () => {
  const own = { providers: { groq: { baseUrl: 'https://api.groq.dev/v1', models: ['llama-9'] } } }

  test('D-10 is added at runtime, its key given once, stored sealed and never read back', async () => {
    const { isolate, received, stub } = deployment()
    const here = isolate({ fetch: answer })
    async function answer(request: Request): Promise<Response> {
      received.push(request)
      return Response.json({
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'llama-9',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
      })
    }
    await here.put(own)
    expect((await here.admin('PUT', '/providers/nobody/key', { key: STORED })).status).toBe(404)
    const kept = await here.admin('PUT', '/providers/groq/key', { key: STORED })
    expect(kept.body).toEqual({
      provider: 'groq',
      origin: 'https://api.groq.dev',
      last4: '9c1e',
      fingerprint: expect.stringMatching(/^[\w-]{16}$/),
      used: true,
    })
    const response = await here.send(chat({ model: 'llama-9' }))
    expect(response.headers.get('x-gateway-provider')).toBe('groq')
    expect(received.at(-1)?.headers.get('authorization')).toBe(`Bearer ${STORED}`)
    expect(received.at(-1)?.url).toBe('https://api.groq.dev/v1/chat/completions')
    expect((await here.admin('GET', '/config')).body.keys).toEqual([kept.body])
    const rows = await runInDurableObject(stub, (_, { storage }) =>
      ['keys', 'versions', 'audit'].flatMap((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray()),
    )
    expect(JSON.stringify(rows)).not.toContain(STORED)
    expect(log()).not.toContain(STORED)
    // The same provider at another origin does not get the key.
    await here.put({ providers: { groq: { ...own.providers.groq, baseUrl: 'https://elsewhere.dev/v1' } } })
    const calls = received.length
    expect((await here.send(chat({ model: 'llama-9' }))).status).toBeGreaterThanOrEqual(400)
    expect(received.length).toBe(calls)
    expect((await here.admin('GET', '/config')).body.keys[0].used).toBe(false)
    await here.admin('DELETE', '/providers/groq/key')
    expect((await here.admin('GET', '/config')).body.keys).toEqual([])
  })

  test('a sealed key opens for its own provider, origin and secret only', async () => {
    const { isolate, stub } = deployment()
    const here = isolate()
    await here.put(own)
    await here.admin('PUT', '/providers/groq/key', { key: STORED })
    const [sealed] = (await stub.read(undefined))!.keys
    const owner = { provider: 'groq', origin: 'https://api.groq.dev' }
    expect(await openKey(SECRET, owner, sealed!)).toBe(STORED)
    expect(await openKey(SECRET, { ...owner, origin: 'https://evil.dev' }, sealed!)).toBeUndefined()
    expect(await openKey(SECRET, { ...owner, provider: 'openai' }, sealed!)).toBeUndefined()
    expect(await openKey(`${SECRET}!`, owner, sealed!)).toBeUndefined()
  })

  test('without GATEWAY_SECRET no key is taken', async () => {
    const { GATEWAY_SECRET: _, ...variables } = VARIABLES
    const here = deployment().isolate({ variables })
    expect((await here.admin('PUT', '/providers/openai/key', { key: STORED })).status).toBe(409)
  })
})

describe('the door to /admin', () => {
  test('D-07 without an admin secret, or with a short one, it is closed and nothing is asked', async () => {
    const asked: boolean[] = []
    for (const ADMIN_SECRET of [undefined, 'short']) {
      const { isolate, reads } = deployment()
      const here = isolate({ variables: { ...VARIABLES, ADMIN_SECRET } })
      expect(await here.admin('GET', '/config')).toMatchObject({
        status: 503,
        body: { error: { code: 'admin_disabled' } },
      })
      expect((await here.send(chat())).status).toBe(200)
      asked.push(reads() > 0)
    }
    expect(asked).toEqual([false, true])
  })
  test('a wrong secret, a gateway key or none is 401, and the admin secret is no gateway key', async () => {
    const here = deployment().isolate()
    for (const authorization of ['Bearer wrong', `Bearer ${VARIABLES.GATEWAY_KEYS}`, `Basic ${ADMIN}`, ''])
      expect((await here.admin('GET', '/config', undefined, { authorization })).status).toBe(401)
    expect((await here.send(chat({}, { key: ADMIN }))).status).toBe(401)
  })
  test('D-02 a member that does not exist is refused', async () => {
    const here = deployment().isolate()
    expect(await here.admin('PUT', '/config', { config: {}, spent: 0 })).toMatchObject({
      status: 400,
      body: { error: { code: 'unknown_parameter', param: 'spent' } },
    })
  })
})
