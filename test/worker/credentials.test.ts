import { describe, expect, test } from 'vitest'
import { bench, chat, DEPLOYMENTS, expectRefusal, get, good, KEY_A, KEY_B, OPENAI_KEY } from './support.ts'

const UNAUTHORISED = { status: 401, code: 'invalid_api_key' }

interface Row {
  readonly id: string
  readonly request: () => Request
  readonly code?: string
  readonly canaries?: readonly string[]
}

const ROWS: readonly Row[] = [
  { id: 'A-01 no credential', request: () => chat({}, { key: null }) },
  {
    id: 'A-02 an empty bearer',
    request: () => chat({}, { key: null, headers: { authorization: 'Bearer ' } }),
  },
  {
    id: 'A-05 an unknown key',
    request: () => chat({}, { key: 'gwkey-unknown' }),
    canaries: ['gwkey-unknown'],
  },
  { id: 'A-07 Basic', request: () => chat({}, { key: null, headers: { authorization: `Basic ${KEY_A}` } }) },
  { id: 'A-07 Token', request: () => chat({}, { key: null, headers: { authorization: `Token ${KEY_A}` } }) },
  {
    id: 'A-08 two spaces',
    request: () => chat({}, { key: null, headers: { authorization: `Bearer  ${KEY_A}` } }),
  },
  {
    id: 'A-10 two different credentials',
    request: () => chat({}, { headers: { 'x-api-key': KEY_B } }),
    code: 'conflicting_credentials',
  },
  {
    id: 'A-10 two different credentials, by another name',
    request: () => chat({}, { headers: { 'api-key': KEY_B } }),
    code: 'conflicting_credentials',
  },
  {
    id: 'A-11 a key in ?api_key=',
    request: () => chat({}, { key: null, path: `/v1/chat/completions?api_key=${KEY_A}` }),
  },
  {
    id: 'A-11 a key in ?key=',
    request: () => chat({}, { key: null, path: `/v1/chat/completions?key=${KEY_A}` }),
  },
  { id: 'A-13 a 64 KB credential', request: () => chat({}, { key: 'k'.repeat(65_536) }) },
  {
    id: 'A-13 a 64 KB credential in x-api-key',
    request: () => chat({}, { key: null, headers: { 'x-api-key': 'k'.repeat(65_536) } }),
  },
  { id: 'A-19 the key of the operator at the provider', request: () => chat({}, { key: OPENAI_KEY }) },
]

describe('security.md 5, A: authentication', () => {
  test.each(ROWS)('$id', async ({ request, code = 'invalid_api_key', canaries = [] }) => {
    const gateway = bench()
    const { headers } = await expectRefusal(gateway, await gateway.fetch(request()), {
      status: 401,
      code,
      canaries,
    })
    expect(headers.get('www-authenticate')).toBe('Bearer')
  })

  test('A-04/A-05 every wrong key gets the same bytes', async () => {
    const gateway = bench()
    const texts = await Promise.all(
      ['gwkey-unknown', `${KEY_A}x`, KEY_A.slice(0, -1), OPENAI_KEY].map(async (key) =>
        (await gateway.fetch(chat({}, { key }))).text(),
      ),
    )
    expect(new Set(texts).size).toBe(1)
  })

  test('A-08 the scheme is not case-sensitive', async () => {
    const gateway = bench()
    const response = await gateway.fetch(
      chat({}, { key: null, headers: { authorization: `bearer ${KEY_A}` } }),
    )
    expect(response.status).toBe(200)
  })

  test('A-10 the same key twice is one credential, and x-api-key alone suffices', async () => {
    const gateway = bench()
    expect((await gateway.fetch(chat({}, { headers: { 'x-api-key': KEY_A } }))).status).toBe(200)
    expect((await gateway.fetch(chat({}, { key: null, headers: { 'x-api-key': KEY_A } }))).status).toBe(200)
  })

  test('A-14 the digest of a key is no key', async () => {
    const gateway = bench()
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(KEY_A))
    const key = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
    await expectRefusal(gateway, await gateway.fetch(chat({}, { key })), { ...UNAUTHORISED, canaries: [key] })
  })

  test('a credential is asked for before the body is read', async () => {
    const gateway = bench()
    const response = await gateway.fetch(chat('{', { key: null }))
    await expectRefusal(gateway, response, UNAUTHORISED)
  })

  test('the list of models needs a key, the health check none', async () => {
    const gateway = bench()
    for (const path of ['/v1/models', '/v1/models/gpt-4o'])
      await expectRefusal(bench(), await gateway.fetch(get(path, { key: null })), UNAUTHORISED)
    const health = await gateway.fetch(get('/health', { key: null }))
    expect(await health.json()).toEqual({ status: 'ok' })
  })
})

