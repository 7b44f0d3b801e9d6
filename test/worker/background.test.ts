import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { chat, GATEWAY } from './support.ts'
import { type Answer, deployment, type Json } from './key-bench.ts'

const CARD = { input: 2, output: 8 } // gpt-4.1, US dollars per million tokens
const costOf = ({ usage }: Json): number =>
  (usage.input_tokens * CARD.input + usage.output_tokens * CARD.output) / 1_000_000

const made = (key: string, more: object = {}): Request =>
  chat(JSON.stringify({ model: 'gpt-4.1', input: 'Think about it', max_output_tokens: 1_000, ...more }), {
    path: '/v1/responses',
    key,
  })
const begun = (key: string, more: object = {}): Request => made(key, { background: true, ...more })
const about = (key: string, id: string, rest = '', method = 'GET'): Request =>
  new Request(`${GATEWAY}/v1/responses/${id}${rest}`, { method, headers: { authorization: `Bearer ${key}` } })

/** Isolates over a ledger of their own. */
function books() {
  const tag = crypto.randomUUID()
  const { isolate, received } = deployment({
    ledgerObject: (name) => env.LEDGER.getByName(`${name}-${tag}`),
  })
  const here = isolate()
  const spent = async (id: string): Promise<number> => (await here.usage(id)).budgets.total.spentUsd
  const rows = async (query: string): Promise<Json[]> => {
    await here.idle()
    return (await here.admin('GET', `/usage?${query}`)).body.data
  }
  return { ...here, isolate, received, spent, rows }
}
const WORST = { budgets: { total: 100 } }

describe('[endpoint responses looks] a look at a response that was made earlier', () => {
  test('counts on the key and is booked, whoever has the response, at no cost', async () => {
    const { send, made: newKey, rows, usage } = books()
    const { key, id } = await newKey({ limits: { requestsPerMinute: 60, concurrent: 2 }, ...WORST })
    for (const model of ['gpt-4.1', 'gemini-2.5-flash']) {
      const { body } = await send(made(key, { model }))
      const shown = await send(about(key, body.id))
      expect([shown.status, shown.headers.get('x-ratelimit-limit-requests')]).toEqual([200, '60'])
      expect((await send(about(key, body.id, '/input_items'))).status).toBe(200)
      expect((await send(about(key, body.id, '/cancel', 'POST'))).status).toBe(400)
      expect((await send(about(key, body.id, '', 'DELETE'))).status).toBe(200)
    }
    expect(await usage(id)).toMatchObject({ requests: { remaining: 50 }, concurrent: { running: 0 } })
    const data = await rows('group_by=endpoint')
    const seen = Object.fromEntries(data.map((row) => [row.endpoint, [row.requests, row.refused]]))
    expect(seen).toEqual({
      responses: [2, 0],
      'responses.retrieve': [2, 0],
      'responses.input_items': [2, 0],
      'responses.cancel': [2, 2],
      'responses.delete': [2, 0],
    })
    expect(data.filter(({ endpoint }) => endpoint !== 'responses').map((row) => row.unpriced)).toEqual([
      0, 0, 0, 0,
    ])
  })

  test('is one too many where the minute is full, and asks nobody then', async () => {
    const { send, made: newKey, received, idle } = books()
    const { key } = await newKey({ limits: { requestsPerMinute: 2 } })
    const { body } = await send(made(key))
    expect((await send(about(key, body.id))).status).toBe(200)
    const before = received.length
    const refused = await send(about(key, body.id))
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(received).toHaveLength(before)
    await idle()
  })

  test('needs no budget: what was paid for can be fetched when it is used up', async () => {
    const { send, admin, made: newKey, idle } = books()
    const { key, id } = await newKey({ budgets: { total: 1 } })
    const { body } = await send(made(key))
    await idle()
    await admin('PATCH', `/keys/${id}`, { budgets: { total: 0.000001 } })
    const refused = await send(made(key))
    expect([refused.status, refused.body.error.code]).toEqual([429, 'insufficient_quota'])
    expect((await send(about(key, body.id))).status).toBe(200)
    await idle()
  })

  test('a missing one counts, too', async () => {
    const { send, made: newKey, usage } = books()
    const { key, id } = await newKey({ limits: { requestsPerMinute: 60 } })
    expect((await send(about(key, 'resp_nobody'))).status).toBe(404)
    expect(await usage(id)).toMatchObject({ requests: { remaining: 59 } })
  })
})

