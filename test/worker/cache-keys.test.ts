import { describe, expect, test } from 'vitest'
import { fakeKv } from './fake-kv.ts'
import { type Answer, deployment, GATEWAY_KEY } from './key-bench.ts'

const CACHE = { ttlSeconds: 600 }
const said = ({ headers }: Answer) => headers.get('x-gateway-cache')
const nameOf = ({ headers }: Answer) => headers.get('x-gateway-cache-key')
const ttl = (seconds: number) => ({ 'x-gateway-cache': `ttl=${seconds}` })

describe('a key that switches the cache on', () => {
  test('does so for its own requests, until it is switched off', async () => {
    const kv = fakeKv()
    const { isolate, received } = deployment({ kv })
    const { ask, made, admin, idle } = isolate()
    const { key, id } = await made({ cache: CACHE })
    const plain = await made()
    expect([said(await ask(key)), said(await ask(key))]).toEqual(['miss', 'hit'])
    expect([said(await ask(plain.key)), said(await ask(GATEWAY_KEY))]).toEqual([null, null])
    await idle()
    expect(kv.ttls).toEqual([600])
    expect(received).toHaveLength(3)
    const off = await admin('PATCH', `/keys/${id}`, { cache: null })
    expect([off.status, off.body.cache]).toEqual([200, undefined])
    expect(said(await ask(key))).toBeNull()
    const on = await admin('PATCH', `/keys/${id}`, { cache: { ttlSeconds: 5 } })
    expect(on.body.cache).toEqual({ ttlSeconds: 5 })
    expect(said(await ask(key))).toBe('hit')
    await idle()
  })

  test('what the request says holds over it', async () => {
    const kv = fakeKv()
    const { ask, made, idle } = deployment({ kv }).isolate()
    const { key } = await made({ cache: CACHE })
    const asked = async (headers: Record<string, string>, seed = 0) => said(await ask(key, { seed }, headers))
    expect(await asked({ 'x-gateway-cache': 'bypass' })).toBe('bypass')
    expect(await asked({ 'cache-control': 'no-store' })).toBe('miss')
    expect(await asked(ttl(61))).toBe('miss')
    expect(await asked({ 'cache-control': 'no-cache' })).toBe('miss')
    expect(await asked({ 'cache-control': 'only-if-cached' }, 1)).toBe('miss')
    expect(await asked({})).toBe('hit')
    await idle()
    expect(kv.ttls).toEqual([61, 600])
  })

  test('and a route that does so as well: the shorter time', async () => {
    const route = (ttlSeconds: number) => ({ targets: [{ model: 'gpt-4o-mini' }], cache: { ttlSeconds } })
    const kv = fakeKv()
    const file = { routes: { short: route(100), long: route(1_000) } }
    const { ask, made, idle } = deployment({ kv, file }).isolate()
    const { key } = await made({ cache: CACHE })
    for (const model of ['short', 'long']) await ask(key, { model })
    await idle()
    expect(kv.ttls).toEqual([100, 600])
  })
})

test('C-01 keys of two tenants share nothing, keys of one tenant everything, in memory and KV', async () => {
  const kv = fakeKv()
  const { isolate, received } = deployment({ kv })
  const here = isolate()
  const keys = {
    a: await here.made({ tenant: 'a', cache: CACHE }),
    a2: await here.made({ tenant: 'a', cache: CACHE }),
    b: await here.made({ tenant: 'b', cache: CACHE }),
  }
  const a = await here.ask(keys.a.key)
  const b = await here.ask(keys.b.key)
  expect([said(a), said(b)]).toEqual(['miss', 'miss'])
  expect(nameOf(a)).not.toBe(nameOf(b))
  await here.idle()
  expect([kv.entries.size, received.length]).toEqual([2, 2])
  for (const isolated of [here, isolate()]) {
    expect(await isolated.ask(keys.a2.key)).toMatchObject({ text: a.text })
    expect(await isolated.ask(keys.b.key)).toMatchObject({ text: b.text })
    await isolated.idle()
  }
  expect(received).toHaveLength(2)
})

test('a hit counts against the requests of its key, and against nothing else', async () => {
  const { ask, made, idle } = deployment({ kv: fakeKv() }).isolate()
  const limited = await made({
    tenant: 'a',
    cache: CACHE,
    limits: { requestsPerMinute: 3 },
    budgets: { total: 0.01 },
  })
  const other = await made({ tenant: 'a', cache: CACHE })
  expect(said(await ask(other.key))).toBe('miss')
  const hits = [await ask(limited.key), await ask(limited.key), await ask(limited.key)]
  expect(hits.map(said)).toEqual(['hit', 'hit', 'hit'])
  expect(hits.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'))).toEqual(['2', '1', '0'])
  const refused = await ask(limited.key)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  await idle()
})

test('C-05 a key that was revoked gets nothing that is kept', async () => {
  const { ask, made, admin, idle } = deployment({ kv: fakeKv() }).isolate()
  const { key, id } = await made({ tenant: 'a', cache: CACHE })
  const other = await made({ tenant: 'a', cache: CACHE })
  expect([said(await ask(key)), said(await ask(key))]).toEqual(['miss', 'hit'])
  expect((await admin('POST', `/keys/${id}/revoke`)).status).toBe(200)
  expect((await ask(key)).status).toBe(401)
  expect(said(await ask(other.key))).toBe('hit')
  await idle()
})
