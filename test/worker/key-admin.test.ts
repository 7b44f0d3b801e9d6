import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import type { AdminObject } from '../../src/admin/ports.ts'
import { fakeKv } from './fake-kv.ts'
import { chat, GATEWAY, log } from './support.ts'
import { ADMIN, type Answer, deployment, GATEWAY_KEY, strangeKey, VARIABLES } from './key-bench.ts'

describe('keys by the admin API', () => {
  test('a key is made, shown once, listed, changed, rotated and revoked, and no answer holds a hash', async () => {
    const { admin, ask } = deployment().isolate()
    const made = await admin('POST', '/keys', {
      name: 'team search',
      tenant: 'search',
      limits: { requestsPerMinute: 60 },
      budgets: { total: 1.5 },
    })
    expect(made.status).toBe(201)
    const { key, id } = made.body
    expect(made.body).toMatchObject({ name: 'team search', budgets: { total: 1.5 }, version: 1 })
    const described = await admin('GET', `/keys/${id}`)
    expect(described.body).toMatchObject({ id, tenant: 'search', secrets: [{ hint: key.slice(-4) }] })
    const changed = await admin('PATCH', `/keys/${id}`, { name: 'search team', budgets: { day: 0.5 } })
    expect(changed.body).toMatchObject({ name: 'search team', budgets: { day: 0.5 }, version: 2 })
    const listed = await admin('GET', '/keys?limit=100')
    expect(listed.body.data).toContainEqual(
      expect.objectContaining({ id, name: 'search team', state: 'active' }),
    )
    const rotated = await admin('POST', `/keys/${id}/rotate`, { overlapMs: 60_000 })
    expect(rotated.body.key).not.toBe(key)
    expect([(await ask(key)).status, (await ask(rotated.body.key)).status]).toEqual([200, 200])
    const again = await admin('POST', `/keys/${id}/rotate`, { overlapMs: 0 })
    expect([(await ask(key)).status, (await ask(again.body.key)).status]).toEqual([401, 200])
    const revoked = await admin('POST', `/keys/${id}/revoke`)
    expect(revoked.body.revokedAt).toEqual(expect.any(Number))
    expect((await ask(again.body.key)).status).toBe(401)
    for (const { text } of [described, changed, listed, revoked]) {
      expect(text).not.toMatch(/hash/)
      expect(text).not.toContain(key)
    }
  })

  test.each(['spent', 'hash', 'role', 'id', 'secrets', 'version'])(
    'D-02 %s in the body of a new key is no parameter',
    async (name) => {
      const { admin } = deployment().isolate()
      const { status, body } = await admin('POST', '/keys', { name: 'x', [name]: 'admin' })
      expect({ status, error: body.error }).toMatchObject({
        status: 400,
        error: { code: 'unknown_parameter', param: name },
      })
    },
  )

  test('bad input names its field, and what does not exist is a 404', async () => {
    const { admin } = deployment().isolate()
    expect((await admin('POST', '/keys', {})).body.error).toMatchObject({ param: 'name' })
    expect((await admin('POST', '/keys', { name: 'x', budgets: { total: -1 } })).body.error).toMatchObject({
      code: 'invalid_value',
      param: 'budgets.total',
    })
    for (const path of ['/keys/AAAAAAAAAA', `/keys/${encodeURIComponent('a b')}`])
      expect((await admin('GET', path)).body.error.code).toBe('key_not_found')
  })

  test('every change is in the log, each entry chained to the one before it', async () => {
    const { isolate, log } = deployment()
    const { admin, made } = isolate()
    const { id, key } = await made({ name: 'logged' })
    await admin(
      'PATCH',
      `/keys/${id}`,
      { disabled: true },
      { 'x-gateway-actor': 'alice', 'cf-connecting-ip': '192.0.2.7' },
    )
    await admin('POST', `/keys/${id}/rotate`, {})
    await admin('POST', `/keys/${id}/revoke`)
    const { body, text } = await admin('GET', '/audit')
    expect(body.whole).toBe(true)
    expect(body.data.map((entry: { action: string }) => entry.action)).toEqual([
      'key.revoke',
      'key.revoke.asked',
      'key.rotate',
      'key.rotate.asked',
      'key.update',
      'key.update.asked',
      'key.create',
      'key.create.asked',
    ])
    expect(body.data[4]).toMatchObject({ seq: 4, who: 'admin (alice)' })
    expect(JSON.parse(body.data[4].detail)).toMatchObject({
      id,
      asked: 3,
      address: '192.0.2.7',
      changes: [{ op: 'replace', path: '/disabled', value: true }, { path: '/version' }],
    })
    expect(JSON.parse(body.data[5].detail)).toEqual({ id, change: { disabled: true }, address: '192.0.2.7' })
    expect(text).not.toContain(key)
    expect((await admin('GET', '/audit?limit=1&before=3')).body).toMatchObject({
      data: [{ seq: 2 }],
      whole: true,
    })
    await runInDurableObject(log, (_, state) => {
      state.storage.sql.exec("UPDATE audit SET who = 'mallory' WHERE seq = 2")
    })
    expect((await admin('GET', '/audit')).body.whole).toBe(false)
  })

  test('changes at once are chained as well', async () => {
    const { admin, made } = deployment().isolate()
    await Promise.all(Array.from({ length: 8 }, () => made()))
    expect((await admin('GET', '/audit')).body).toMatchObject({ whole: true, data: { length: 16 } })
  })
})