describe('[endpoint responses background usage] work in the background', () => {
  test('is charged at its worst until a look shows it done, then at what it cost, once', async () => {
    const { send, made: newKey, spent, rows } = books()
    const { key, id } = await newKey(WORST)
    const { body } = await send(begun(key))
    expect(body.status).toBe('queued')
    const worst = await spent(id)
    expect(worst).toBeGreaterThan(0.008)
    expect((await send(about(key, body.id))).body.status).toBe('in_progress')
    expect(await spent(id)).toBe(worst)
    const done = (await send(about(key, body.id))).body
    expect(done.status).toBe('completed')
    const cost = costOf(done)
    expect(await spent(id)).toBeCloseTo(cost, 9)
    await send(about(key, body.id))
    expect(await spent(id)).toBeCloseTo(cost, 9)
    const data = await rows('group_by=endpoint,model')
    expect(data.find((row) => row.endpoint === 'responses')).toMatchObject({ requests: 1, unpriced: 1 })
    const looks = data.filter((row) => row.endpoint === 'responses.retrieve')
    expect(looks.find((row) => row.model !== '')).toMatchObject({
      requests: 1,
      cost_usd: String(cost),
      output_tokens: done.usage.output_tokens,
    })
    expect(looks.find((row) => row.model === '')).toMatchObject({ requests: 2, output_tokens: 0 })
  })

  test('is booked once, however many isolates see it done at the same time', async () => {
    const { send, made: newKey, spent, rows, isolate } = books()
    const { key, id } = await newKey(WORST)
    const { body } = await send(begun(key))
    await send(about(key, body.id))
    await spent(id)
    const others = [isolate(), isolate(), isolate()]
    const answers = await Promise.all(others.map((each) => each.send(about(key, body.id))))
    expect(answers.map((each: Answer) => each.body.status)).toEqual(Array(3).fill('completed'))
    await Promise.all(others.map((each) => each.idle()))
    expect(await spent(id)).toBeCloseTo(costOf(answers[0]?.body), 9)
    const data = await rows('group_by=endpoint')
    const usage = answers[0]?.body.usage
    expect(data.find((row) => row.endpoint === 'responses.retrieve')).toMatchObject({
      requests: 4,
      output_tokens: usage.output_tokens,
    })
  })

  test.each([
    ['a stream of it that is watched again', '?stream=true', 'GET', 'responses.retrieve'],
    ['its deletion', '', 'DELETE', 'responses.delete'],
  ])('is booked by %s', async (_, rest, method, endpoint) => {
    const { send, made: newKey, spent, rows } = books()
    const { key, id } = await newKey(WORST)
    const { body } = await send(begun(key))
    const worst = await spent(id)
    await send(about(key, body.id))
    expect(await spent(id)).toBe(worst)
    expect((await send(about(key, body.id, rest, method))).status).toBe(200)
    expect(await spent(id)).toBeLessThan(worst / 10)
    const data = await rows('group_by=endpoint,model')
    const booked = data.find((row) => row.endpoint === endpoint && row.model !== '')
    expect(Number(booked.cost_usd)).toBeCloseTo(await spent(id), 9)
  })

  test('whose stream the client left is not over: it is charged at its worst, and later as it was', async () => {
    const { open, send, made: newKey, spent, rows } = books()
    const { key, id } = await newKey(WORST)
    const streamed = await open(begun(key, { stream: true, input: 'word '.repeat(50) }))
    const reader = streamed.body?.getReader()
    let text = ''
    while (!text.includes('output_text.delta'))
      text += new TextDecoder().decode((await reader?.read())?.value, { stream: true })
    await reader?.cancel()
    const response = /"id":"(resp_\w+)"/.exec(text)?.[1] ?? ''
    expect(await spent(id)).toBeGreaterThan(0.008)
    await send(about(key, response))
    const done = (await send(about(key, response))).body
    expect(done.status).toBe('completed')
    expect(await spent(id)).toBeCloseTo(costOf(done), 9)
    const [all] = await rows('')
    expect(all).toMatchObject({ output_tokens: done.usage.output_tokens, estimated: 0 })
  })

  test('whose stream came to its end is booked there', async () => {
    const { send, made: newKey, spent, rows } = books()
    const { key, id } = await newKey(WORST)
    const { text } = await send(begun(key, { stream: true }))
    const response = /"id":"(resp_\w+)"/.exec(text)?.[1] ?? ''
    const cost = await spent(id)
    for (let look = 0; look < 2; look++) await send(about(key, response))
    expect(await spent(id)).toBe(cost)
    const [all] = await rows('')
    expect(Number(all.cost_usd)).toBeCloseTo(cost, 9)
  })

  test('is booked on the key that began it, with its tags', async () => {
    const { send, made: newKey, rows } = books()
    const scopes = (team: string) => ({ tenant: 'acme', scopes: { metadata: { team } }, ...WORST })
    const [first, second] = [await newKey(scopes('one')), await newKey(scopes('two'))]
    const { body } = await send(begun(first.key))
    for (let look = 0; look < 2; look++) await send(about(second.key, body.id))
    const data = await rows('group_by=key,model,tag')
    const [booked] = data.filter((row) => row.output_tokens > 0)
    expect([booked.key, booked.tag]).toEqual([first.id, 'team=one'])
  })

  test('that was cancelled and says nothing of its usage stays charged at its worst', async () => {
    const { send, made: newKey, spent } = books()
    const { key, id } = await newKey(WORST)
    const { body } = await send(begun(key))
    const worst = await spent(id)
    expect((await send(about(key, body.id, '/cancel', 'POST'))).body.status).toBe('cancelled')
    expect(await spent(id)).toBe(worst)
  })
})
