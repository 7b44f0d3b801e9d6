import { describe, expect, test } from 'vitest'
import { moneyCounters, moneyOf } from '../../../src/usage/counters.ts'
import type { UsageQuery } from '../../../src/usage/ask.ts'
import { createLedger } from '../../../src/usage/ledger.ts'
import { GATHER_MS } from '../../../src/usage/outbox.ts'
import { createPlaces } from '../../../src/usage/places.ts'
import { readUsage } from '../../../src/usage/reader.ts'
import { prepareTables } from '../../../src/usage/schema.ts'
import { gatherFor, ledgerName, ledgerNames } from '../../../src/usage/shards.ts'
import { memorySql } from './sqlite.ts'
import { ask, DAY_MS, entry, place, RETENTION, START } from './support.ts'

const tokens = (input_tokens: number) => ({ input_tokens })

function ledger() {
  const sql = memorySql()
  return { sql, books: createLedger(sql, RETENTION) }
}

describe('the ledger', () => {
  test('counts a batch once, however often and in whatever overlap it comes', () => {
    const { books } = ledger()
    const entries = [1, 2, 4, 8].map((n) => entry(tokens(n)))
    expect(books.report({ isolate: 'i', from: 0, entries: entries.slice(0, 2), open: 0 }, START)).toBe(2)
    expect(books.report({ isolate: 'i', from: 0, entries, open: 0 }, START)).toBe(4)
    expect(books.report({ isolate: 'i', from: 0, entries: entries.slice(0, 2), open: 0 }, START)).toBe(4)
    expect(books.query(ask(), START).rows).toEqual([
      { group: {}, counters: { requests: 4, input_tokens: 15 } },
    ])
  })

  test('does so across restarts, rolled up or not', () => {
    const { sql, books } = ledger()
    books.report({ isolate: 'i', from: 0, entries: [entry(tokens(5))], open: 0 }, START)
    const second = createLedger(sql, RETENTION)
    expect(second.report({ isolate: 'i', from: 0, entries: [entry(tokens(5))], open: 0 }, START)).toBe(1)
    second.rollUp(START)
    const third = createLedger(sql, RETENTION)
    expect(third.report({ isolate: 'i', from: 0, entries: [entry(tokens(5))], open: 0 }, START)).toBe(1)
    expect(third.query(ask(), START).rows[0]?.counters).toEqual({ requests: 1, input_tokens: 5 })
  })

  test('sees and counts a gap, and requests that never end; whoever comes back is no loss', () => {
    const { books } = ledger()
    books.report({ isolate: 'i', from: 3, entries: [entry({})], open: 2 }, START)
    expect(books.query(ask(), START).facts).toEqual({ missing: 3, lost_open: 0, corrupt_pending: 0 })
    expect(books.query(ask(), START + 1_000_000).facts.lost_open).toBe(2)
    books.report({ isolate: 'i', from: 4, entries: [entry({})], open: 0 }, START + 1_000_001)
    expect(books.query(ask(), START + 2_000_000).facts).toEqual({
      missing: 3,
      lost_open: 0,
      corrupt_pending: 0,
    })
  })

  test('groups and filters by every dimension and by time; a tag is one of several', () => {
    const { books } = ledger()
    const entries = [
      entry(tokens(1), { key: 'a', tag: 'x,y' }),
      entry(tokens(2), { key: 'b', model: 'gemini-2.5-pro', tag: 'y' }),
      entry(tokens(4), { key: 'a' }, START + 3_600_000),
    ]
    books.report({ isolate: 'i', from: 0, entries, open: 0 }, START)
    const rows = (change: Parameters<typeof ask>[0]) => books.query(ask(change), START).rows
    expect(rows({ groupBy: ['key'] })).toEqual([
      { group: { key: 'a' }, counters: { requests: 2, input_tokens: 5 } },
      { group: { key: 'b' }, counters: { requests: 1, input_tokens: 2 } },
    ])
    expect(rows({ groupBy: ['time', 'model'] })).toHaveLength(3)
    expect(rows({ filters: { tag: 'y' } })[0]?.counters.input_tokens).toBe(3)
    expect(rows({ filters: { tag: 'x' } })[0]?.counters.input_tokens).toBe(1)
    expect(rows({ filters: { key: "a' OR 1=1 --" } })).toEqual([])
    expect(rows({ period: 'day' })[0]?.counters.input_tokens).toBe(7)
    expect(rows({ period: 'total', from: 0, to: 1 })[0]?.counters.input_tokens).toBe(7)
    expect(rows({ to: START })).toEqual([])
  })

  test('leaves a corrupt row out, and counts it', () => {
    const { sql, books } = ledger()
    books.report(
      {
        isolate: 'i',
        from: 0,
        entries: [entry(tokens(1), { key: 'a' }), entry(tokens(2), { key: 'b' })],
        open: 0,
      },
      START,
    )
    books.rollUp(START)
    sql.exec("UPDATE rollup SET input_tokens = 'many' WHERE place = 1")
    const { rows, corrupt } = books.query(ask(), START)
    expect({ rows, corrupt }).toEqual({
      rows: [{ group: {}, counters: { requests: 1, input_tokens: 2 } }],
      corrupt: 1,
    })
  })

  test('leaves what is pending and corrupt out, and counts it', () => {
    const { sql, books } = ledger()
    books.report({ isolate: 'i', from: 0, entries: [entry(tokens(1))], open: 0 }, START)
    sql.exec('UPDATE sender SET pending = \'[{"minute":1}, 2\'')
    books.report({ isolate: 'j', from: 0, entries: [entry(tokens(2))], open: 0 }, START)
    const { rows, facts } = books.query(ask(), START)
    expect(rows[0]?.counters.input_tokens).toBe(2)
    expect(facts.corrupt_pending).toBe(1)
  })

  test('keeps minutes, hours and days for as long as they are to be kept, and totals for good', () => {
    const { books } = ledger()
    books.report({ isolate: 'i', from: 0, entries: [entry(tokens(1))], open: 0 }, START)
    const left = (period: 'minute' | 'hour' | 'day' | 'total', days: number) =>
      books.query(ask({ period, from: 0 }), START + days * DAY_MS).rows.length
    expect([left('minute', 1), left('minute', 4)]).toEqual([1, 0])
    expect([left('hour', 80), left('hour', 92)]).toEqual([1, 0])
    expect([left('day', 1_000), left('day', 1_103)]).toEqual([1, 0])
    expect(left('total', 9_999)).toBe(1)
  })

  test('adds counters that an older table did not have', () => {
    const sql = memorySql()
    prepareTables(sql)
    sql.exec('ALTER TABLE rollup DROP COLUMN saved_pico')
    const books = createLedger(sql, RETENTION)
    books.report({ isolate: 'i', from: 0, entries: [entry({ saved_pico: 3 })], open: 0 }, START)
    expect(books.query(ask(), START).rows[0]?.counters.saved_pico).toBe(3)
  })

  test('keeps picodollars exactly', () => {
    const { books } = ledger()
    const amounts = [1n, 999n, 1_000n, 12_500n, 240_000_000n, 9_000_000_000_000n]
    const entries = amounts.map((amount) => entry(moneyCounters('cost', amount)))
    books.report({ isolate: 'i', from: 0, entries, open: 0 }, START)
    const total = amounts.reduce((sum, amount) => sum + amount, 0n)
    expect(moneyOf('cost', books.query(ask(), START).rows[0]?.counters ?? {})).toBe(total)
  })
})

