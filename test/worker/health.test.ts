import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { sealKey } from '../../src/config/sealed-key.ts'
import { HEALTH_NAME, watchPorts } from '../../src/health-object.ts'
import { healthView } from '../../src/health/view.ts'
import type { Report } from '../../src/health/wire.ts'
import { bench, chat, get, good, SECRET } from './support.ts'

const object = () => env.HEALTH.getByName(HEALTH_NAME)
const report = (change: Partial<Report> = {}): Report => ({
  isolate: 'i',
  sentAt: Date.now(),
  deltas: [],
  latency: {},
  gates: {},
  held: [],
  done: [],
  want: [],
  ...change,
})
const failures = (target: string, failed: number): Report['deltas'] => [
  { target, epoch: 0, at: Date.now(), ok: 0, failed, suppressed: 0, refused: 0 },
]
const alarmOf = () => runInDurableObject(object(), (_, ctx) => ctx.storage.getAlarm())
const upstreams = (answer: () => Response | Promise<Response>) =>
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer())

describe('what is watched', () => {
  const VARIABLES = { GATEWAY_SECRET: SECRET, RUNTIME_CONFIG: 'true' }
  const author = { who: 'test', message: '' }
  const GROQ = { baseUrl: 'https://api.groq.com/v1', models: ['llama'] }

  test('is the configuration in force: providers and keys that were given at runtime too', async () => {
    const asked: Request[] = []
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (request) => {
      asked.push(request as Request)
      return Response.json({ data: [] })
    })
    const stub = env.CONFIG.getByName('watched')
    const { watch, renewed } = watchPorts(VARIABLES, () => stub)
    expect(watch.settings.checks.map(({ provider }) => provider)).not.toContain('groq')
    await stub.put(JSON.stringify({ providers: { groq: GROQ } }), author)
    await stub.putKey(
      await sealKey(SECRET, { provider: 'groq', origin: 'https://api.groq.com' }, 'gsk-stored'),
      author,
    )
    const now = await renewed()
    const check = now?.settings.checks.find(({ provider }) => provider === 'groq')
    expect(check).toEqual({ provider: 'groq', credential: 'STORED_KEY_GROQ' })
    expect(await now?.check(check!, AbortSignal.timeout(1_000))).toBe('ok')
    expect(asked[0]?.url).toBe('https://api.groq.com/v1/models')
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer gsk-stored')
    expect(await renewed()).toBeUndefined()
    vi.restoreAllMocks()
  })

  test('stays what it was while the configuration cannot be had, or is not there at all', async () => {
    const away = { read: () => Promise.reject(new Error('away')) }
    await expect(watchPorts(VARIABLES, () => away).renewed()).rejects.toThrow('away')
    expect(await watchPorts({}, () => away).renewed()).toBeUndefined()
  })
})

