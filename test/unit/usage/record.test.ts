import { describe, expect, test } from 'vitest'
import { card } from '../../../src/catalog/card.ts'
import { createPricing } from '../../../src/catalog/pricing.ts'
import type { Attempted, Facts, Settled } from '../../../src/gateway/types.ts'
import { moneyOf, usageList } from '../../../src/usage/counters.ts'
import { dataPoint } from '../../../src/usage/data-point.ts'
import { entryOf } from '../../../src/usage/entry.ts'
import { logLine } from '../../../src/usage/log-line.ts'
import { type About, recordOf } from '../../../src/usage/record.ts'
import { createRecorder } from '../../../src/usage/recorder.ts'
import { START } from './support.ts'

const target = {
  id: 'openai/gpt-4o-mini',
  provider: 'openai',
  model: 'gpt-4o-mini',
  credential: 'OPENAI_API_KEY',
}
const other = {
  id: 'gemini/gemini-2.5-pro',
  provider: 'gemini',
  model: 'gemini-2.5-pro',
  credential: 'GEMINI_API_KEY',
}
const facts = (change: Partial<Facts> = {}): Facts => ({
  target,
  card: card('gpt-4o-mini'),
  adapted: [],
  upstreamRequestId: undefined,
  served: { model: 'gpt-4o-mini-2024-07-18' },
  usage: undefined,
  ...change,
})
const won: Attempted = { target, permit: 'normal', startedAt: START + 300, ms: 200 }
const failed: Attempted = {
  target: other,
  permit: 'normal',
  startedAt: START,
  ms: 290,
  failure: { kind: 'server_error', message: 'secret words of the upstream' },
}
const settled = (change: Partial<Settled> = {}): Settled => ({
  facts: facts(),
  attempts: [failed, won],
  finish: 'complete',
  usage: { inputTokens: 1_000, cachedTokens: 400, outputTokens: 200 },
  ...change,
})
const about: About = {
  requestId: 'req_1',
  tenant: 'tenant',
  keyId: 'key_1',
  endpoint: 'chat',
  asked: 'fast',
  route: 'fast',
  startedAt: START,
  promptTokens: 77,
}
const at = { isolate: 'i', sequence: 3, now: START + 900 }
const list = createPricing({})
const record = (change: Partial<Settled> = {}, more: Partial<About> = {}) =>
  recordOf(settled(change), { ...about, ...more }, at, list)