describe('sums beyond what a number holds', () => {
  const GREAT = 5_000_000_000_000_000 // five million dollars in nanodollars

  test('are exact where they are money, within an object and over several', async () => {
    const amounts = [GREAT + 1, GREAT + 2, GREAT + 4]
    const entries = amounts.map((cost_nano) => entry({ cost_nano, cost_pico: 999 }))
    const total = amounts.reduce((sum, nano) => sum + BigInt(nano) * 1_000n + 999n, 0n)
    const objects = entries.map((_, i) => {
      const { books } = ledger()
      for (const [from, each] of entries.entries()) {
        books.report({ isolate: `i${i}`, from, entries: [each], open: 0 }, START)
        books.rollUp(START)
      }
      return { query: (query: UsageQuery) => Promise.resolve(books.query(query, START)) }
    })
    for (const period of ['hour', 'total'] as const) {
      const query = ask({ period, from: 0 })
      const [alone] = (await readUsage(objects.slice(0, 1), query)).rows
      expect(moneyOf('cost', alone?.counters ?? {})).toBe(total)
      const { rows, corrupt } = await readUsage(objects, query)
      expect({ usd: moneyOf('cost', rows[0]?.counters ?? {}), corrupt }).toEqual({
        usd: total * 3n,
        corrupt: 0,
      })
    }
  })

  test('are left out, counted and said where they are anything else', async () => {
    const { books } = ledger()
    const much = Number.MAX_SAFE_INTEGER
    for (const [from, input_tokens] of [much, much, 1].entries()) {
      const key = input_tokens === 1 ? 'small' : 'great'
      books.report({ isolate: 'i', from, entries: [entry({ input_tokens }, { key })], open: 0 }, START)
      books.rollUp(START)
    }
    const { rows, corrupt } = books.query(ask({ groupBy: ['key'] }), START)
    expect(rows.map(({ group }) => group)).toEqual([{ key: 'small' }])
    expect(corrupt).toBe(1)
    const report = await readUsage([{ query: async (query) => books.query(query, START) }], ask())
    expect({ rows: report.rows, corrupt: report.corrupt }).toEqual({ rows: [], corrupt: 1 })
  })

  test('of several objects are left out, counted and said too', async () => {
    const objects = [0, 1].map((i) => {
      const { books } = ledger()
      const most = entry({ input_tokens: Number.MAX_SAFE_INTEGER })
      books.report({ isolate: `i${i}`, from: 0, entries: [most], open: 0 }, START)
      return { query: async (query: UsageQuery) => books.query(query, START) }
    })
    const { rows, corrupt } = await readUsage(objects, ask())
    expect({ rows, corrupt }).toEqual({ rows: [], corrupt: 1 })
  })

  test('of rows that no ledger wrote fail nothing', () => {
    const { sql, books } = ledger()
    const entries = ['a', 'b', 'c'].map((key) => entry(tokens(1), { key }))
    books.report({ isolate: 'i', from: 0, entries, open: 0 }, START)
    books.rollUp(START)
    sql.exec('UPDATE rollup SET input_tokens = 9223372036854775807 WHERE place <> 3')
    const { rows, corrupt } = books.query(ask(), START)
    expect({ rows, corrupt }).toEqual({
      rows: [{ group: {}, counters: { requests: 1, input_tokens: 1 } }],
      corrupt: 2,
    })
  })
})

