import { describe, expect, test } from 'vitest'
import { readDirective, stripDirective } from '../../../simulator/script.ts'
import type { Json, JsonObject } from '../../../simulator/json.ts'
import {
  ask,
  at,
  bench,
  chat,
  dataOf,
  eventsOf,
  generate,
  joined,
  ORIGIN,
  prompt,
  read,
  request,
  textAt,
} from './support.ts'
import type { Answered, Bench } from './support.ts'

const SSE = 'streamGenerateContent?alt=sse'

function sim(script: JsonObject): string {
  return `before [[sim ${JSON.stringify(script)}]] after`
}

async function openai(
  script: JsonObject,
  more: JsonObject = {},
  simulator: Bench = bench(),
): Promise<Answered> {
  return read(await simulator.fetch(ask(sim(script), more)))
}

async function google(script: JsonObject, method?: string, simulator: Bench = bench()): Promise<Answered> {
  return read(await simulator.fetch(prompt(sim(script), {}, method)))
}

/** Reads until the body ends or breaks. */
async function drain(response: Response): Promise<{ text: string; chunks: Uint8Array[]; error: unknown }> {
  const chunks: Uint8Array[] = []
  let error: unknown
  const reader = response.body!.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value)
  } catch (caught) {
    error = caught
  }
  return { text: Buffer.concat(chunks).toString(), chunks, error }
}

describe('a directive', () => {
  test('is found with brackets inside, and stripped', () => {
    const text = 'a [[sim {"parts":[["]]"]]}]] b'
    expect(readDirective(text, 'openai')?.script).toEqual({ parts: [[']]']] })
    expect(stripDirective(text)).toBe('a b')
    expect(stripDirective('a [[sim {broken]] b')).toBe('a [[sim {broken]] b')
  })

  test('speaks to one provider or to both', () => {
    const text = sim({ latencyMs: 1, openai: { status: 503 }, gemini: { status: 500 } })
    expect(readDirective(text, 'openai')?.script).toEqual({ latencyMs: 1, status: 503 })
    expect(readDirective(text, 'gemini')?.script).toEqual({ latencyMs: 1, status: 500 })
  })

  test('is not echoed', async () => {
    expect(textAt((await openai({ latencyMs: 1 })).json, 'choices.0.message.content')).toBe(
      'You said: before after',
    )
  })

  test('fails n times, then no more', async () => {
    const simulator = bench()
    const seen: number[] = []
    for (let round = 0; round < 3; round++)
      seen.push((await openai({ status: 500, failTimes: 2 }, {}, simulator)).status)
    expect(seen).toEqual([500, 500, 200])
    simulator.reset()
    expect((await openai({ status: 500, failTimes: 2 }, {}, simulator)).status).toBe(500)
  })
})

describe('rules', () => {
  test('match by provider, model, path and key, as often as told', async () => {
    const simulator = bench()
    const match = { provider: 'openai', model: 'gpt-4.1', path: 'completions', key: 'sk-good' } as const
    simulator.rules([{ match, times: 1, do: { status: 503, retryAfter: 2 } }])
    expect((await simulator.fetch(chat({ model: 'gpt-4o' }))).status).toBe(200)
    expect((await simulator.fetch(generate({}))).status).toBe(200)
    const hit = await simulator.fetch(chat({}))
    expect([hit.status, hit.headers.get('retry-after')]).toEqual([503, '2'])
    expect((await simulator.fetch(chat({}))).status).toBe(200)
  })

  test('serve in order, and over HTTP', async () => {
    const simulator = bench()
    const post = (body: Json): Promise<Response> =>
      simulator.fetch(new Request(`${ORIGIN}/__sim/rules`, { method: 'POST', body: JSON.stringify(body) }))
    expect(
      await (
        await post([
          { times: 1, do: { status: 500 } },
          { times: 1, do: { status: 429 } },
        ])
      ).json(),
    ).toEqual({ added: 2 })
    expect((await simulator.fetch(chat({}))).status).toBe(500)
    expect((await simulator.fetch(chat({}))).status).toBe(429)
    expect((await simulator.fetch(chat({}))).status).toBe(200)
    await post({ do: { status: 500 } })
    await simulator.fetch(new Request(`${ORIGIN}/__sim/rules`, { method: 'DELETE' }))
    expect((await simulator.fetch(chat({}))).status).toBe(200)
    expect((await post({ nothing: 1 })).status).toBe(400)
  })
})

