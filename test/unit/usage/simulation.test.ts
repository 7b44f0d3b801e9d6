import { describe, expect, test } from 'vitest'
import type { Batch, Receipt } from '../../../src/usage/wire.ts'
import { GATHER_MS } from '../../../src/usage/outbox.ts'
import { type Batcher, createBatcher } from '../../../src/usage/batcher.ts'
import { createLedger } from '../../../src/usage/ledger.ts'
import { ledgerName, ledgerNames, type Sharding } from '../../../src/usage/shards.ts'
import { seeded } from '../../support/seeded.ts'
import { FakeTimers } from '../support/clock.ts'
import { memorySql } from './sqlite.ts'
import { ask, entry, RETENTION, START } from './support.ts'

interface Plan {
  readonly seed: number
  readonly seconds: number
  readonly perS: number
  readonly isolates: number
  readonly keys: number
  readonly faults: boolean
  readonly sharding: Sharding
  /** Isolates that die without a word, by the second. */
  readonly kills?: number
}

/** Isolates with batchers, objects with ledgers, and between them a network that loses, repeats and delays. */
async function simulate({ seed, seconds, perS, isolates, keys, faults, sharding, kills = 0 }: Plan) {
  const random = seeded(seed)
  const timers = new FakeTimers(START)
  const objects = new Map(
    ledgerNames(sharding).map((name) => {
      const sql = memorySql()
      return [name, { sql, books: createLedger(sql, RETENTION), calls: 0 }]
    }),
  )
  const wait = (ms: number) => new Promise<void>((resolve) => void timers.after(ms, resolve))
  const lossy = faults ? random : () => 1

  async function deliver(name: string, batch: Batch): Promise<Receipt> {
    const object = objects.get(name)!
    await wait(5 + random() * 20)
    if (lossy() < 0.1) throw new Error('the request was lost')
    object.calls++
    if (lossy() < 0.02) object.books = createLedger(object.sql, RETENTION) // evicted, or deployed anew
    const next = object.books.report(structuredClone(batch), timers.now())
    if (lossy() < 0.1) {
      await wait(3_000) // the same once more, late
      object.books.report(structuredClone(batch), timers.now())
    }
    if (lossy() < 0.1) throw new Error('the answer was lost')
    if (lossy() < 0.03) await wait(15_000)
    return { next, gatherMs: GATHER_MS }
  }

  let born = 0
  const spawn = () => {
    const isolate = `isolate-${born++}`
    const alive = { on: true }
    const batcher = createBatcher({
      isolate,
      timers,
      object: (name) => ({
        report: (batch) => (alive.on ? deliver(name, batch) : new Promise<Receipt>(() => undefined)),
      }),
    })
    return { isolate, alive, batcher, unsent: [] as { at: number; tokens: number }[] }
  }
  const fleet = Array.from({ length: isolates }, spawn)
  const served = { requests: 0, tokens: 0 }
  const atRisk = { requests: 0, tokens: 0 }
  const kill = (): void => {
    const victim = Math.floor(random() * fleet.length)
    const dead = fleet[victim]!
    dead.alive.on = false
    atRisk.requests += dead.unsent.length
    atRisk.tokens += dead.unsent.reduce((sum, { tokens }) => sum + tokens, 0)
    fleet[victim] = spawn()
  }
  for (let tick = 0; tick < seconds * 10; tick++) {
    for (let i = 0; i < perS / 10; i++) {
      const at = fleet[Math.floor(random() * fleet.length)]!
      const key = `key-${Math.floor(random() ** 2 * keys)}`
      const object = ledgerName(key, at.isolate, sharding)
      const tokens = Math.floor(random() * 1_000)
      at.batcher.begin(object)
      at.batcher.add(object, entry({ input_tokens: tokens }, { key }, timers.now()), () => undefined)
      at.unsent = [
        ...at.unsent.filter((each) => each.at > timers.now() - 2_100),
        { at: timers.now(), tokens },
      ]
      served.requests++
      served.tokens += tokens
    }
    if (tick % 10 === 0 && tick / 10 < kills) kill()
    if (tick % 600 === 599) for (const { books } of objects.values()) books.rollUp(timers.now())
    await timers.advance(100)
  }
  // The last batches go out, with however many repetitions they need; a later request carries what was given up on.
  for (let i = 0; i < (faults ? 40 : 1); i++) {
    await timers.advance(70_000)
    for (const at of fleet) served.requests += nudge(at, sharding, timers.now())
  }
  await timers.advance(300_000)
  const answers = [...objects.values()].map(({ books }) => books.query(ask(), timers.now()))
  const booked = answers
    .flatMap(({ rows }) => rows)
    .reduce(
      (sum, { counters }) => ({
        requests: sum.requests + (counters.requests ?? 0),
        tokens: sum.tokens + (counters.input_tokens ?? 0),
      }),
      { requests: 0, tokens: 0 },
    )
  const missing = answers.reduce((sum, { facts }) => sum + facts.missing, 0)
  const calls = [...objects.values()].map((object) => object.calls)
  const rows = [...objects.values()].reduce((sum, { sql }) => sum + sql.written, 0)
  return { served, booked, missing, atRisk, calls, rows }
}