describe('no change without an entry', () => {
  /** A deployment whose log stops to take entries when it is told to, by their actions. */
  function setUp() {
    const { log: object, isolate } = deployment()
    let lost: (action: string) => boolean = () => false
    const adminObject = (): AdminObject => ({
      login: async (address, right) => object.login(address, right),
      audit: async (before, limit) => object.audit(before, limit),
      record: async (change) => {
        if (lost(change.action)) throw new Error('the log is out of reach')
        return object.record(change)
      },
    })
    const kv = fakeKv()
    const here = deployment({ adminObject, kv }).isolate()
    return {
      ...here,
      kv,
      lose: (which: typeof lost) => {
        lost = which
      },
      actions: async (): Promise<readonly string[]> =>
        (await isolate().admin('GET', '/audit')).body.data.map((entry: { action: string }) => entry.action),
    }
  }
  type Bench = ReturnType<typeof setUp>
  type Change = readonly [name: string, call: (bench: Bench, id: string) => Promise<Answer>]
  const CHANGES: readonly Change[] = [
    ['key.create', ({ admin }) => admin('POST', '/keys', { name: 'another' })],
    ['key.update', ({ admin }, id) => admin('PATCH', `/keys/${id}`, { disabled: true })],
    ['key.rotate', ({ admin }, id) => admin('POST', `/keys/${id}/rotate`, { overlapMs: 0 })],
    ['key.revoke', ({ admin }, id) => admin('POST', `/keys/${id}/revoke`)],
    ['cache.delete', ({ admin }) => admin('DELETE', `/cache/${'x'.repeat(24)}`)],
  ]

  test.each(CHANGES)('%s is not made while the log cannot be written', async (_, call) => {
    const bench = setUp()
    const { key, id } = await bench.made()
    bench.kv.entries.set(`response/${'x'.repeat(24)}`, new Uint8Array())
    const listed = async () => (await bench.admin('GET', '/keys?limit=1')).body.data[0].id
    const newest = await listed()
    bench.lose(() => true)
    const { status, body } = await call(bench, id)
    expect([status, body.error.code]).toEqual([503, 'upstream_unavailable'])
    expect(body.error.message).toContain('nothing was changed')
    expect((await bench.ask(key)).status).toBe(200)
    expect((await bench.admin('GET', `/keys/${id}`)).body.version).toBe(1)
    expect(await listed()).toBe(newest)
    expect(bench.kv.entries.size).toBe(1)
    expect(await bench.actions()).toEqual(['key.create', 'key.create.asked'])
  })

  test.each(CHANGES.filter(([action]) => action !== 'key.create'))(
    '%s holds, is in the log and is answered although its end cannot be told',
    async (action, call) => {
      const bench = setUp()
      const { id } = await bench.made()
      bench.lose((each) => each === action)
      expect((await call(bench, id)).status).toBe(200)
      expect((await bench.actions())[0]).toBe(`${action}.asked`)
      expect(log()).toContain(action)
    },
  )

  test('a key that cannot be told of is not given out, and none any more', async () => {
    const bench = setUp()
    bench.lose((action) => action === 'key.create')
    const { status, text } = await bench.admin('POST', '/keys', { name: 'never seen' })
    expect(status).toBe(503)
    expect(text).not.toContain('gw_live_')
    const { data } = (await bench.admin('GET', '/keys?limit=100')).body
    expect(data.find(({ name }: { name: string }) => name === 'never seen')).toMatchObject({
      state: 'revoked',
    })
    expect(await bench.actions()).toEqual(['key.create.asked'])
  })

  test('a change that fails is told as one', async () => {
    const down = () => Promise.reject(new Error('KV is down'))
    const { admin } = deployment({ kv: { ...fakeKv(), delete: down } }).isolate()
    const { status } = await admin('DELETE', `/cache/${'x'.repeat(24)}`)
    expect(status).toBe(503)
    const [ended, asked] = (await admin('GET', '/audit')).body.data
    expect([ended.action, asked.action]).toEqual(['cache.delete.failed', 'cache.delete.asked'])
    expect(JSON.parse(ended.detail)).toMatchObject({ asked: asked.seq, code: 'upstream_unavailable' })
  })

  test('what is not there is not asked for', async () => {
    const { admin } = deployment().isolate()
    for (const [method, path, body] of [
      ['PATCH', '/keys/AAAAAAAAAA', { disabled: true }],
      ['POST', '/keys/AAAAAAAAAA/rotate', {}],
      ['POST', '/keys/AAAAAAAAAA/revoke', undefined],
    ] as const)
      expect((await admin(method, path, body)).status).toBe(404)
    expect((await admin('GET', '/audit')).body.data).toEqual([])
  })
})