describe('faults', () => {
  test.each<[JsonObject, number, JsonObject]>([
    [{ status: 429 }, 429, { type: 'requests', code: 'rate_limit_exceeded' }],
    [{ error: 'rate_limit_tokens' }, 429, { type: 'tokens', code: 'rate_limit_exceeded' }],
    [{ error: 'slow_down' }, 429, { code: 'slow_down' }],
    [{ error: 'insufficient_quota' }, 429, { type: 'insufficient_quota', code: 'insufficient_quota' }],
    [{ status: 500 }, 500, { type: 'server_error', code: null }],
    [{ status: 503, message: 'busy' }, 503, { code: 'server_is_overloaded', message: 'busy' }],
    [{ status: 503, error: 'slow_down' }, 503, { code: 'slow_down' }],
  ])('OpenAI %j', async (script, status, error) => {
    expect(await openai(script)).toMatchObject({ status, json: { error } })
  })

  test.each<[JsonObject, number, JsonObject]>([
    [{ status: 429 }, 429, { status: 'RESOURCE_EXHAUSTED' }],
    [
      { error: 'per_minute' },
      429,
      {
        details: [
          {
            violations: [
              {
                quotaId: expect.stringContaining('PerMinute'),
                quotaDimensions: { model: 'gemini-3.8-flash' },
              },
            ],
          },
          { retryDelay: '34.4s' },
        ],
      },
    ],
    [
      { error: 'per_day', retryInfo: '0s' },
      429,
      { details: [{ violations: [{ quotaId: expect.stringContaining('PerDay') }] }, { retryDelay: '0s' }] },
    ],
    [
      { error: 'API_KEY_INVALID' },
      400,
      { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }, {}] },
    ],
    [{ status: 402 }, 402, { status: 'RESOURCE_EXHAUSTED' }],
    [{ status: 503 }, 503, { status: 'UNAVAILABLE' }],
    [{ status: 503, retryInfo: '2s' }, 503, { details: [{ retryDelay: '2s' }] }],
    [{ error: 'location' }, 400, { status: 'FAILED_PRECONDITION' }],
  ])('Gemini %j', async (script, status, error) => {
    expect(await google(script)).toMatchObject({ status, json: { error } })
  })

  test('bodies that are no JSON object', async () => {
    const edge = await openai({ status: 502 })
    expect([edge.status, edge.text.startsWith('<!DOCTYPE html>'), edge.headers.get('content-type')]).toEqual([
      502,
      true,
      'text/html',
    ])
    expect((await google({ status: 502 })).text).toContain('<!DOCTYPE html>')
    const wrapped = JSON.parse((await google({ status: 503, arrayWrapped: true })).text) as Json
    expect(wrapped).toMatchObject([{ error: { code: 503 } }])
    const page = await openai({ nonJson: true })
    expect([page.status, page.text]).toEqual([200, '<html><body>It works!</body></html>'])
    const half = await google({ truncatedJson: true })
    expect(half.status).toBe(200)
    expect(() => JSON.parse(half.text) as unknown).toThrow(SyntaxError)
    const moved = await openai({ redirect: 'http://elsewhere.test/' })
    expect([moved.status, moved.headers.get('location')]).toEqual([307, 'http://elsewhere.test/'])
  })

  test('headers, and time asked of the clock', async () => {
    const simulator = bench()
    const answered = await openai(
      { headers: { 'x-a': 'b' }, latencyMs: 5, firstEventMs: 7, gapMs: 3 },
      { stream: true },
      simulator,
    )
    expect(answered.headers.get('x-a')).toBe('b')
    expect(simulator.waits.slice(0, 3)).toEqual([5, 7, 3])
    expect(simulator.waits.slice(1)).toHaveLength(dataOf(answered.text).length)
  })

  test('a dropped connection', async () => {
    await expect(openai({ drop: true })).rejects.toThrow('simulated connection reset')
  })
})

