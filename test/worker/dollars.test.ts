import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { createSimulator } from '../../simulator/index.ts'
import type { DataPoint } from '../../src/usage/data-point.ts'
import { deployment } from './key-bench.ts'
import { chat, type Body } from './support.ts'

let ledgers = 0

/** A deployment with books of its own, a caller with a budget, and what each of the three says that it was charged. */
async function account(more: Parameters<typeof deployment>[0] = {}) {
  const name = `dollars-${ledgers++}`
  const here = deployment({
    ledgerObject: (each) => env.LEDGER.getByName(`${name}-${each}`),
    file: { timeouts: { requestMs: 120_000 } },
    ...more,
  }).isolate()
  const { key, id } = await here.made({ budgets: { total: 1_000 } })
  async function booked() {
    const budget: number = (await here.usage(id)).budgets.total.spentUsd
    const { data } = (await here.admin('GET', `/usage?key=${id}`)).body
    return { ledger: data[0]?.cost_usd, budget, row: data[0] }
  }
  return {
    ...here,
    key,
    booked,
    charged: async (request: Request) => {
      const { headers, status, text } = await here.send(request)
      return { status, text, header: headers.get('x-gateway-cost'), ...(await booked()) }
    },
  }
}

/** Says what was used, in the upstream's own words. */
const used = (usage: object, script: object = {}) => [
  { role: 'user', content: `Hi [[sim ${JSON.stringify({ usage, ...script })}]]` },
]
const tokens = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
})

describe('header, ledger and budget say the same dollars, worked out by hand from the price list', () => {
  test.each<[string, Body, string, number]>([
    [
      // 300 × 2.50 + 400 × 10 per million, and one search at 25 per thousand
      'a chat of a model that always searches',
      { model: 'gpt-4o-search-preview', messages: used(tokens(300, 400)) },
      '0.02975',
      0.02975,
    ],
    [
      // 300 × 1.25 + 400 × 10 per million, and one search at 10 per thousand
      'a chat of its successor',
      { model: 'gpt-5-search-api', messages: used(tokens(300, 400)) },
      '0.014375',
      0.014375,
    ],
  ])('%s', async (_, body, cost, spent) => {
    const { key, charged } = await account()
    expect(await charged(chat(body, { key }))).toMatchObject({
      status: 200,
      header: cost,
      ledger: cost,
      budget: spent,
    })
  })

  test('a streamed chat of a model that always searches', async () => {
    const { key, charged } = await account()
    const body = {
      model: 'gpt-4o-search-preview',
      stream: true,
      stream_options: { include_usage: true },
      messages: used(tokens(300, 400)),
    }
    const { text, ledger, budget } = await charged(chat(body, { key }))
    expect({ ledger, budget }).toEqual({ ledger: '0.02975', budget: 0.02975 })
    expect(text).toContain('"cost":0.02975')
    expect(text).toContain(': x-gateway-cost: 0.02975;')
  })
})

const gemini = (prompt: number, candidates: number) => ({
  promptTokenCount: prompt,
  candidatesTokenCount: candidates,
  totalTokenCount: prompt + candidates,
})

describe("the caller's own provider key", () => {
  test('costs the operator nothing; what its provider bills is kept apart', async () => {
    const points: DataPoint[] = []
    const { key, send, booked, admin } = await account({
      file: { keyMode: 'hybrid' },
      writePoint: (point) => void points.push(point),
    })
    const own = { 'x-gateway-provider-key': 'openai:sk-own' }
    // 1,000 × 0.15 + 400 × 0.60 per million
    const body = { messages: used(tokens(1_000, 400)) }
    expect((await send(chat(body, { key, headers: own }))).headers.get('x-gateway-cost')).toBe('0.00039')
    expect(await booked()).toMatchObject({
      ledger: '0',
      budget: 0,
      row: { own_key: 1, own_key_unpriced: 0, own_key_usd: '0.00039', input_tokens: 1_000, unpriced: 0 },
    })
    await send(chat(body, { key }))
    expect(await booked()).toMatchObject({
      ledger: '0.00039',
      budget: 0.00039,
      row: { requests: 2, own_key: 1, own_key_usd: '0.00039' },
    })
    expect(points.map(({ doubles }) => [doubles[3], doubles[16], doubles[17]])).toEqual([
      [0, 390_000, 1],
      [390_000, 0, 0],
    ])
    const metrics = await admin('GET', '/../metrics')
    expect(metrics.text).toMatch(/llm_gateway_cost_usd_total\{.*\} 0\.00039\n/)
    expect(metrics.text).toMatch(/llm_gateway_own_key_cost_usd_total\{.*\} 0\.00039\n/)
    expect(metrics.text).toMatch(/llm_gateway_own_key_requests_total\{.*\} 1\n/)
  })
})