describe('the health object', () => {
  afterEach(async () => {
    vi.restoreAllMocks()
    await reset()
  })

  test('answers a report with what the whole fleet knows', async () => {
    await object().report(report({ deltas: failures('openai/a', 1) }))
    const { snapshot } = await object().report(report({ isolate: 'j' }))
    expect(snapshot.targets['openai/a']).toMatchObject({ phase: 'closed', share: 1, epoch: 0 })
  })

  test('the first report arms the alarm; a lost one and one stuck in the past are armed again', async () => {
    expect(await alarmOf()).toBeNull()
    await object().report(report())
    expect(await alarmOf()).toBeGreaterThan(Date.now())
    await runInDurableObject(object(), (_, ctx) => ctx.storage.deleteAlarm())
    expect(await object().ensureTick()).toMatchObject({ armed: true })
    expect(await object().ensureTick()).toMatchObject({ armed: false })
  })

  test('a tick arms the next one, whatever the checks do', async () => {
    const checks = upstreams(() => Promise.reject(new Error('down')))
    await object().ensureTick()
    for (let i = 0; i < 3; i++) {
      expect(await runDurableObjectAlarm(object())).toBe(true)
      const left = ((await alarmOf()) ?? 0) - Date.now()
      expect(left).toBeGreaterThan(25_000)
      expect(left).toBeLessThan(34_000)
    }
    expect(checks).toHaveBeenCalledTimes(6)
    expect((await object().snapshot()).checkedAt).toBeGreaterThan(0)
  })

  test('a tick whose work throws still leaves the next one armed', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    await object().ensureTick()
    const alarm = await runInDurableObject(object(), async (instance, ctx) => {
      vi.spyOn(ctx.storage.kv, 'put').mockImplementation(() => {
        throw new Error('storage is full')
      })
      await instance.alarm()
      return ctx.storage.getAlarm()
    })
    expect(alarm).toBeGreaterThan(Date.now() + 25_000)
  })

  test('two failed checks open a target that has no traffic; a refusal without a key of ours does not', async () => {
    await object().report(report({ deltas: failures('openai/a', 1) }))
    upstreams(() => Response.json({ error: { message: 'no key', code: 'invalid_api_key' } }, { status: 401 }))
    await runDurableObjectAlarm(object())
    await runDurableObjectAlarm(object())
    expect((await object().snapshot()).snapshot.targets['openai/a']?.phase).toBe('closed')
    upstreams(() => new Response('bad gateway', { status: 502 }))
    await runDurableObjectAlarm(object())
    await runDurableObjectAlarm(object())
    expect((await object().snapshot()).snapshot.targets['openai/a']).toMatchObject({
      phase: 'open',
      reason: 'check-failed',
    })
  })

  test('epochs and gates survive a restart, under a new generation', async () => {
    const gates = { 'k:openai/KEY': { until: Date.now() + 60_000, reason: 'billing' as const } }
    const before = await object().report(report({ gates, deltas: failures('openai/a', 1) }))
    await evictDurableObject(object())
    const after = await object().report(report())
    expect(after.snapshot.generation).toBe(before.snapshot.generation + 1)
    expect(after.snapshot.gates).toHaveProperty(['k:openai/KEY'])
  })

  test('an isolate learns from it behind its response', async () => {
    const chance = { now: () => Date.now(), random: () => 0.5 }
    const timers = {
      now: () => Date.now(),
      after: (ms: number, work: () => void) => {
        const id = setTimeout(work, ms)
        return () => clearTimeout(id)
      },
    }
    const views = ['i', 'j'].map((id) => healthView({ object, chance, timers, id }))
    const work: Promise<unknown>[] = []
    const defer = (promise: Promise<unknown>): void => void work.push(promise)
    for (const view of views) {
      await view.ready(defer)
      const admission = view.admit('gemini/x')
      if (admission.verdict !== 'yes') throw new Error('refused')
      view.record({ kind: 'settled', permit: admission.permit, failed: 1 })
      view.flush(defer)
    }
    await Promise.all(work)
    expect(views[1]?.view('gemini/x')).toMatchObject({ phase: 'closed', retryShare: 1 })
    expect(views[0]?.streak('gemini/x')).toBe(1)
  })
})

describe('the view of it', () => {
  const ROUTES = { routes: { fast: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gemini-2.5-flash' }] } } }
  interface Row {
    readonly target: string
    readonly reason: string
    readonly since: number | null
    readonly ttftMs: { readonly p50: number } | null
  }

  test('lists every configured target, seen or not, beside those that were seen', async () => {
    const gateway = bench({ config: ROUTES })
    const rows = async (): Promise<readonly Row[]> =>
      (await (await gateway.fetch(get('/v1/health'))).json<{ data: Row[] }>()).data
    const unseen = { reason: 'no evidence yet', since: null, ttftMs: null, tokensPerS: null }
    expect(await rows()).toEqual(
      ['openai/gpt-4o-mini', 'gemini/gemini-2.5-flash', 'openai/*', 'gemini/*'].map((target) =>
        expect.objectContaining({ target, state: 'closed', ...unseen }),
      ),
    )
    await (await gateway.fetch(chat({ ...good(), model: 'gpt-4.1' }))).text()
    await gateway.idle()
    // What is known of a target travels with the next report.
    vi.useFakeTimers({ now: Date.now() + 11_000, toFake: ['Date'] })
    await (await gateway.fetch(chat({ ...good(), model: 'gpt-4.1' }))).text()
    await gateway.idle()
    vi.useRealTimers()
    const seen = (await rows()).find(({ target }) => target === 'openai/gpt-4.1')
    expect(seen).toMatchObject({ reason: 'new', ttftMs: { p50: expect.any(Number) } })
    expect(seen?.since).toBeGreaterThan(0)
    expect(await rows()).toHaveLength(5)
  })
})
