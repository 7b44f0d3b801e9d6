import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import { bench, chat, fakeTimers, good } from './support.ts'

const ROUTES: ConfigInput = {
  routes: {
    turns: { strategy: 'round-robin', targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1' }] },
  },
}
const gatewayOf = () => bench({ timers: fakeTimers(), config: ROUTES })
const explain = (body: object = {}): Request => chat({ ...good(), ...body }, { path: '/v1/explain' })

describe('an explanation', () => {
  test('says what a lone target would cost', async () => {
    const answer = await (await gatewayOf().fetch(explain())).json<{ targets: unknown[] }>()
    expect(answer.targets).toEqual([
      expect.objectContaining({ estimated_cost_usd: expect.stringMatching(/^0\.000\d+$/) }),
    ])
  })

  test('takes nobody’s turn', async () => {
    const gateway = gatewayOf()
    let last: string | null = null
    for (let i = 0; i < 4; i++) {
      await gateway.fetch(explain({ model: 'turns' }))
      const { headers } = await gateway.fetch(chat({ ...good(), model: 'turns' }))
      const served = headers.get('x-gateway-model')
      expect(served).not.toBe(last)
      last = served
    }
  })
})

describe('a ceiling on the cost', () => {
  const under = (usd: string): Request => chat(good(), { headers: { 'x-gateway-max-cost': usd } })

  test('lets a lone target serve that costs less', async () => {
    expect((await gatewayOf().fetch(under('1'))).status).toBe(200)
  })

  test('refuses one that costs more, before it is called', async () => {
    const gateway = gatewayOf()
    const response = await gateway.fetch(under('0.000001'))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('ceiling') } })
    expect(gateway.received).toEqual([])
  })
})

test('thousands of unknown fields are listed in a header that clients take', async () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`field_number_${i}`, 1]))
  const response = await bench().fetch(chat({ ...good(), model: 'gemini-2.5-flash', ...fields }))
  expect(response.status).toBe(200)
  const listed = response.headers.get('x-gateway-adapted') ?? ''
  expect(listed.length).toBeLessThan(2_100)
  expect(listed).toMatch(/^field_number_0=dropped, .*, and \d+ more$/)
})