describe('choices that are calls of their own', () => {
  const body = { model: 'gemini-2.5-pro', n: 4, messages: used(gemini(60_000, 100)) }
  const failing = (status: number, times: number) => {
    const simulator = createSimulator({ today: '2020-01-01' })
    let calls = 0
    return (request: Request): Promise<Response> =>
      calls++ % 2 === 1 && calls <= times * 2
        ? Promise.resolve(Response.json({ error: { code: status, message: 'No.', status: 'X' } }, { status }))
        : simulator.fetch(request)
  }

  test('are each as long as their own prompt', async () => {
    // 4 × (60,000 × 1.25 + 100 × 10) per million: no prompt is longer than 200,000
    const { key, charged } = await account()
    expect(await charged(chat(body, { key }))).toMatchObject({
      status: 200,
      header: '0.304',
      ledger: '0.304',
      budget: 0.304,
      row: { input_tokens: 240_000, output_tokens: 400 },
    })
  })

  test('are so in a stream', async () => {
    const { key, charged } = await account()
    const { text, ledger, budget } = await charged(
      chat({ ...body, stream: true, stream_options: { include_usage: true } }, { key }),
    )
    expect({ ledger, budget }).toEqual({ ledger: '0.304', budget: 0.304 })
    expect(text).toContain('"cost":0.304')
    expect(text).toContain(': x-gateway-cost: 0.304;')
  })

  test('are so as text completions', async () => {
    const { key, charged } = await account()
    const prompts = [used(gemini(201_000, 10)), used(gemini(60_000, 10))].map(([message]) => message?.content)
    // 201,000 × 2.50 + 10 × 15, and 60,000 × 1.25 + 10 × 10, per million
    const request = { model: 'gemini-2.5-pro', prompt: prompts, messages: undefined }
    expect(await charged(chat(request, { key, path: '/v1/completions' }))).toMatchObject({
      status: 200,
      header: '0.57775',
      ledger: '0.57775',
      budget: 0.57775,
    })
  })

  test('are paid for where others of them were refused', async () => {
    // 2 × (60,000 × 1.25 + 100 × 10) per million
    const { key, charged } = await account({ fetch: failing(400, 2) })
    expect(await charged(chat(body, { key }))).toMatchObject({
      status: 400,
      ledger: '0.152',
      budget: 0.152,
      row: { input_tokens: 120_000, output_tokens: 200, refused: 1, failed_attempts: 1 },
    })
  })

  test('are paid for beside the answer of whoever stood in', async () => {
    const routes = {
      both: {
        targets: [
          { model: 'gemini-2.5-pro', priority: 0 },
          { model: 'gpt-4o-mini', priority: 1 },
        ],
      },
    }
    const { key, charged, admin } = await account({ fetch: failing(503, 2), file: { routes } })
    const each = { gemini: { usage: gemini(60_000, 100) }, openai: { usage: tokens(1_000, 400) } }
    // 1,000 × 0.15 + 400 × 0.60 per million, and what was answered before
    expect(await charged(chat({ ...body, model: 'both', messages: used({}, each) }, { key }))).toMatchObject({
      status: 200,
      header: '0.00039',
      ledger: '0.15239',
      budget: 0.15239,
    })
    const { data } = (await admin('GET', '/usage?group_by=provider')).body
    expect(data).toMatchObject([
      { provider: 'gemini', requests: 0, failed_attempts: 1, cost_usd: '0.152' },
      { provider: 'openai', requests: 1, cost_usd: '0.00039' },
    ])
  })

  test('cost nothing where all of them were refused', async () => {
    const { key, charged } = await account()
    const refused = { ...body, messages: used({}, { status: 429 }) }
    expect(await charged(chat(refused, { key }))).toMatchObject({ status: 429, ledger: '0', budget: 0 })
  })

  test('have each read the prompt when their stream is left', async () => {
    const left = async (n: number) => {
      const { key, open, booked } = await account()
      const text = 'word '.repeat(400)
      const messages = used({}, { text, gapMs: 1 })
      const response = await open(chat({ model: 'gemini-2.5-pro', n, stream: true, messages }, { key }))
      const reader = response.body?.getReader()
      for (let i = 0; i < 20; i++) await reader?.read()
      await reader?.cancel()
      return (await booked()).row
    }
    const [one, four] = [await left(1), await left(4)]
    expect(one).toMatchObject({ cancelled: 1, estimated: 1, input_tokens: expect.any(Number) })
    expect(four).toMatchObject({ cancelled: 1, estimated: 1 })
    // The field `n` itself counts a little.
    expect(four.input_tokens / one.input_tokens).toBeCloseTo(4, 0)
  })
})