describe('places', () => {
  test('are bounded: first the tag is given up, then the model', () => {
    const sql = memorySql()
    prepareTables(sql)
    const places = createPlaces(sql, 2)
    for (let i = 0; i < 9; i++) places.idOf(place({ tag: `t${i}`, model: `m${i}` }))
    expect(
      sql.exec('SELECT tag, model FROM place').map(({ tag, model }) => `${String(tag)}/${String(model)}`),
    ).toEqual(['t0/m0', 't1/m1', '(other)/m2', '(other)/m3', '(other)/(other)'])
  })
})

describe('sharding', () => {
  test('spreads keys and isolates evenly over all objects', () => {
    const sharding = { shards: 4, spread: 2 }
    const counts = new Map(ledgerNames(sharding).map((name) => [name, 0]))
    for (let i = 0; i < 8_000; i++) {
      const name = ledgerName(`key_${i}`, `isolate-${i * 7}`, sharding)
      counts.set(name, (counts.get(name) ?? Number.NaN) + 1)
    }
    expect(counts.size).toBe(8)
    for (const count of counts.values()) expect(count).toBeGreaterThan(800)
  })

  test('an object that is called too often has isolates gather for longer, until it is not', () => {
    for (const isolates of [10, 300, 800, 2_500]) {
      let gatherMs = GATHER_MS
      for (let window = 0; window < 20; window++)
        gatherMs = gatherFor((isolates * 1_000) / gatherMs, gatherMs)
      expect((isolates * 1_000) / gatherMs).toBeLessThanOrEqual(181)
      expect(gatherMs > GATHER_MS).toBe(isolates > 324)
    }
    expect(gatherFor(10_000, 15_000)).toBe(15_000)
  })
})
