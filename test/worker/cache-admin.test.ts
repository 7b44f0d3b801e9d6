import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { fakeKv } from './fake-kv.ts'
import { type Answer, deployment, type Json } from './key-bench.ts'
import { log } from './support.ts'

const said = ({ headers }: Answer) => headers.get('x-gateway-cache')
const nameOf = ({ headers }: Answer) => headers.get('x-gateway-cache-key') ?? ''
const route = { targets: [{ model: 'gpt-4o-mini' }], cache: { ttlSeconds: 3_600 } }
const FILE = { routes: { faq: route, other: route } }

let names = 0
/** A deployment with a runtime configuration, whose object can be out of reach. */
function setUp(kv = fakeKv()) {
  const name = `cache-admin-${names++}`
  const network = { cut: false }
  const stub = () => env.CONFIG.getByName(name)
  const configObject = () => ({
    read: async (known: number | undefined) =>
      network.cut ? Promise.reject(new Error('unreachable')) : stub().read(known),
    put: async (...args: Parameters<ReturnType<typeof stub>['put']>) => stub().put(...args),
    rollback: async (...args: Parameters<ReturnType<typeof stub>['rollback']>) => stub().rollback(...args),
    purge: async (...args: Parameters<ReturnType<typeof stub>['purge']>) => stub().purge(...args),
    audit: async (...args: Parameters<ReturnType<typeof stub>['audit']>) => stub().audit(...args),
  })
  return { kv, network, ...deployment({ kv, file: FILE, configObject: configObject as never }) }
}

describe('one entry', () => {
  test('is deleted by its key: here at once, elsewhere within a minute; the log says who did', async () => {
    const { isolate, kv, skip } = setUp()
    const [here, elsewhere] = [isolate(), isolate()]
    const { key } = await here.made()
    const first = await here.ask(key, { model: 'faq' })
    await here.idle()
    for (const each of [here, elsewhere]) expect(said(await each.ask(key, { model: 'faq' }))).toBe('hit')
    const other = await here.ask(key, { model: 'other' })
    await here.idle()

    const deleted = await here.admin('DELETE', `/cache/${nameOf(first)}`, undefined, {
      'x-gateway-actor': 'alice',
    })
    expect(deleted).toMatchObject({ status: 200, body: { key: nameOf(first), deleted: true } })
    expect([...kv.entries.keys()]).toEqual([`response/${nameOf(other)}`])
    expect(said(await here.ask(key, { model: 'faq' }, { 'cache-control': 'no-store' }))).toBe('miss')
    expect(said(await here.ask(key, { model: 'other' }))).toBe('hit')
    skip(60_000)
    expect(said(await elsewhere.ask(key, { model: 'faq' }))).toBe('miss')
    const [entry] = (await here.admin('GET', '/audit')).body.data
    expect(entry).toMatchObject({ who: 'admin (alice)', action: 'cache.delete' })
    expect(JSON.parse(entry.detail)).toMatchObject({ key: nameOf(first) })
    await Promise.all([here.idle(), elsewhere.idle()])
  })

  test('of which KV could not be told may still be there: 503, and the log says that it failed', async () => {
    const kv = fakeKv()
    const { isolate } = setUp({ ...kv, delete: () => Promise.reject(new Error('KV is down')) })
    const { admin } = isolate()
    const { status, body } = await admin('DELETE', `/cache/${'x'.repeat(24)}`)
    expect([status, body.error.code]).toEqual([503, 'upstream_unavailable'])
    expect((await admin('GET', '/audit')).body.data).toMatchObject([
      { action: 'cache.delete.failed' },
      { action: 'cache.delete.asked' },
    ])
  })

  test('a key that is none is refused', async () => {
    const { admin } = setUp().isolate()
    for (const key of ['short', `${'x'.repeat(23)}!`, 'x'.repeat(25)])
      expect(await admin('DELETE', `/cache/${key}`)).toMatchObject({
        status: 400,
        body: { error: { param: 'key' } },
      })
  })
})

