import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient, user } from '../support/openai.ts'

const ADMIN_SECRET = 'an-admin-secret-of-at-least-32-bytes'
/** At worst, by the catalog: 10,000 tokens of output at 10 dollars a million, and a little input. */
const REQUEST = { model: 'gpt-4o', max_completion_tokens: 10_000, messages: [user('Hi')] }

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({
    variables: {
      ALLOW_ANONYMOUS: undefined,
      ADMIN_SECRET,
      GATEWAY_SECRET: 'a-gateway-secret-of-at-least-32-bytes',
    },
  })
})
afterAll(() => gateway.close())

// oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is what it says
type Json = any

/** The docs' commands, as the docs have them: fenced, under the heading of the walk-through. */
const documented = readFileSync('docs/keys.md', 'utf8').split('## A key with a budget, step by step')[1] ?? ''

async function call(secret: string, method: string, path: string, body?: object): Promise<Json> {
  expect(documented).toContain(path.replace(/keys\/[0-9A-Za-z]{10}/, 'keys/$ID'))
  const response = await fetch(gateway.origin + path, {
    method,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return response.json()
}
const admin = (method: string, path: string, body?: object): Promise<Json> =>
  call(ADMIN_SECRET, method, `/admin${path}`, body)

describe('the walk-through of docs/keys.md', () => {
  let made: { readonly key: string; readonly id: string }
  let spent = 0

  it('1. an admin makes a key with a budget of one dollar', async () => {
    made = await admin('POST', '/keys', { name: 'team search', budgets: { total: 1 } })
    expect(made.key).toMatch(/^gw_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    expect((await admin('GET', `/keys/${made.id}`)).budgets).toEqual({ total: 1 })
  })

  it('2. the key is spent with the official client, until it is refused', async () => {
    const client = openaiClient(gateway, { apiKey: made.key })
    const [start, directive] = [
      'Hi [[sim ',
      { usage: { prompt_tokens: 10, completion_tokens: 10_000 } },
    ] as const
    const messages = [user(`${start}${JSON.stringify(directive)}]]`)]
    const spend = () =>
      client.chat.completions
        .create({ ...REQUEST, messages })
        .withResponse()
        .then(({ response }) => Number(response.headers.get('x-gateway-cost')))
    const outcomes: (number | Error)[] = []
    while (outcomes.length < 100 && !outcomes.some((each) => each instanceof Error))
      outcomes.push(await spend().catch((thrown: Error) => thrown))
    spent = outcomes.reduce((sum: number, each) => sum + (each instanceof Error ? 0 : each), 0)
    expect(outcomes.at(-1)).toMatchObject({
      status: 429,
      code: 'insufficient_quota',
      type: 'insufficient_quota',
    })
    expect(spent).toBeGreaterThan(0.8)
    expect(spent).toBeLessThanOrEqual(1)
  })

  it('3. the key and the admin both read what it has spent, and it is what the answers said', async () => {
    const own = await call(made.key, 'GET', '/v1/usage/key')
    expect(own.budgets.total.limitUsd).toBe(1)
    const usage = await admin('GET', `/keys/${made.id}/usage`)
    expect(usage.budgets.total.spentUsd + usage.budgets.total.heldUsd).toBeLessThanOrEqual(1)
    await expect
      .poll(async () => (await admin('GET', `/keys/${made.id}/usage`)).budgets.total.spentUsd, {
        timeout: 20_000,
      })
      .toBeCloseTo(spent, 6)
  })

  it('4. with a larger budget it is served again', async () => {
    const client = openaiClient(gateway, { apiKey: made.key })
    await admin('PATCH', `/keys/${made.id}`, { budgets: { total: 5 } })
    await expect
      .poll(() =>
        client.chat.completions.create(REQUEST).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
  })

  it('5. a route is changed at runtime, takes effect, and is rolled back', async () => {
    const client = openaiClient(gateway, { apiKey: made.key })
    const provider = async () => {
      const { response } = await client.chat.completions.create({ ...REQUEST, model: 'fast' }).withResponse()
      return response.headers.get('x-gateway-provider')
    }
    const put = (model: string) =>
      admin('PUT', '/config', { config: { routes: { fast: { targets: [{ model }] } } } })
    expect(await put('gpt-4o-mini')).toEqual({ version: 1 })
    expect(await provider()).toBe('openai')
    expect(await put('gemini-2.5-flash')).toEqual({ version: 2 })
    expect(await provider()).toBe('gemini')
    expect(await admin('POST', '/config/rollback', { version: 1 })).toEqual({ version: 3 })
    expect(await provider()).toBe('openai')
  })

  it('6. revoked, the key is refused, and the log has every change of it', async () => {
    await admin('POST', `/keys/${made.id}/revoke`)
    const client = openaiClient(gateway, { apiKey: made.key })
    await expect(client.chat.completions.create(REQUEST)).rejects.toMatchObject({ status: 401 })
    const { data, whole } = await admin('GET', '/audit')
    expect(data.map(({ action }: { action: string }) => action)).toEqual([
      'key.revoke',
      'key.revoke.asked',
      'key.update',
      'key.update.asked',
      'key.create',
      'key.create.asked',
    ])
    expect(whole).toBe(true)
  })
})