describe('streams that go wrong', () => {
  test('cut after n events', async () => {
    const { text, error } = await drain(await bench().fetch(ask(sim({ cutAfter: 2 }), { stream: true })))
    expect(dataOf(text)).toHaveLength(2)
    expect(error).toMatchObject({ name: 'SimulatorCut' })
    const whole = await drain(await bench().fetch(ask(sim({ cutAfter: 1 }))))
    expect(whole.error).toMatchObject({ name: 'SimulatorCut' })
    expect(whole.text.startsWith('{"id"')).toBe(true)
  })

  test('stalled after n events, until the caller gives up', async () => {
    const simulator = bench()
    const hangUp = new AbortController()
    const stalled = new Request(ask(sim({ stallAfter: 1 }), { stream: true }), { signal: hangUp.signal })
    const reader = (await simulator.fetch(stalled)).body!.getReader()
    await reader.read()
    const next = reader.read()
    hangUp.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
    expect(simulator.received).toMatchObject([
      { aborted: true, abortedAt: 1_790_000_000_000, complete: false, events: 1 },
    ])
  })

  test('role only, then silence', async () => {
    const first = async (message: Request): Promise<string> => {
      const reader = (await bench().fetch(message)).body!.getReader()
      return new TextDecoder().decode((await reader.read()).value)
    }
    expect(
      at(
        eventsOf(await first(ask(sim({ roleOnlyThenSilence: true }), { stream: true })))[0],
        'choices.0.delta.content',
      ),
    ).toBe('')
    expect(eventsOf(await first(prompt(sim({ roleOnlyThenSilence: true }), {}, SSE)))[0]).toEqual({
      candidates: [{ content: { role: 'model' } }],
    })
  })

  test('malformed, and an error in band, in every form', async () => {
    const broken = dataOf((await openai({ malformedAfter: 1 }, { stream: true })).text)
    expect(() => JSON.parse(broken[1] ?? '') as unknown).toThrow(SyntaxError)
    const failed = (await openai({ errorAfter: 2, error: undefined }, { stream: true })).text
    expect(eventsOf(failed)).toHaveLength(3)
    expect(eventsOf(failed)[2]).toMatchObject({ error: { type: 'server_error' } })
    expect(failed).not.toContain('[DONE]')
    const data = (await google({ errorAfter: 1 }, SSE)).text
    expect(eventsOf(data)[1]).toMatchObject({ error: { code: 503, status: 'UNAVAILABLE' } })
    const after = (text: string): unknown => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
    expect(after((await google({ errorAfter: 1, errorForm: 'bare' }, SSE)).text)).toMatchObject({
      error: { code: 503 },
    })
    expect(after((await google({ errorAfter: 1, errorForm: 'array' }, SSE)).text)).toMatchObject([
      { error: { code: 503 } },
    ])
    expect(JSON.parse((await google({ errorAfter: 1 }, 'streamGenerateContent')).text)).toMatchObject([
      {},
      { error: { code: 503 } },
    ])
  })

  test('without the end they owe', async () => {
    expect((await openai({ noDone: true }, { stream: true })).text).not.toContain('[DONE]')
    const unfinished = eventsOf((await openai({ noFinish: true }, { stream: true })).text)
    expect(unfinished.every((chunk) => at(chunk, 'choices.0.finish_reason') === null)).toBe(true)
    const google1 = eventsOf((await google({ noFinish: true }, SSE)).text)
    expect(google1.length).toBeGreaterThan(0)
    expect(google1.every((event) => at(event, 'candidates.0.finishReason') === undefined)).toBe(true)
  })

  test('in pieces: byte by byte, at offsets, with other line ends, with comments', async () => {
    const whole = (await openai({}, { stream: true })).text
    const bytes = await drain(await bench().fetch(ask(sim({ byteByByte: true }), { stream: true })))
    expect(new Set(bytes.chunks.map(({ length }) => length))).toEqual(new Set([1]))
    expect(bytes.text.length).toBe(whole.length)
    const pieces = await drain(await bench().fetch(ask(sim({ splitAt: [3, 5] }), { stream: true })))
    expect(pieces.chunks.slice(0, 2).map(({ length }) => length)).toEqual([3, 2])
    expect((await openai({ crlf: true }, { stream: true })).text).toContain('\r\n\r\n')
    expect((await google({ crlf: false }, SSE)).text).not.toContain('\r')
    expect((await openai({ comments: true }, { stream: true })).text).toContain(': keep-alive\n\n')
    const big = await google({ bigEvents: 3_000_000 }, SSE)
    expect(joined(eventsOf(big.text), 'candidates.0.content.parts.0.text')).toHaveLength(3_000_000)
  })
})

