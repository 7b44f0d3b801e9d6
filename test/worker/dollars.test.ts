import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { wav } from '../../simulator/samples.ts'
import { createSimulator } from '../../simulator/index.ts'
import type { DataPoint } from '../../src/usage/data-point.ts'
import { deployment, GATEWAY_KEY, VARIABLES } from './key-bench.ts'
import { chat, type Body, GATEWAY } from './support.ts'

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

const gemini = (prompt: number, candidates: number) => ({
  promptTokenCount: prompt,
  candidatesTokenCount: candidates,
  totalTokenCount: prompt + candidates,
})

/** A request, the path that it is for, and what it costs in US dollars. */
type Row = readonly [what: string, path: string, body: Body, usd: string]
const sim = (script: object): string => `Hi [[sim ${JSON.stringify(script)}]]`
const thousand = { input_tokens: 1_000, output_tokens: 200, total_tokens: 1_200 }
const modal = (modality: string, tokenCount: number) => ({ modality, tokenCount })
const CHAT = '/chat/completions'

/** Worked out by hand from catalog.md 10 and the price list; per million tokens where nothing else is said. */
const ROWS: readonly Row[] = [
  [
    // 600 × 0.15 + 400 × 0.075 + 200 × 0.60
    'chat with a cached prompt',
    CHAT,
    { messages: used({ ...tokens(1_000, 200), prompt_tokens_details: { cached_tokens: 400 } }) },
    '0.00024',
  ],
  [
    // 5,000 × 2 + 3,000 × 8
    'chat that reasons',
    CHAT,
    {
      model: 'o3',
      messages: used({ ...tokens(5_000, 3_000), completion_tokens_details: { reasoning_tokens: 2_500 } }),
    },
    '0.034',
  ],
  [
    // 100 × 2.50 + 500 × 40 + 20 × 10 + 300 × 80
    'chat in sound',
    CHAT,
    {
      model: 'gpt-4o-audio',
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'pcm16' },
      messages: used({
        ...tokens(600, 320),
        prompt_tokens_details: { audio_tokens: 500 },
        completion_tokens_details: { audio_tokens: 300 },
      }),
    },
    '0.04445',
  ],
  [
    // over 272,000: 50,000 × 4 + 200,000 × 0.20 + 50,000 × 5 + 1,000 × 15
    'chat in a long context, part of it cached, part written',
    CHAT,
    {
      model: 'gpt-6.1-sol',
      messages: used({
        ...tokens(300_000, 1_000),
        prompt_tokens_details: { cached_tokens: 200_000, cache_write_tokens: 50_000 },
      }),
    },
    '0.505',
  ],
  [
    // 300 × 2.50 + 400 × 10, and one search at 25 per thousand
    'chat of a model that always searches',
    CHAT,
    { model: 'gpt-4o-search-preview', messages: used(tokens(300, 400)) },
    '0.02975',
  ],
  [
    // 300 × 1.25 + 400 × 10, and one search at 10 per thousand
    'chat of its successor',
    CHAT,
    { model: 'gpt-5-search-api', messages: used(tokens(300, 400)) },
    '0.014375',
  ],
  [
    // 200,000 × 1.25 + 1,000 × 10
    'Gemini that thinks',
    CHAT,
    {
      model: 'gemini-2.5-pro',
      messages: used({ ...gemini(200_000, 400), thoughtsTokenCount: 600, totalTokenCount: 201_000 }),
    },
    '0.26',
  ],
  [
    // 200,001 × 2.50 + 1,000 × 15
    'Gemini, one token over',
    CHAT,
    {
      model: 'gemini-2.5-pro',
      messages: used({ ...gemini(200_001, 400), thoughtsTokenCount: 600, totalTokenCount: 201_001 }),
    },
    '0.5150025',
  ],
  [
    // 500 × 0.30 + 500 × 0.03 + 2,000 × 1 + 1,000 × 2.50
    'Gemini that listens',
    CHAT,
    {
      model: 'gemini-2.5-flash',
      messages: used({
        ...gemini(3_000, 100),
        thoughtsTokenCount: 900,
        totalTokenCount: 4_000,
        cachedContentTokenCount: 500,
        promptTokensDetails: [modal('TEXT', 1_000), modal('AUDIO', 2_000)],
      }),
    },
    '0.004665',
  ],
  [
    // 1,000 × 0.30 + 100 × 2.50, and one grounded prompt at 35 per thousand
    'Gemini that searches',
    CHAT,
    {
      model: 'gemini-2.5-flash',
      web_search_options: {},
      messages: used(gemini(1_000, 100), { grounding: true }),
    },
    '0.03555',
  ],
  [
    // 1,000 × 0.75 + 100 × 3.75, and one query at 14 per thousand
    'a later Gemini that searches',
    CHAT,
    {
      model: 'gemini-3.8-flash',
      web_search_options: {},
      messages: used(gemini(1_000, 100), { grounding: true }),
    },
    '0.015125',
  ],
  [
    // half of 1,000 × 2 + 200 × 8
    'chat that may wait',
    CHAT,
    { model: 'o3', service_tier: 'flex', messages: used(tokens(1_000, 200)) },
    '0.0018',
  ],
  [
    // half of 1,000 × 0.30 + 200 × 2.50
    'Gemini that may wait',
    CHAT,
    { model: 'gemini-2.5-flash', service_tier: 'flex', messages: used(gemini(1_000, 200)) },
    '0.0004',
  ],
  [
    // half of 1,000 × 0.30 + 200 × 2.50
    "a response of Gemini's that may wait",
    '/responses',
    {
      model: 'gemini-2.5-flash',
      service_tier: 'flex',
      messages: undefined,
      input: sim({ usage: gemini(1_000, 200) }),
    },
    '0.0004',
  ],
  [
    // 1,000 × 20 + 200 × 80
    'chat over responses',
    CHAT,
    { model: 'o3-pro', messages: used(thousand) },
    '0.036',
  ],
  [
    // 1,000 × 0.15 + 200 × 0.60
    'a response',
    '/responses',
    { messages: undefined, input: sim({ usage: thousand }) },
    '0.00027',
  ],
  [
    // 1,000 × 0.30 + 200 × 2.50
    "a response of Gemini's",
    '/responses',
    { model: 'gemini-2.5-flash', messages: undefined, input: sim({ usage: gemini(1_000, 200) }) },
    '0.0008',
  ],
  [
    // 1,000 × 0.15 + 200 × 0.60
    'a text completion',
    '/completions',
    { messages: undefined, prompt: sim({ usage: tokens(1_000, 200) }) },
    '0.00027',
  ],
  [
    // 1,000 × 0.02
    'an embedding',
    '/embeddings',
    {
      model: 'text-embedding-3-small',
      messages: undefined,
      input: sim({ usage: { prompt_tokens: 1_000, total_tokens: 1_000 } }),
    },
    '0.00002',
  ],
  ['a moderation', '/moderations', { model: 'omni-moderation-latest', messages: undefined, input: 'x' }, '0'],
  [
    // 100 × 5 + 1,000 × 30
    'pictures',
    '/images/generations',
    {
      model: 'gpt-image-2',
      messages: undefined,
      prompt: sim({
        usage: {
          input_tokens: 100,
          output_tokens: 1_000,
          total_tokens: 1_100,
          input_tokens_details: { text_tokens: 100, image_tokens: 0 },
          output_tokens_details: { image_tokens: 1_000, text_tokens: 0 },
        },
      }),
    },
    '0.0305',
  ],
  [
    // twice 100 × 0.30 + 1,290 × 30
    "pictures of Gemini's, each a call of its own",
    '/images/generations',
    {
      model: 'gemini-2.5-flash-image',
      messages: undefined,
      n: 2,
      prompt: sim({ usage: { ...gemini(100, 1_290), candidatesTokensDetails: [modal('IMAGE', 1_290)] } }),
    },
    '0.07746',
  ],
  [
    // 1,234 characters × 15
    'speech',
    '/audio/speech',
    { model: 'tts-1', messages: undefined, input: 'é'.repeat(1_234), voice: 'alloy' },
    '0.01851',
  ],
  [
    // 150 characters are ten seconds: 10 × 0.015 ÷ 60
    'speech by the minute, estimated',
    '/audio/speech',
    { model: 'gpt-4o-mini-tts', messages: undefined, input: 'x'.repeat(150), voice: 'alloy' },
    '0.0025',
  ],
  [
    // 38 × 0.60 + 200 × 12: four characters a token, and twenty tokens a second
    'speech as events',
    '/audio/speech',
    {
      model: 'gpt-4o-mini-tts',
      messages: undefined,
      input: 'x'.repeat(150),
      voice: 'alloy',
      stream_format: 'sse',
    },
    '0.0024228',
  ],
  [
    // 1,000 × 0.50 + 200 × 10
    "speech of Gemini's",
    '/audio/speech',
    {
      model: 'gemini-2.5-flash-preview-tts',
      messages: undefined,
      input: sim({ usage: { ...gemini(1_000, 200), candidatesTokensDetails: [modal('AUDIO', 200)] } }),
      voice: 'alloy',
      response_format: 'pcm',
    },
    '0.0025',
  ],
]