describe('a record', () => {
  test('says who served what, at which price, and how fast', () => {
    expect(record()).toMatchObject({
      provider: 'openai',
      model: 'gpt-4o-mini-2024-07-18',
      asked: 'fast',
      route: 'fast',
      picoUsd: 240_000_000n,
      estimated: false,
      ttftMs: 500,
      durationMs: 900,
      status: 200,
      attempts: [
        { provider: 'gemini', ms: 290, failure: 'server_error' },
        { provider: 'openai', failure: undefined },
      ],
    })
  })

  test('of an answer whose price nobody knows is unpriced, never free', () => {
    const unknown = facts({
      card: undefined,
      target: { ...target, model: 'my-model' },
      served: { model: 'my-model' },
    })
    expect(record({ facts: unknown }).picoUsd).toBeUndefined()
    expect(record({ facts: facts({ served: { tier: 'warp' } }) }).picoUsd).toBeUndefined()
    expect(entryOf(record({ facts: unknown })).parts[0]?.counters).toMatchObject({ unpriced: 1, requests: 1 })
    expect(entryOf(record({ facts: unknown })).parts[0]?.counters.cost_nano).toBeUndefined()
  })

  test('of an aborted stream is an estimate of the text that passed, and marked', () => {
    const aborted = record({ finish: 'cancelled', usage: undefined, writtenTokens: 40 })
    expect(aborted).toMatchObject({
      usage: { inputTokens: 77, outputTokens: 40 },
      estimated: true,
      finish: 'cancelled',
    })
    expect(aborted.picoUsd).toBe(77n * 150_000n + 40n * 600_000n)
    expect(entryOf(aborted).parts[0]?.counters).toMatchObject({
      cancelled: 1,
      estimated: 1,
      output_tokens: 40,
    })
  })

  test('of an aborted stream has the search that its model always makes', () => {
    const served = facts({ card: card('gpt-4o-search-preview'), served: { model: 'gpt-4o-search-preview' } })
    const aborted = record({ facts: served, finish: 'cancelled', usage: undefined, writtenTokens: 40 })
    expect(aborted.picoUsd).toBe(77n * 2_500_000n + 40n * 10_000_000n + 25_000_000_000n)
  })

  test('of an answer out of a cache costs nothing, and says what was saved', () => {
    const cached = record({
      attempts: [],
      usage: { inputTokens: 0, outputTokens: 0 },
      cache: {
        status: 'hit',
        ageSeconds: 3,
        saved: { inputTokens: 1_000, cachedTokens: 400, outputTokens: 200 },
      },
    })
    expect(cached).toMatchObject({ picoUsd: 0n, savedPicoUsd: 240_000_000n })
    expect(entryOf(cached).parts[0]?.counters).toMatchObject({
      saved_input_tokens: 1_000,
      saved_output_tokens: 200,
    })
    expect(moneyOf('saved', entryOf(cached).parts[0]?.counters ?? {})).toBe(240_000_000n)
  })

  test('of a request that nobody served costs nothing, and its attempts are booked where they failed', () => {
    const refused = record({ facts: undefined, attempts: [failed], finish: 'refused', usage: undefined })
    expect(refused).toMatchObject({ status: 500, picoUsd: 0n, provider: '', estimated: false })
    expect(entryOf(refused).parts).toMatchObject([
      { place: { provider: '', model: '' }, counters: { requests: 1, refused: 1 } },
      {
        place: { provider: 'gemini', model: 'gemini-2.5-pro' },
        counters: { attempts: 1, failed_attempts: 1 },
      },
    ])
  })

  test("on the caller's own key costs the operator nothing, whether or not anybody knows its price", () => {
    const own = record({ facts: facts({ ownKey: true }) })
    expect(own).toMatchObject({ picoUsd: 0n, own: { picoUsd: 240_000_000n } })
    const unknown = facts({ ownKey: true, card: undefined, served: { model: 'my-model' } })
    const counters = entryOf(record({ facts: unknown })).parts[0]?.counters
    expect(counters).toMatchObject({ requests: 1, own_key: 1, own_key_unpriced: 1 })
    expect(counters?.unpriced).toBeUndefined()
    expect(dataPoint(record({ facts: unknown })).doubles.slice(16, 18)).toEqual([-1, 1])
  })

  test("keeps what a cache spared a caller's own key apart from what it spared the operator", () => {
    const saved = { inputTokens: 1_000, cachedTokens: 400, outputTokens: 200 }
    const cache = { status: 'hit', ageSeconds: 3, saved } as const
    const nothing = { inputTokens: 0, outputTokens: 0 }
    const cached = record({ facts: facts({ ownKey: true }), attempts: [], usage: nothing, cache })
    const counters = entryOf(cached).parts[0]?.counters ?? {}
    expect([moneyOf('saved', counters), moneyOf('own_key_saved', counters)]).toEqual([0n, 240_000_000n])
    expect([dataPoint(cached).doubles[4], dataPoint(cached).doubles[18]]).toEqual([0, 240_000])
    expect(JSON.parse(logLine(cached))).toMatchObject({ saved_usd: '0', own_key_saved_usd: '0.00024' })
  })

  test('counts attempts that may be billed for what nobody knows, where they were made', () => {
    const of = (failure: Attempted['failure']) =>
      entryOf(record({ attempts: [{ ...failed, failure }, won] })).parts[1]?.counters
    const made = { attempts: 1, failed_attempts: 1 }
    const message = ''
    expect(of({ kind: 'first_event_timeout', message })).toEqual({ ...made, unsettled_attempts: 1 })
    expect(of({ kind: 'server_error', message, status: 503 })).toEqual(made)
    expect(of({ kind: 'network', message })).toEqual(made)
  })

  test('is priced by the day of the request', () => {
    const argon = facts({ card: card('gemini-4-argon'), served: { model: 'gemini-4-argon' } })
    const usage = { inputTokens: 100_000, outputTokens: 1_000 }
    const on = (day: number) => record({ facts: argon, usage }, { startedAt: day }).picoUsd
    expect([on(Date.UTC(2026, 10, 23)), on(Date.UTC(2026, 11, 1))]).toEqual([
      210_000_000_000n,
      420_000_000_000n,
    ])
  })

  test('takes the price of the operator before that of the catalog, for models of their own too', () => {
    const priceOf = createPricing({
      'gpt-4o-mini': { input: 1, cached: 0.5, output: 2 },
      'my-model': { input: 0.1, output: 0.3 },
    })
    const mine = facts({
      card: undefined,
      target: { ...target, model: 'my-model' },
      served: { model: 'my-model-v2' },
    })
    expect(recordOf(settled(), about, at, priceOf).picoUsd).toBe(
      600n * 1_000_000n + 400n * 500_000n + 200n * 2_000_000n,
    )
    expect(recordOf(settled({ facts: mine }), about, at, priceOf).picoUsd).toBe(
      1_000n * 100_000n + 200n * 300_000n,
    )
    const flex = facts({ served: { model: 'gpt-4o-mini', tier: 'warp' } })
    expect(recordOf(settled({ facts: flex }), about, at, priceOf).picoUsd).toBeUndefined()
  })
})