describe('deployments', () => {
  test('with provider keys but no gateway keys nobody is served, and the message says how', async () => {
    const gateway = bench({ variables: DEPLOYMENTS.closed })
    for (const key of [null, 'anything', OPENAI_KEY]) {
      const { message } = await expectRefusal(gateway, await gateway.fetch(chat({}, { key })), {
        ...UNAUTHORISED,
        goodRequest: null,
      })
      expect(message).toContain('wrangler secret put GATEWAY_KEYS')
    }
  })

  test('a closed deployment says how to open it whatever the header looks like', async () => {
    const gateway = bench({ variables: DEPLOYMENTS.closed })
    const response = await gateway.fetch(chat({}, { key: null, headers: { authorization: 'Bearer ' } }))
    const { message } = await expectRefusal(gateway, response, { ...UNAUTHORISED, goodRequest: null })
    expect(message).toContain('GATEWAY_KEYS')
  })

  test.each([null, 'Bearer anything', 'Bearer ', 'Basic eDp5'])(
    'an anonymous deployment serves everybody: %s',
    async (authorization) => {
      const gateway = bench({ variables: DEPLOYMENTS.anonymous })
      const headers = authorization === null ? {} : { authorization }
      expect((await gateway.fetch(chat({}, { key: null, headers }))).status).toBe(200)
      expect(gateway.received[0]?.headers['authorization']).toBe(`Bearer ${OPENAI_KEY}`)
    },
  )

  test.each(['TRUE', '1', 'yes', ''])('ALLOW_ANONYMOUS=%s does not open the door', async (value) => {
    const gateway = bench({ variables: { ...DEPLOYMENTS.closed, ALLOW_ANONYMOUS: value } })
    expect((await gateway.fetch(chat({}, { key: null }))).status).toBe(401)
  })

  test('every one of several gateway keys opens the door, and blank ones do not', async () => {
    const gateway = bench({ variables: { ...DEPLOYMENTS.gateway, GATEWAY_KEYS: ` ${KEY_A} ,, ${KEY_B} ,` } })
    for (const key of [KEY_A, KEY_B]) expect((await gateway.fetch(chat({}, { key }))).status).toBe(200)
    await expectRefusal(bench(), await gateway.fetch(chat({}, { key: ',' })), UNAUTHORISED)
  })

  test('a gateway key never reaches an upstream', async () => {
    const gateway = bench()
    await gateway.fetch(chat({}, { headers: { 'x-api-key': KEY_A } }))
    expect(JSON.stringify(gateway.received)).not.toContain(KEY_A)
    expect(gateway.received[0]?.headers['authorization']).toBe(`Bearer ${OPENAI_KEY}`)
  })
})

