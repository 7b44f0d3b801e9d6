import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
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
    async charged(request: Request) {
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