describe('who may administer', () => {
  test('D-07 no secret, or a short one: everything under /admin is off, /v1 is not', async () => {
    for (const ADMIN_SECRET of [undefined, '8 chars!']) {
      const { admin, ask } = deployment({ variables: { ...VARIABLES, ADMIN_SECRET } }).isolate()
      const { status, body } = await admin('GET', '/keys')
      expect({ status, error: body.error }).toMatchObject({
        status: 503,
        error: { code: 'admin_disabled', type: 'server_error' },
      })
      expect((await ask(GATEWAY_KEY)).status).toBe(200)
    }
  })

  test('while logins cannot be counted nobody is let in, and nothing else stops', async () => {
    const away = () => Promise.reject(new Error('away'))
    const { admin, ask } = deployment({
      adminObject: () => ({ login: away, record: away, audit: away }),
    }).isolate()
    expect(await admin('GET', '/keys')).toMatchObject({
      status: 503,
      body: { error: { code: 'upstream_unavailable' } },
    })
    expect((await ask(GATEWAY_KEY)).status).toBe(200)
  })

  test('A-17 each key is a stranger on the other side', async () => {
    const { admin, ask, made } = deployment().isolate()
    const { key } = await made()
    expect(await ask(ADMIN)).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } })
    for (const presented of [key, GATEWAY_KEY, ''])
      expect(
        await admin('GET', '/keys', undefined, { authorization: `Bearer ${presented}`.trim() }),
      ).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } })
  })

  test('D-01 a page of another site makes no key: a cookie is no secret, and a form no body', async () => {
    const { admin, send } = deployment().isolate()
    const form = (headers: Record<string, string>) =>
      send(
        new Request(`${GATEWAY}/admin/keys`, {
          method: 'POST',
          headers: {
            cookie: `__Host-gw=${ADMIN}; ADMIN_SECRET=${ADMIN}`,
            origin: 'https://evil.example',
            'sec-fetch-site': 'cross-site',
            ...headers,
          },
          body: new URLSearchParams({ name: 'forged' }),
        }),
      )
    expect(await form({})).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } })
    // Not even a page that knows the secret could send it by a form, nor is it allowed to by a preflight.
    expect(await form({ authorization: `Bearer ${ADMIN}` })).toMatchObject({
      status: 415,
      body: { error: { code: 'unsupported_media_type' } },
    })
    const preflight = await send(
      new Request(`${GATEWAY}/admin/keys`, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      }),
    )
    expect(preflight.headers.has('access-control-allow-origin')).toBe(false)
    expect((await admin('GET', '/audit')).body.data).toEqual([])
  })

  test('D-11 there are no sessions: each call presents the secret itself', async () => {
    const { admin } = deployment().isolate()
    const { headers } = await admin('GET', '/keys')
    expect(headers.has('set-cookie')).toBe(false)
    const cookie = { authorization: '', cookie: `__Host-gw=${ADMIN}` }
    expect((await admin('GET', '/keys', undefined, cookie)).status).toBe(401)
  })

  test('D-05 there is no search, and no parameter of 10 KB', async () => {
    const { admin } = deployment().isolate()
    const wild = encodeURIComponent('%'.repeat(10_240))
    expect((await admin('GET', `/keys?search=${wild}`)).status).toBeGreaterThanOrEqual(400)
    expect((await admin('GET', '/keys?search=%25%25')).body.error).toMatchObject({
      code: 'unknown_parameter',
      param: 'search',
    })
    for (const path of [`/keys?after=${'%25'.repeat(65)}`, `/keys/${'%25'.repeat(65)}`])
      expect((await admin('GET', path)).body.error).toMatchObject({ type: 'invalid_request_error' })
  })

  test('without GATEWAY_SECRET there are no virtual keys', async () => {
    const { admin, ask } = deployment({ variables: { ...VARIABLES, GATEWAY_SECRET: undefined } }).isolate()
    expect((await admin('POST', '/keys', { name: 'x' })).body.error.code).toBe('admin_disabled')
    expect((await ask(strangeKey())).status).toBe(401)
  })

  test('five failures hold up an address, whatever it sends then', async () => {
    const { admin } = deployment().isolate()
    const from = (address: string, secret: string) =>
      admin('GET', '/keys', undefined, { 'cf-connecting-ip': address, authorization: `Bearer ${secret}` })
    for (let i = 0; i < 5; i++) expect((await from('192.0.2.1', `wrong-${i}`)).status).toBe(401)
    const held = await from('192.0.2.1', ADMIN)
    expect(held).toMatchObject({
      status: 429,
      body: { error: { code: 'rate_limit_exceeded', type: 'requests' } },
    })
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(500)
    expect((await from('192.0.2.2', ADMIN)).status).toBe(200)
  })

  test('D-08 after twenty failures from everywhere no wrong secret is told so, and the right one still works', async () => {
    const { admin } = deployment().isolate()
    const from = (i: number, secret: string) =>
      admin('GET', '/keys', undefined, {
        'cf-connecting-ip': `192.0.2.${i}`,
        authorization: `Bearer ${secret}`,
      })
    for (let i = 0; i < 20; i++) expect((await from(i, 'wrong')).status).toBe(401)
    expect(await from(21, 'wrong')).toMatchObject({
      status: 429,
      body: { error: { code: 'rate_limit_exceeded' } },
    })
    expect((await from(22, ADMIN)).status).toBe(200)
  })

  test('six hundred calls a minute are answered, whoever makes them', async () => {
    const { isolate, log } = deployment()
    const { admin } = isolate()
    for (let i = 0; i < 599; i++) await log.login(`192.0.2.${i % 200}`, true)
    expect((await admin('GET', '/keys')).status).toBe(200)
    const held = await admin('GET', '/keys')
    expect(held).toMatchObject({ status: 429, body: { error: { code: 'rate_limit_exceeded' } } })
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('A-22 fifty wrong keys from one address: 401, then 429', async () => {
    const { send, ask, isolate } = (({ isolate }) => ({ isolate, ...isolate() }))(deployment())
    const wrong = () => send(chat({}, { key: strangeKey(), headers: { 'cf-connecting-ip': '192.0.2.9' } }))
    const statuses: number[] = []
    for (let i = 0; i < 50; i++) statuses.push((await wrong()).status)
    expect(statuses).toEqual([...Array<number>(20).fill(401), ...Array<number>(30).fill(429)])
    expect((await wrong()).body.error).toMatchObject({ code: 'rate_limit_exceeded', type: 'requests' })
    expect((await ask(GATEWAY_KEY, {}, { 'cf-connecting-ip': '192.0.2.9' })).status).toBe(200)
    expect((await isolate().ask(strangeKey())).status).toBe(401)
  })

  test('one query parameter is no key', async () => {
    const { made, send } = deployment().isolate()
    const { key } = await made()
    const request = new Request(`${GATEWAY}/v1/chat/completions?api_key=${key}`, {
      method: 'POST',
      body: '{}',
    })
    expect((await send(request)).status).toBe(401)
  })
})
