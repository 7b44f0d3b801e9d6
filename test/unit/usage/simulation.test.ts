import { describe, expect, test } from 'vitest'
import type { UsageAnswer } from '../../../src/usage/ask.ts'
import type { Counter } from '../../../src/usage/counters.ts'
import type { Batch, Receipt } from '../../../src/usage/wire.ts'
import { type Batcher, createBatcher, DEFERRED_MS } from '../../../src/usage/batcher.ts'
import { createLedger } from '../../../src/usage/ledger.ts'
import { GATHER_MS } from '../../../src/usage/outbox.ts'
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
  /** How long requests last, at most; half of them are over in a third of a second. */
  readonly lastMs?: number
}

/** A request as an isolate saw it. */
interface Seen {
  readonly beganAt: number
  endedAt?: number
}
interface Isolate {
  readonly isolate: string
  readonly batcher: Batcher
  readonly seen: Seen[]
  diedAt?: number
}

/** What a crash may cost, and how long its requests may go unnoticed. */
const LOSS_MS = 2_000
const SILENT_MS = 900_000

/** Objects with ledgers, and the way to them: a network that loses, repeats and delays. */
function createNetwork({ faults, sharding }: Plan, timers: FakeTimers, random: () => number) {
  const objects = new Map(
    ledgerNames(sharding).map((name) => {
      const sql = memorySql()
      return [name, { sql, books: createLedger(sql, RETENTION), calls: [] as number[] }]
    }),
  )
  const wait = (ms: number) => new Promise<void>((resolve) => void timers.after(ms, resolve))
  const lossy = faults ? random : () => 1

  async function deliver(name: string, from: Isolate, batch: Batch): Promise<Receipt> {
    const object = objects.get(name)!
    await wait(5 + random() * 20)
    if (from.diedAt !== undefined) return new Promise(() => undefined) // it died while it sent
    if (lossy() < 0.1) throw new Error('the request was lost')
    object.calls.push(timers.now())
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
  return { objects: [...objects.values()], deliver }
}
type Network = ReturnType<typeof createNetwork>

/** Isolates with batchers, some of which die, and what they served. */
function createFleet(plan: Plan, timers: FakeTimers, random: () => number, { deliver }: Network) {
  const { isolates, keys, sharding, kills = 0, lastMs = 0 } = plan
  const served = { requests: 0, tokens: 0 }
  const dead: Isolate[] = []
  let longestDeferred = 0
  let born = 0
  const spawn = (): Isolate => {
    const isolate = `isolate-${born++}`
    const object = (name: string) => ({ report: (batch: Batch) => deliver(name, made, batch) })
    const made: Isolate = { isolate, seen: [], batcher: createBatcher({ isolate, timers, object }) }
    return made
  }
  const alive = Array.from({ length: isolates }, spawn)
  const defer = (work: Promise<unknown>): void => {
    const since = timers.now()
    void work.then(() => {
      longestDeferred = Math.max(longestDeferred, timers.now() - since)
    })
  }
  return {
    alive,
    dead,
    served,
    get longestDeferred() {
      return longestDeferred
    },
    kill() {
      const victim = Math.floor(random() * alive.length)
      dead.push(Object.assign(alive[victim]!, { diedAt: timers.now() }))
      alive[victim] = spawn()
    },
    serve() {
      const at = alive[Math.floor(random() * alive.length)]!
      const key = `key-${Math.floor(random() ** 2 * keys)}`
      const object = ledgerName(key, at.isolate, sharding)
      const tokens = Math.floor(random() * 1_000)
      const seen: Seen = { beganAt: timers.now() }
      at.seen.push(seen)
      at.batcher.begin(object, defer)
      const end = (): void => {
        if (at.diedAt !== undefined) return
        seen.endedAt = timers.now()
        const tag = kills > 0 ? at.isolate : ''
        at.batcher.add(object, entry({ input_tokens: tokens }, { key, tag }, timers.now()), defer)
        served.requests++
        served.tokens += tokens
      }
      if (lastMs === 0) end()
      else timers.after(random() < 0.5 ? 50 + random() * 300 : random() * lastMs, end)
    },
    /** One more request to every object that an isolate has spoken to: it carries what was given up on. */
    nudge() {
      for (const { isolate, batcher } of alive) {
        const spoken = ledgerNames(sharding).filter((name) => batcher.next(name) > 0)
        for (const name of spoken) {
          const some = Array.from({ length: 500 }, (_, n) => `key-${n}`)
          const key = some.find((each) => ledgerName(each, isolate, sharding) === name) ?? ''
          batcher.begin(name, () => undefined)
          batcher.add(name, entry({}, { key }, timers.now()), () => undefined)
        }
        served.requests += spoken.length
      }
    },
  }
}

async function simulate(plan: Plan) {
  const { seed, seconds, perS, faults, kills = 0, lastMs = 0 } = plan
  const random = seeded(seed)
  const timers = new FakeTimers(START)
  const network = createNetwork(plan, timers, random)
  const { objects } = network
  const fleet = createFleet(plan, timers, random, network)
  for (let tick = 0; tick < seconds * 10; tick++) {
    for (let i = 0; i < perS / 10; i++) fleet.serve()
    if (tick % 10 === 0 && tick / 10 < kills) fleet.kill()
    if (tick % 600 === 599) for (const { books } of objects) books.rollUp(timers.now())
    await timers.advance(100)
  }
  const busiest = objects.map(({ calls }) => busiestSecond(calls))
  await timers.advance(lastMs)
  // The last batches go out, with however many repetitions they need.
  for (let i = 0; i < (faults ? 40 : 1); i++) {
    await timers.advance(70_000)
    fleet.nudge()
  }
  await timers.advance(300_000)
  const answers = objects.map(({ books }) => books.query(ask(), timers.now()))
  const calls = objects.map((object) => object.calls.length)
  const rows = objects.reduce((sum, { sql }) => sum + sql.written, 0)
  await timers.advance(SILENT_MS)
  const later = objects.map(({ books }) => books.query(ask({ groupBy: ['tag'] }), timers.now()))
  const { served, dead, longestDeferred } = fleet
  return {
    served,
    dead,
    longestDeferred,
    calls,
    busiest,
    rows,
    booked: {
      requests: total(answers, 'requests'),
      tokens: total(answers, 'input_tokens'),
    },
    bookedOf: (isolate: string): number => total(later, 'requests', isolate),
    missing: answers.reduce((sum, { facts }) => sum + facts.missing, 0),
    lostOpen: later.reduce((sum, { facts }) => sum + facts.lost_open, 0),
  }
}

const total = (answers: readonly UsageAnswer[], counter: Counter, tag?: string): number =>
  answers
    .flatMap(({ rows }) => rows)
    .filter(({ group }) => tag === undefined || group.tag === tag)
    .reduce((sum, { counters }) => sum + (counters[counter] ?? 0), 0)

/** The most calls in any second. */
function busiestSecond(calls: readonly number[]): number {
  let from = 0
  let most = 0
  for (const [i, at] of calls.entries()) {
    while (calls[from]! <= at - 1_000) from++
    most = Math.max(most, i - from + 1)
  }
  return most
}

const SHARDING = { shards: 1, spread: 4 }

describe('the sum of the books is the sum of what was served', () => {
  test.each([1, 2, 3, 4, 5])(
    'with calls lost, repeated and late, and objects restarted (seed %i)',
    { timeout: 30_000 },
    async (seed) => {
      const { served, booked, missing, longestDeferred } = await simulate({
        seed,
        seconds: 60,
        perS: 50,
        isolates: 8,
        keys: 40,
        faults: true,
        sharding: seed % 2 === 0 ? SHARDING : { shards: 4, spread: 1 },
        lastMs: 5_000,
      })
      expect(booked).toEqual(served)
      expect(missing).toBe(0)
      // The runtime would cut off what takes longer, and nobody would send what was held.
      expect(longestDeferred).toBeLessThanOrEqual(DEFERRED_MS)
    },
  )

  test.each([
    { what: 'busy', isolates: 8, perS: 50, seed: 7 },
    { what: 'quiet', isolates: 40, perS: 10, seed: 8 },
    { what: 'very busy', isolates: 2, perS: 300, seed: 9 },
  ])(
    '$what isolates that are killed lose their last two seconds at most, and whatever else they leave is counted',
    { timeout: 30_000 },
    async ({ isolates, perS, seed }) => {
      const { dead, bookedOf, lostOpen, missing, longestDeferred } = await simulate({
        seed,
        seconds: 90,
        perS,
        isolates,
        keys: 40,
        faults: false,
        sharding: SHARDING,
        kills: 60,
        lastMs: 10_000,
      })
      let lost = 0
      let counted = { atLeast: 0, atMost: 0 }
      for (const { isolate, seen, diedAt = 0 } of dead) {
        const ended = seen.filter(({ endedAt }) => endedAt !== undefined)
        const late = ended.filter(({ endedAt = 0 }) => endedAt > diedAt - LOSS_MS)
        const missed = ended.length - bookedOf(isolate)
        expect(missed).toBeGreaterThanOrEqual(0)
        expect(missed).toBeLessThanOrEqual(late.length)
        lost += missed
        const unbooked = seen.length - bookedOf(isolate)
        const young = seen.filter(({ beganAt }) => beganAt > diedAt - LOSS_MS).length
        counted = {
          atLeast: counted.atLeast + Math.max(0, unbooked - young),
          atMost: counted.atMost + unbooked,
        }
      }
      expect(dead).toHaveLength(60)
      expect(lost).toBeGreaterThan(0)
      expect(lostOpen).toBeGreaterThanOrEqual(counted.atLeast)
      expect(lostOpen).toBeLessThanOrEqual(counted.atMost)
      expect(missing).toBe(0)
      expect(longestDeferred).toBeLessThanOrEqual(DEFERRED_MS)
    },
  )
})

/** Of docs/usage.md: 116 requests a second, and three times that at the busiest hour. */
describe('ten million requests a day', () => {
  test.each([
    { what: '60 isolates', isolates: 60, perS: 116, keys: 100, most: { calls: 0.35, rows: 0.75 } },
    { what: '1,000 isolates', isolates: 1_000, perS: 116, keys: 100, most: { calls: 1.6, rows: 2.1 } },
    { what: 'a peak, and one key', isolates: 1_000, perS: 350, keys: 1, most: { calls: 1.6, rows: 1.7 } },
  ])(
    'from $what: calls and rows are as documented, and nobody gathers for longer',
    { timeout: 60_000 },
    async ({ what, isolates, perS, keys, most }) => {
      const { served, booked, calls, busiest, rows } = await simulate({
        seed: 1,
        seconds: 60,
        perS,
        isolates,
        keys,
        faults: false,
        sharding: SHARDING,
        lastMs: 6_000,
      })
      expect(booked).toEqual(served)
      const all = calls.reduce((sum, each) => sum + each, 0)
      const figures = {
        callsPerRequest: all / served.requests,
        rowsPerRequest: rows / served.requests,
        meanOfBusiest: Math.max(...calls) / 60,
        busiestSecond: Math.max(...busiest),
      }
      if (process.env['FIGURES'] !== undefined) console.log(what, figures)
      expect(figures.busiestSecond).toBeLessThan(180)
      expect(figures.callsPerRequest).toBeLessThan(most.calls)
      expect(figures.rowsPerRequest).toBeLessThan(most.rows)
    },
  )
})