/** One more request to every object that the isolate has spoken to. */
function nudge(
  { isolate, batcher }: { readonly isolate: string; readonly batcher: Batcher },
  sharding: Sharding,
  now: number,
): number {
  const spoken = ledgerNames(sharding).filter((name) => batcher.next(name) > 0)
  for (const name of spoken) {
    const keys = Array.from({ length: 500 }, (_, n) => `key-${n}`)
    const key = keys.find((each) => ledgerName(each, isolate, sharding) === name)
    batcher.begin(name)
    batcher.add(name, entry({}, { key: key ?? '' }, now), () => undefined)
  }
  return spoken.length
}

const SHARDING = { shards: 4, spread: 1 }

describe('the sum of the books is the sum of what was served', () => {
  test.each([1, 2, 3, 4, 5])(
    'with calls lost, repeated and late, and objects restarted (seed %i)',
    async (seed) => {
      const { served, booked, missing } = await simulate({
        seed,
        seconds: 60,
        perS: 50,
        isolates: 8,
        keys: 40,
        faults: true,
        sharding: SHARDING,
      })
      expect(booked).toEqual(served)
      expect(missing).toBe(0)
    },
  )

  test('an isolate that is killed costs no more than its last two seconds, and nothing is counted twice', async () => {
    const { served, booked, atRisk } = await simulate({
      seed: 7,
      seconds: 60,
      perS: 50,
      isolates: 8,
      keys: 40,
      faults: false,
      sharding: SHARDING,
      kills: 20,
    })
    expect(booked.requests).toBeLessThan(served.requests)
    expect(served.requests - booked.requests).toBeLessThanOrEqual(atRisk.requests)
    expect(served.tokens - booked.tokens).toBeLessThanOrEqual(atRisk.tokens)
  })

  test.each([
    { shards: 4, most: { calls: 0.6, rows: 0.8 } },
    { shards: 1, most: { calls: 0.3, rows: 0.5 } },
  ])(
    'ten million requests a day on $shards objects: calls and rows are as documented',
    async ({ shards, most }) => {
      const { served, booked, calls, rows } = await simulate({
        seed: 1,
        seconds: 60,
        perS: 120,
        isolates: 60,
        keys: 100,
        faults: false,
        sharding: { shards, spread: 1 },
      })
      expect(booked).toEqual(served)
      const all = calls.reduce((sum, each) => sum + each, 0)
      const figures = {
        callsPerRequest: all / served.requests,
        rowsPerRequest: rows / served.requests,
        busiestPerS: Math.max(...calls) / 60,
      }
      if (process.env['FIGURES'] !== undefined) console.log(figures)
      expect(figures.busiestPerS).toBeLessThan(200)
      expect(figures.callsPerRequest).toBeLessThan(most.calls)
      expect(figures.rowsPerRequest).toBeLessThan(most.rows)
    },
  )
})