describe('client-key mode', () => {
  const OWN = 'sk-canary-callers-own-key-3c1d'

  test("the caller's key goes to the provider as it came", async () => {
    const gateway = bench({ variables: DEPLOYMENTS.client })
    const response = await gateway.fetch(chat({}, { key: OWN }))
    expect(response.status).toBe(200)
    expect(gateway.received.map(({ key }) => key)).toEqual([OWN])
  })

  test('without a key the message asks for one of the provider', async () => {
    const gateway = bench({ variables: DEPLOYMENTS.client })
    const { message } = await expectRefusal(gateway, await gateway.fetch(chat({}, { key: null })), {
      ...UNAUTHORISED,
      goodRequest: chat({}, { key: OWN }),
    })
    expect(message).toContain("provider's key")
  })

  test("a key that the provider refuses is the caller's 401, without the provider's words", async () => {
    const gateway = bench({ variables: DEPLOYMENTS.client })
    const { message, headers } = await expectRefusal(
      gateway,
      await gateway.fetch(chat({}, { key: 'sk-canary-bad-WXYZ' })),
      {
        ...UNAUTHORISED,
        upstream: 1,
        canaries: ['sk-', 'WXYZ'],
        goodRequest: chat({}, { key: OWN }),
      },
    )
    expect(message).not.toContain('platform.openai.com')
    expect(headers.get('x-should-retry')).toBe('false')
  })

  test('it never reaches a second provider, whatever the route says', async () => {
    const gateway = bench({
      variables: DEPLOYMENTS.client,
      config: { routes: { both: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gemini-2.5-flash' }] } } },
    })
    gateway.simulator.rules([{ match: { provider: 'openai' }, do: { status: 503 } }])
    const response = await gateway.fetch(chat({ ...good(), model: 'both' }, { key: OWN }))
    expect(response.status).toBe(503)
    expect(gateway.received.map(({ provider }) => provider)).toEqual(['openai'])
  })

  test('it does reach a second model of the same provider', async () => {
    const gateway = bench({
      variables: DEPLOYMENTS.client,
      config: { routes: { both: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1' }] } } },
    })
    gateway.simulator.rules([{ match: { model: 'gpt-4o-mini' }, do: { status: 503 } }])
    expect((await gateway.fetch(chat({ ...good(), model: 'both' }, { key: OWN }))).status).toBe(200)
    expect(gateway.received.map(({ key }) => key)).toEqual([OWN, OWN])
  })

  test("what stands in the way of the caller's own account is told in the provider's words", async () => {
    const gateway = bench({ variables: DEPLOYMENTS.client })
    gateway.simulator.rules([{ do: { error: 'missing_scope' }, times: 1 }])
    const { message } = await expectRefusal(gateway, await gateway.fetch(chat({}, { key: OWN })), {
      status: 403,
      code: 'missing_scope',
      upstream: 1,
      goodRequest: chat({}, { key: OWN }),
    })
    expect(message).toContain('insufficient permissions')
  })
})

describe('several tenants on one provider account', () => {
  const NAMED = { user: 'alice', prompt_cache_key: 'cache-1', safety_identifier: 'safe-1' }
  const sent = async (variables: Record<string, string>, key: string, body = NAMED) => {
    const gateway = bench({ variables })
    const response = await gateway.fetch(chat(body, { key }))
    expect(response.status).toBe(200)
    const json = gateway.received[0]?.json as Record<string, string | undefined>
    return { json, body: gateway.received[0]?.body, adapted: response.headers.get('x-gateway-adapted') }
  }

  test('with one key the fields pass unchanged', async () => {
    const { json, adapted } = await sent(DEPLOYMENTS.gateway, KEY_A)
    expect(json).toMatchObject(NAMED)
    expect(adapted).toBeNull()
  })

  test('with several keys each tenant gets pseudonyms of its own, the same each time', async () => {
    const a = await sent(DEPLOYMENTS.tenants, KEY_A)
    const again = await sent(DEPLOYMENTS.tenants, KEY_A)
    const b = await sent(DEPLOYMENTS.tenants, KEY_B)
    for (const field of Object.keys(NAMED)) {
      expect(a.json[field]).toMatch(/^[A-Za-z0-9_-]{32}$/)
      expect(again.json[field]).toBe(a.json[field])
      expect(b.json[field]).not.toBe(a.json[field])
    }
    expect(new Set(Object.keys(NAMED).map((field) => a.json[field])).size).toBe(3)
    expect(a.adapted).toContain('user=pseudonym')
  })

  test('the same value in two fields gives two pseudonyms', async () => {
    const { json } = await sent(DEPLOYMENTS.tenants, KEY_A, { ...NAMED, user: 'x', safety_identifier: 'x' })
    expect(json['user']).not.toBe(json['safety_identifier'])
  })

  test('without GATEWAY_SECRET the fields are left out and nothing else changes', async () => {
    const { GATEWAY_SECRET: _, ...variables } = DEPLOYMENTS.tenants
    const { json, body, adapted } = await sent(variables, KEY_A)
    expect(json).toEqual(good())
    expect(body).toBe(JSON.stringify(good()))
    expect(adapted).toBe('prompt_cache_key=dropped, user=dropped, safety_identifier=dropped')
  })

  test('a request without such fields goes out untouched', async () => {
    const text = `{ "model":"gpt-4o-mini",\t"messages": [{"role":"user","content":"hi"}] }`
    const gateway = bench({ variables: DEPLOYMENTS.tenants })
    await gateway.fetch(chat(text))
    expect(gateway.received[0]?.body).toBe(text)
  })

  test('a secret that is too short is refused without being shown', async () => {
    expect(() => bench({ variables: { ...DEPLOYMENTS.tenants, GATEWAY_SECRET: 'canary-short' } })).toThrow(
      /^GATEWAY_SECRET must have at least 32 bytes\.$/,
    )
  })
})