describe('what is written of it', () => {
  test('fits Analytics Engine', () => {
    const { indexes, blobs, doubles } = dataPoint(
      record({}, { asked: 'x'.repeat(10_000), keyId: 'é'.repeat(200) }),
    )
    expect(indexes[0]?.length).toBeLessThanOrEqual(96)
    expect(blobs.length).toBeLessThanOrEqual(20)
    expect(blobs.join('').length).toBeLessThan(16_000)
    expect(doubles.length).toBeLessThanOrEqual(20)
    expect(doubles.every((each) => Number.isFinite(each))).toBe(true)
  })

  test('is one line of JSON, without the words of anybody', () => {
    const line = logLine(record())
    expect(JSON.parse(line)).toMatchObject({ event: 'request', requestId: 'req_1', cost_usd: '0.00024' })
    expect(line).not.toContain('secret words')
  })

  test('as a header: the parts follow the whole', () => {
    expect(usageList({ inputTokens: 1_000, cachedTokens: 400, outputTokens: 200, reasoningTokens: 50 })).toBe(
      'input=1000, cached=400, output=200, reasoning=50',
    )
  })
})

describe('the recorder', () => {
  test('throws at nobody when Analytics Engine or the books fail, counts, and says so as often as it doubles', () => {
    const said: string[] = []
    const recorder = createRecorder({
      isolate: 'i',
      chance: { now: () => START, random: () => 0 },
      priceOf: list,
      batcher: { begin: () => undefined, add: () => undefined, dropped: 5, next: () => 0 },
      ledgerOf: () => 'ledger-0-0',
      writePoint: () => {
        throw new Error('no dataset')
      },
      writeLog: () => {
        throw new Error('no log')
      },
      logShare: 1,
      complain: (message) => said.push(message),
    })
    recorder.end(settled(), about, () => undefined)
    expect(recorder.failures).toEqual({ dropped: 5, points: 1, faults: 1 })
    for (let i = 0; i < 7; i++) recorder.end(settled(), about, () => undefined)
    expect(said.filter((each) => each.includes('Analytics')).map((each) => parseInt(each, 10))).toEqual([
      1, 2, 4, 8,
    ])
    expect(said.filter((each) => each.includes('requests')).map((each) => parseInt(each, 10))).toEqual([
      1, 2, 4, 8,
    ])
  })

  test('B-07 says as often as it doubles that answers did not say what they used, if they should have', () => {
    const said: string[] = []
    const recorder = createRecorder({
      isolate: 'i',
      chance: { now: () => START, random: () => 1 },
      priceOf: list,
      batcher: { begin: () => undefined, add: () => undefined, dropped: 0, next: () => 0 },
      ledgerOf: () => 'ledger-0-0',
      writePoint: undefined,
      writeLog: () => undefined,
      logShare: 0,
      complain: (message) => said.push(message),
    })
    const silent = settled({ usage: undefined })
    const others: readonly (readonly [Settled, About])[] = [
      [settled(), about],
      [settled({ usage: undefined, facts: facts({ usage: { inputTokens: 1, outputTokens: 1 } }) }), about],
      [settled({ usage: undefined, finish: 'cancelled' }), about],
      [settled({ usage: undefined, facts: undefined, finish: 'refused' }), about],
      [settled({ usage: undefined, cache: { status: 'hit', ageSeconds: 3 } }), about],
      [settled({ usage: undefined, answer: { status: 'queued' } }), { ...about, endpoint: 'responses' }],
      [silent, { ...about, endpoint: 'speech' }],
    ]
    for (const [each, of] of others) recorder.end(each, of, () => undefined)
    expect(said).toEqual([])
    for (let i = 0; i < 5; i++) recorder.end(silent, about, () => undefined)
    expect(said).toEqual(
      [1, 2, 4].map(
        (count) =>
          `${count} answers did not say what they used, the last one of openai/gpt-4o-mini-2024-07-18.`,
      ),
    )
  })
})