describe('a purge', () => {
  const asked = (tenant: string, model: string) => [tenant, model] as const
  const ALL = [asked('a', 'faq'), asked('a', 'other'), asked('b', 'faq'), asked('b', 'other')]

  test.each<[object, readonly string[]]>([
    [{ everything: true }, ['miss', 'miss', 'miss', 'miss']],
    [{ tenant: 'a' }, ['miss', 'miss', 'hit', 'hit']],
    [{ route: 'faq' }, ['miss', 'hit', 'miss', 'hit']],
  ])('of %j holds here at once and elsewhere within ten seconds', async (what, expected) => {
    const { isolate, skip } = setUp()
    const [here, elsewhere] = [isolate(), isolate()]
    const keys: Json = { a: await here.made({ tenant: 'a' }), b: await here.made({ tenant: 'b' }) }
    const all = async (isolated: typeof here, headers = {}) => {
      const results: (string | null)[] = []
      for (const [tenant, model] of ALL)
        results.push(said(await isolated.ask(keys[tenant].key, { model }, headers)))
      await isolated.idle()
      return results
    }
    await all(here)
    for (const isolated of [here, elsewhere])
      expect(await all(isolated)).toEqual(['hit', 'hit', 'hit', 'hit'])
    expect(await here.admin('POST', '/cache/purge', { ...what, message: 'gone' })).toMatchObject({
      status: 200,
      body: { version: 0 },
    })
    const look = { 'cache-control': 'no-store' }
    expect(await all(here, look)).toEqual(expected)
    skip(10_000)
    expect(await all(elsewhere, look)).toEqual(expected)
    const [entry] = (await here.admin('GET', '/config/audit')).body.data
    expect(entry).toMatchObject({ action: 'purge', detail: expect.stringMatching(/: gone$/) })
  })

  test('is not undone by another version of the configuration, older or newer', async () => {
    const { ask, made, admin, idle } = setUp().isolate()
    const { key } = await made({ tenant: 'a' })
    const hit = async () => {
      const result = said(await ask(key, { model: 'faq' }))
      await idle()
      return result
    }
    await admin('PUT', '/config', { config: { timeouts: { stallMs: 10_000 } } })
    expect([await hit(), await hit()]).toEqual(['miss', 'hit'])
    await admin('POST', '/cache/purge', { tenant: 'a' })
    expect([await hit(), await hit()]).toEqual(['miss', 'hit'])
    await admin('POST', '/config/rollback', { version: 0 })
    expect(await hit()).toBe('hit')
    await admin('POST', '/cache/purge', { everything: true })
    expect([await hit(), await hit()]).toEqual(['miss', 'hit'])
    await admin('PUT', '/config', { config: {} })
    expect(await hit()).toBe('hit')
  })

  test('names one thing, and what was seen in force may be asked for', async () => {
    const { admin } = setUp().isolate()
    for (const body of [
      {},
      { everything: false },
      { tenant: 'a', route: 'b' },
      { tenant: '' },
      { all: true },
    ])
      expect((await admin('POST', '/cache/purge', body)).status).toBe(400)
    const late = await admin('POST', '/cache/purge', { everything: true }, { 'if-match': '7' })
    expect(late.status).toBe(409)
    expect((await admin('GET', '/config/audit')).body.data).toEqual([])
  })

  test('that nobody can know of: nothing is given out', async () => {
    const { isolate, kv, network } = setUp()
    const here = isolate()
    const { key } = await here.made()
    await here.ask(key, { model: 'faq' })
    await here.idle()
    expect(kv.entries.size).toBe(1)
    network.cut = true
    const cold = isolate()
    const answer = await cold.ask(key, { model: 'faq' })
    expect([answer.status, said(answer)]).toEqual([200, 'bypass'])
    expect(log()).toContain('cannot be read')
    await cold.idle()
  })
})
