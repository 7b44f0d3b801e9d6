import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient, user } from '../support/openai.ts'

const ADMIN = 'an admin secret for tests, long enough to be taken'.replaceAll(' ', '-')
let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({
    variables: { ADMIN_SECRET: ADMIN, GATEWAY_SECRET: 'a secret of the deployment, 32 bytes or more' },
  })
})
afterAll(() => gateway.close())

// oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is what it says
type Json = any

async function admin(method: string, path: string, body?: object): Promise<Json> {
  const response = await fetch(`${gateway.origin}/admin${path}`, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN}`,
      'content-type': 'application/json',
      'x-gateway-actor': 'alice',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}

/** What the official client gets when it asks for the route. */
async function ask(model: string) {
  const { data, response } = await openaiClient(gateway)
    .chat.completions.create({ model, messages: [user('Hi')] })
    .withResponse()
  const { headers } = response
  return {
    model: data.model,
    provider: headers.get('x-gateway-provider'),
    version: headers.get('x-gateway-config'),
  }
}

const config = (model: string) => ({
  config: { routes: { fast: { targets: [{ model }] } } },
  message: `fast is ${model}`,
})

describe('an operator at work, without a redeploy', () => {
  it('makes a route, changes it, sees each take effect, and rolls it back', async () => {
    expect(await admin('PUT', '/config', config('gpt-4o-mini'))).toEqual({ version: 1 })
    expect(await ask('fast')).toMatchObject({ provider: 'openai', version: '1' })
    expect(await admin('PUT', '/config', config('gemini-2.5-flash'))).toEqual({ version: 2 })
    expect(await ask('fast')).toMatchObject({ provider: 'gemini', version: '2' })
    expect((await admin('GET', '/config/diff?from=1&to=2')).changes).toMatchObject([
      { op: 'replace', path: '/routes/fast/targets', value: [{ model: 'gemini-2.5-flash' }] },
    ])
    expect(await admin('POST', '/config/rollback', { version: 1 })).toEqual({ version: 3 })
    expect(await ask('fast')).toMatchObject({ provider: 'openai', version: '3' })
    const { data, whole } = await admin('GET', '/config/audit')
    expect(data).toMatchObject([
      { who: 'admin (alice)', action: 'rollback' },
      { who: 'admin (alice)', action: 'put', detail: 'fast is gemini-2.5-flash' },
      { who: 'admin (alice)', action: 'put', detail: 'fast is gpt-4o-mini' },
    ])
    expect(whole).toBe(true)
  })

  it('adds a provider with a key given once', async () => {
    const providers = { acme: { baseUrl: `${gateway.upstream}/v1`, models: ['gpt-4.1-mini'] } }
    const { version } = await admin('PUT', '/config', { config: { providers } })
    const kept = await admin('PUT', '/providers/acme/key', { key: 'sk-simulator-of-acme' })
    expect(kept).toMatchObject({ provider: 'acme', origin: gateway.upstream, last4: 'acme', used: true })
    expect(await ask('acme/gpt-4.1-mini')).toMatchObject({ provider: 'acme', version: String(version) })
    expect(gateway.received.at(-1)?.headers['authorization']).toBe('Bearer sk-simulator-of-acme')
    expect(JSON.stringify(await admin('GET', '/config'))).not.toContain('sk-simulator-of-acme')
  })
})