/** Sound of so many seconds, as the simulator counts them. */
function recording(model: string, seconds: number, more: Readonly<Record<string, string>> = {}): FormData {
  const form = new FormData()
  form.append('file', new File([wav(new Uint8Array(seconds * 48_000 - 44))], 'a.wav'))
  for (const [name, value] of Object.entries({ model, ...more })) form.append(name, value)
  return form
}

/** Of an answer that leaves before its cost is known no header tells. */
const agreed = (header: string | null, usd: string) => ({
  header: header === null ? null : usd,
  ledger: usd,
  budget: Number(usd),
})
const LATE = ['/audio/speech']
const PRICED_STREAMS = [CHAT, '/completions']

describe('header, ledger and budget say the same dollars, worked out by hand from the price list', () => {
  test.each(ROWS)('%s', async (_, path, body, usd) => {
    const { key, charged } = await account()
    const { status, text, row, ...said } = await charged(chat(body, { key, path: `/v1${path}` }))
    expect({ status, text: status === 200 ? '' : text, row }).toMatchObject({
      status: 200,
      row: { requests: 1 },
    })
    expect(said).toEqual(agreed(LATE.includes(path) ? said.header : usd, usd))
  })

  test.each(ROWS.filter(([, path]) => PRICED_STREAMS.includes(path)))(
    '%s, streamed',
    async (_, path, body, usd) => {
      const { key, charged } = await account()
      const streamed = { ...body, stream: true, stream_options: { include_usage: true } }
      const { text, ...said } = await charged(chat(streamed, { key, path: `/v1${path}` }))
      expect(said).toMatchObject({ status: 200, header: null, ledger: usd, budget: Number(usd) })
      expect(text).toContain(`"cost":${Number(usd)}}`)
      expect(text).toContain(`: x-gateway-cost: ${usd};`)
    },
  )

  test.each<[string, string, FormData, string, 0 | 1]>([
    // 90 s × 0.006 ÷ 60
    ['a transcript', 'transcriptions', recording('whisper-1', 90), '0.009', 0],
    ['a translation', 'translations', recording('whisper-1', 90), '0.009', 0],
    // 90 s × 0.0045 ÷ 60
    ['a later transcript', 'transcriptions', recording('gpt-transcribe', 90), '0.00675', 0],
    // 600 × 2.50, and `Heard a.wav of 2880000 bytes.` in eight tokens × 10
    ['a transcript by tokens', 'transcriptions', recording('gpt-4o-transcribe', 60), '0.00158', 0],
    [
      'a transcript by tokens, streamed',
      'transcriptions',
      recording('gpt-4o-transcribe', 60, { stream: 'true' }),
      '0.00158',
      0,
    ],
    [
      'subtitles, by the length that the file says',
      'transcriptions',
      recording('whisper-1', 90, { response_format: 'srt' }),
      '0.009',
      1,
    ],
  ])('%s', async (...transcript) => {
    const [, path, body, usd, estimated] = transcript
    const { key, charged } = await account()
    const { status, row, header, ledger, budget } = await charged(
      new Request(`${GATEWAY}/v1/audio/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body,
      }),
    )
    expect({ status, estimated: row.estimated }).toEqual({ status: 200, estimated })
    expect({ header, ledger, budget }).toEqual(agreed(header, usd))
  })
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

test("a kept answer spares a caller with a key of Gemini's own what it spares the operator elsewhere", async () => {
  const { key, send, booked, admin } = await account({ file: { keyMode: 'hybrid' } })
  // 1,000 × 0.30 + 200 × 2.50 per million
  const body = { model: 'gemini-2.5-flash', messages: used(gemini(1_000, 200)) }
  const cached = { 'x-gateway-cache': 'on' }
  const own = { ...cached, 'x-gateway-provider-key': 'gemini:AIza-own' }
  const hits: (string | null)[] = []
  for (const headers of [own, own, cached, cached]) {
    const answer = await send(chat(body, { key, headers }))
    hits.push(answer.headers.get('x-gateway-cache'), answer.headers.get('x-gateway-saved'))
  }
  // An answer that another key has paid for is no answer for this one.
  const once = ['miss', null, 'hit', '0.0008']
  expect(hits).toEqual([...once, ...once])
  expect(await booked()).toMatchObject({
    ledger: '0.0008',
    budget: 0.0008,
    row: { requests: 4, own_key_usd: '0.0008', own_key_saved_usd: '0.0008', saved_usd: '0.0008' },
  })
  const metrics = await admin('GET', '/../metrics')
  expect(metrics.text).toMatch(/llm_gateway_own_key_saved_usd_total\{.*\} 0\.0008\n/)
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
      header: '0.152',
      ledger: '0.152',
      budget: 0.152,
      row: { input_tokens: 120_000, output_tokens: 200, refused: 1, failed_attempts: 1, estimated: 0 },
    })
  })

  test('are paid for in a stream where others of them were refused, and those are not', async () => {
    const { key, charged } = await account({ fetch: failing(400, 2) })
    expect(await charged(chat({ ...body, stream: true }, { key }))).toMatchObject({
      status: 400,
      header: '0.152',
      ledger: '0.152',
      budget: 0.152,
      row: { input_tokens: 120_000, output_tokens: 200, unsettled_attempts: 0, estimated: 0 },
    })
  })

  test('are charged as the worst case in a stream that does not end in time', async () => {
    const timers = {
      now: () => Date.now(),
      after(ms: number, work: () => void) {
        const id = setTimeout(work, Math.min(ms, ms === 5_000 ? 100 : 60_000))
        return () => clearTimeout(id)
      },
    }
    const { key, charged } = await account({ fetch: failing(400, 2), timers })
    const messages = used({}, { text: 'word '.repeat(400), gapMs: 5 })
    const { row, budget } = await charged(chat({ ...body, messages, stream: true }, { key }))
    expect(row).toMatchObject({ estimated: 1, unsettled_attempts: 1 })
    expect(row.output_tokens).toBeGreaterThan(0)
    expect(budget).toBeGreaterThan(Number(row.cost_usd))
  })

  test.each([false, true])(
    'are paid for beside the answer of whoever stood in (stream: %s)',
    async (stream) => {
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
      const request = { ...body, model: 'both', stream, messages: used({}, each) }
      const asked = { ...request, ...(stream && { stream_options: { include_usage: true } }) }
      const { text, ...said } = await charged(chat(asked, { key }))
      expect(said).toMatchObject({
        status: 200,
        header: stream ? null : '0.15239',
        ledger: '0.15239',
        budget: 0.15239,
      })
      const told = ['"cost":0.15239}', ': x-gateway-cost: 0.15239; x-gateway-usage: input=1000, output=400']
      expect(told.filter((each) => text.includes(each))).toEqual(stream ? told : [])
      const { data } = (await admin('GET', '/usage?group_by=provider')).body
      expect(data).toMatchObject([
        { provider: 'gemini', requests: 0, failed_attempts: 1, cost_usd: '0.152' },
        { provider: 'openai', requests: 1, cost_usd: '0.00039' },
      ])
    },
  )

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

describe('what Gemini really served', () => {
  const answer = (tier: string | undefined, more: object, version: string) => ({
    candidates: [{ content: { role: 'model', parts: [{ text: 'Hello.' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { ...gemini(1_000, 200), ...(tier !== undefined && { serviceTier: tier }) },
    modelVersion: version,
    responseId: 'r',
    ...more,
  })
  /** An upstream that says in its header, or in its usage, who served. */
  const upstream =
    (said: { readonly header?: string; readonly usage?: string; readonly version?: string }) =>
    (request: Request): Promise<Response> => {
      const { header, usage, version = 'gemini-3.8-flash' } = said
      const headers = header === undefined ? {} : { 'x-gemini-service-tier': header }
      const body = answer(usage, {}, version)
      if (!request.url.includes('alt=sse')) return Promise.resolve(Response.json(body, { headers }))
      const first = { ...answer(undefined, {}, version), usageMetadata: undefined }
      const { candidates: _, ...last } = body
      const text = [first, last].map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')
      return Promise.resolve(
        new Response(text, { headers: { ...headers, 'content-type': 'text/event-stream' } }),
      )
    }
  const paths: readonly [string, Body][] = [
    [CHAT, { messages: [{ role: 'user', content: 'Hi' }] }],
    [CHAT, { messages: [{ role: 'user', content: 'Hi' }], stream: true }],
    ['/responses', { messages: undefined, input: 'Hi' }],
    ['/responses', { messages: undefined, input: 'Hi', stream: true }],
    ['/completions', { messages: undefined, prompt: 'Hi' }],
    ['/completions', { messages: undefined, prompt: 'Hi', stream: true }],
  ]

  test.each(paths)(
    'is what is charged, not what was asked for: %s %o',
    { timeout: 30_000 },
    async (path, body) => {
      // 1,000 × 0.75 + 200 × 3.75 per million: × 1.8 at priority, ½ at flex; 4 argon: 1,000 × 2 + 200 × 10
      for (const [asked, said, usd] of [
        ['priority', { header: 'standard' }, '0.0015'],
        ['priority', { header: 'priority' }, '0.0027'],
        ['priority', { usage: 'priority' }, '0.0027'],
        ['flex', { header: 'flex', usage: 'flex' }, '0.00075'],
        [undefined, { usage: 'STANDARD' }, '0.0015'],
        [undefined, { version: 'gemini-4-argon' }, '0.004'],
      ] as const) {
        const { key, charged } = await account({ fetch: upstream(said) })
        const tier = path === '/completions' || asked === undefined ? {} : { service_tier: asked }
        const { status, ledger, budget } = await charged(
          chat({ model: 'gemini-3.8-flash', ...tier, ...body }, { key, path: `/v1${path}` }),
        )
        expect({ said, status, ledger, budget }).toEqual({
          said,
          status: 200,
          ledger: usd,
          budget: Number(usd),
        })
      }
    },
  )

  test('has no price at a tier that nobody knows', async () => {
    const { key, charged } = await account({ fetch: upstream({ header: 'platinum' }) })
    const { row, header } = await charged(
      chat({ model: 'gemini-3.8-flash', messages: [{ role: 'user', content: 'Hi' }] }, { key }),
    )
    expect({ header, cost: row.cost_usd, unpriced: row.unpriced }).toEqual({
      header: 'null',
      cost: null,
      unpriced: 1,
    })
  })
})

test('what is processed in a region costs what OpenAI asks for that', async () => {
  const variables = {
    ...VARIABLES,
    RUNTIME_CONFIG: undefined,
    OPENAI_BASE_URL: 'https://eu.api.openai.com/v1',
  }
  for (const [model, usd] of [
    ['gpt-6.1-sol', '0.0044'], // 1,000 × 2 + 200 × 10 per million, and a tenth more
    ['gpt-4o-mini', '0.00027'], // has one price everywhere
  ] as const) {
    const { key, charged } = await account({ variables })
    for (const stream of [false, true]) {
      const { status, ledger } = await charged(
        chat({ model, stream, messages: used(tokens(1_000, 200)) }, { key }),
      )
      const times = stream ? 2 : 1
      expect({ status, ledger: Number(ledger) }).toEqual({ status: 200, ledger: Number(usd) * times })
    }
  }
})

test('an embedding whose answer counts nothing is counted here, and marked', async () => {
  // 100 texts of 8 characters, and one: about 202 tokens × 0.15 per million
  const silent = (request: Request): Promise<Response> => {
    const of = async (): Promise<Response> => {
      const { requests } = (await request.json()) as { requests: unknown[] }
      return Response.json({ embeddings: requests.map(() => ({ values: [1, 0] })) })
    }
    return of()
  }
  const { key, send, booked } = await account({ fetch: silent })
  const body = { model: 'gemini-embedding-001', messages: undefined, input: Array(101).fill('abcdefgh') }
  const { status, body: answer, headers } = await send(chat(body, { key, path: '/v1/embeddings' }))
  expect({ status, usage: answer.usage, cost: headers.get('x-gateway-cost') }).toEqual({
    status: 200,
    usage: { prompt_tokens: 202, total_tokens: 202, estimated: true },
    cost: '0.0000303',
  })
  expect(await booked()).toMatchObject({
    ledger: '0.0000303',
    budget: 0.0000303,
    row: { input_tokens: 202, estimated: 1 },
  })
})

test('a request that runs past midnight has the price of the day on which it came, everywhere', async () => {
  // catalog.md 10: 100,000 × 2 + 1,000 × 10, and twice that from 2026-12-01
  const late = Date.parse('2026-11-30T23:59:50Z')
  const clock = { at: late }
  const timers = {
    now: () => clock.at,
    after: (_: number, work: () => void) => {
      const id = setTimeout(work, 5)
      return () => clearTimeout(id)
    },
  }
  const simulator = createSimulator({ today: '2020-01-01' })
  const slow = (request: Request): Promise<Response> => {
    clock.at = late + 20_000
    return simulator.fetch(request)
  }
  const { key, charged } = await account({
    fetch: slow,
    timers,
    chance: { now: timers.now, random: () => 0.5 },
  })
  const body = { model: 'gemini-4-argon', messages: used(gemini(100_000, 1_000)) }
  expect(await charged(chat(body, { key }))).toMatchObject({ header: '0.21', ledger: '0.21', budget: 0.21 })
  clock.at = late
  const asked = { ...body, stream: true, stream_options: { include_usage: true } }
  const { text, ledger, budget } = await charged(chat(asked, { key }))
  expect({ ledger, budget }).toEqual({ ledger: '0.42', budget: 0.42 })
  expect(text).toContain('"cost":0.21}')
})

test('a realtime session costs what it said, and what the transcriber heard at the price of that', async () => {
  const ends: WebSocket[] = []
  const accept = (): Promise<Response> => {
    const { 0: near, 1: far } = new WebSocketPair()
    far.accept()
    ends.push(far)
    return Promise.resolve(new Response(null, { status: 101, webSocket: near }))
  }
  const { open, idle, admin } = await account({ fetch: accept })
  const { webSocket: socket } = await open(
    new Request(`${GATEWAY}/v1/realtime?model=gpt-realtime-2.1`, {
      headers: { upgrade: 'websocket', authorization: `Bearer ${GATEWAY_KEY}` },
    }),
  )
  socket?.accept()
  const [upstream] = ends
  const transcription = { model: 'whisper-1' }
  for (const event of [
    { type: 'session.created', session: { type: 'realtime', audio: { input: { transcription } } } },
    {
      type: 'response.done',
      response: {
        usage: {
          input_tokens: 1_000,
          output_tokens: 100,
          input_token_details: { audio_tokens: 800, cached_tokens: 0 },
          output_token_details: { audio_tokens: 60 },
        },
      },
    },
    {
      type: 'conversation.item.input_audio_transcription.completed',
      transcript: 'hi',
      usage: { type: 'duration', seconds: 600 },
    },
  ])
    upstream?.send(JSON.stringify(event))
  upstream?.close(1000)
  await idle()
  const { data } = (await admin('GET', '/usage')).body
  // 200 × 4 + 800 × 32 + 40 × 24 + 60 × 64 per million, and ten minutes at 0.006
  expect(data).toMatchObject([{ requests: 1, cost_usd: '0.0912', seconds: 600, input_tokens: 1_000 }])
})