describe('answers to order', () => {
  test('text, finish reason, calls, refusal, usage, model', async () => {
    const { json } = await openai({
      text: 'Ωmega',
      finishReason: 'content_filter',
      usage: { prompt_tokens: 1_000, total_tokens: null },
    })
    expect(json).toMatchObject({
      choices: [{ message: { content: 'Ωmega' }, finish_reason: 'content_filter' }],
      usage: { prompt_tokens: 1_000 },
    })
    expect(json['usage']).not.toHaveProperty('total_tokens')
    const calls = await openai({
      calls: [
        { name: 'f', args: { π: 9007199254740991 } },
        { name: 'g', args: '{bro' },
      ],
    })
    expect(at(calls.json, 'choices.0.message.tool_calls')).toMatchObject([
      { function: { name: 'f', arguments: '{"π":9007199254740991}' } },
      { function: { name: 'g', arguments: '{bro' } },
    ])
    expect(at((await openai({ refusal: 'no' })).json, 'choices.0.message')).toMatchObject({
      content: null,
      refusal: 'no',
    })
    expect((await openai({ noUsage: true })).json).not.toHaveProperty('usage')
    expect((await openai({ body: { a: 1 } })).json).toEqual({ a: 1 })
  })

  test('Gemini parts, events, finish, empty candidate, blocks, grounding', async () => {
    const parts = [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }]
    expect(at((await google({ parts })).json, 'candidates.0.content.parts')).toEqual(parts)
    const streamed = eventsOf((await google({ parts, finishReason: 'MALFORMED_FUNCTION_CALL' }, SSE)).text)
    expect(streamed.map((event) => at(event, 'candidates.0.content.parts'))).toEqual([
      [parts[0]],
      [parts[1]],
      undefined,
    ])
    expect(at(streamed[2], 'candidates.0.finishReason')).toBe('MALFORMED_FUNCTION_CALL')
    expect(eventsOf((await google({ events: [{ a: 1 }, {}] }, SSE)).text)).toEqual([{ a: 1 }, {}])
    expect(
      at((await google({ finishReason: 'SAFETY', finishMessage: 'm' })).json, 'candidates.0'),
    ).toMatchObject({ finishReason: 'SAFETY', finishMessage: 'm' })
    expect((await google({ emptyCandidate: true })).json['candidates']).toEqual([{}])
    const blocked = (await google({ blockReason: 'SAFETY' })).json
    expect(blocked).toMatchObject({ promptFeedback: { blockReason: 'SAFETY' } })
    expect(blocked).not.toHaveProperty('candidates')
    const split = eventsOf((await google({ blockReason: 'OTHER', promptBlockSplit: true }, SSE)).text)
    expect(split.map((event) => at(event, 'promptFeedback.blockReason'))).toEqual([
      undefined,
      'OTHER',
      'OTHER',
    ])
    expect((await google({ noUsage: true })).json).not.toHaveProperty('usageMetadata')
  })

  test('grounding counts bytes', async () => {
    const { json } = await google({ text: 'Grüße 👋 dir', grounding: true })
    expect(at(json, 'candidates.0.groundingMetadata.groundingSupports')).toMatchObject([
      { segment: { endIndex: 7, text: 'Grüße' } },
      { segment: { startIndex: 8, endIndex: 16, text: '👋 dir' } },
    ])
    expect(
      at((await openai({ text: 'cited', grounding: true })).json, 'choices.0.message.annotations'),
    ).toHaveLength(1)
  })
})

describe('the record', () => {
  test('keeps what came and what went', async () => {
    const simulator = bench()
    const body = await read(
      await simulator.fetch(ask('hi', { stream: true, stream_options: { include_usage: true } })),
    )
    expect(simulator.received).toMatchObject([
      {
        id: 1,
        provider: 'openai',
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { authorization: 'Bearer sk-good' },
        key: 'sk-good',
        model: 'gpt-4.1',
        stream: true,
        json: { model: 'gpt-4.1' },
        status: 200,
        aborted: false,
        complete: true,
        events: dataOf(body.text).length,
        bytes: body.text.length,
        usage: { prompt_tokens: expect.any(Number) },
      },
    ])
    expect(JSON.parse(simulator.received[0]?.body ?? '')).toEqual(simulator.received[0]?.json)
  })

  test('keeps refusals, and the last n only', async () => {
    const simulator = bench({ recordLimit: 2 })
    for (const model of ['gpt-9', 'gpt-4.1', 'gpt-4o']) await read(await simulator.fetch(chat({ model })))
    expect(simulator.received.map(({ model, status }) => [model, status])).toEqual([
      ['gpt-4.1', 200],
      ['gpt-4o', 200],
    ])
    await simulator.fetch(chat({ model: 'gpt-9' }))
    expect(simulator.received.at(-1)).toMatchObject({ status: 404, complete: true })
  })

  test('notes a reader that stops', async () => {
    const simulator = bench()
    const reader = (await simulator.fetch(ask('a b c', { stream: true }))).body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(simulator.received).toMatchObject([{ aborted: true, complete: false, events: 1 }])
  })

  test('is read and cleared over HTTP', async () => {
    const simulator = bench()
    await read(await simulator.fetch(request('/v1/models')))
    const list = (await (
      await simulator.fetch(new Request(`${ORIGIN}/__sim/received`))
    ).json()) as JsonObject[]
    expect(list).toMatchObject([{ path: '/v1/models' }])
    await simulator.fetch(new Request(`${ORIGIN}/__sim/received`, { method: 'DELETE' }))
    expect(simulator.received).toEqual([])
    expect((await simulator.fetch(new Request(`${ORIGIN}/__sim/other`))).status).toBe(404)
  })
})
