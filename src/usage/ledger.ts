import { createPlaces } from './places.ts'
import { merged, NOTHING, type Pending, read, sumsOf, write } from './pending.ts'
import { answer, type UsageAnswer, type UsageQuery } from './ask.ts'
import { addTo, prune, type Retention } from './rollups.ts'
import { prepareTables } from './schema.ts'
import { type Sql, type SqlRow, wholeOf } from './sql.ts'
import type { Batch, FactName } from './wire.ts'

/** Longer than any request but a realtime session: who is silent for so long will not end what it has begun. */
const SILENT_MS = 900_000
/** How long a sender is known by after its last batch: far longer than it would repeat one. */
const SENDER_MEMORY_MS = 259_200_000
/** Beyond this, what is pending is rolled up at once: a row is read and written whole. */
const PENDING_MAX_CHARS = 200_000

/** The ledger of one object. Nothing in it waits, so each call is one step to every other. */
export interface Ledger {
  /** Books what of a batch is new; returns the sequence number that is expected next. */
  report(batch: Batch, now: number): number
  /** Moves what is pending into the roll-ups. */
  rollUp(now: number): void
  /** Answers from the roll-ups, with everything that has been received in them. */
  query(query: UsageQuery, now: number): UsageAnswer
  readonly hasPending: boolean
}

export function createLedger(sql: Sql, retention: Retention): Ledger {
  prepareTables(sql)
  const places = createPlaces(sql)
  const note = (name: FactName, added: number): void => {
    if (added === 0) return
    sql.exec(
      'INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
      name,
      added,
    )
  }
  const readPending = (text: unknown): Pending => {
    const { pending, corrupt } = read(typeof text === 'string' ? text : '?')
    note('corrupt_pending', corrupt)
    return pending
  }
  function rollUp(now: number): void {
    sql.transaction(() => {
      const rows = sql.exec("SELECT pending FROM sender WHERE pending <> ''")
      if (rows.length > 0) {
        const all = rows.reduce<Pending>(
          (sums, row) => merged(sums, readPending(row['pending']).values()),
          NOTHING,
        )
        for (const sums of all.values()) addTo(sql, places.idOf(sums.place), sums)
        sql.exec("UPDATE sender SET pending = '' WHERE pending <> ''")
      }
      forget(sql, now, note)
      prune(sql, retention, now)
    })
  }

  return {
    report: (batch, now) =>
      sql.transaction(() => {
        const known = senderOf(sql.exec('SELECT * FROM sender WHERE isolate = ?', batch.isolate)[0])
        if (known.silent) note('lost_open', -known.open)
        const fresh = batch.entries.slice(Math.max(0, known.next - batch.from))
        note('missing', Math.max(0, batch.from - known.next))
        const next = Math.max(known.next, batch.from + batch.entries.length)
        const text = write(merged(readPending(known.pending), sumsOf(fresh)))
        keep(sql, batch, next, { now, text })
        if (text.length > PENDING_MAX_CHARS) rollUp(now)
        return next
      }),
    rollUp,
    query(query, now) {
      rollUp(now)
      return { ...answer(sql, query), facts: factsOf(sql) }
    },
    get hasPending() {
      return sql.exec("SELECT 1 FROM sender WHERE pending <> '' LIMIT 1").length > 0
    },
  }
}

function factsOf(sql: Sql): UsageAnswer['facts'] {
  const rows = sql.exec('SELECT name, value FROM fact')
  const of = (name: FactName): number => wholeOf(rows.find((row) => row['name'] === name)?.['value']) ?? 0
  return { missing: of('missing'), lost_open: of('lost_open'), corrupt_pending: of('corrupt_pending') }
}

interface Sender {
  readonly next: number
  readonly open: number
  /** Has been given up, with the requests that it had open. */
  readonly silent: boolean
  readonly pending: unknown
}

function senderOf(row: SqlRow | undefined): Sender {
  return {
    next: wholeOf(row?.['next']) ?? 0,
    open: wholeOf(row?.['open']) ?? 0,
    silent: row?.['silent'] === 1,
    pending: row?.['pending'] ?? '',
  }
}

function keep(
  sql: Sql,
  { isolate, open }: Batch,
  next: number,
  { now, text }: { readonly now: number; readonly text: string },
): void {
  sql.exec(
    'INSERT INTO sender (isolate, next, open, heard, silent, pending) VALUES (?, ?, ?, ?, 0, ?) ' +
      'ON CONFLICT (isolate) DO UPDATE SET next = excluded.next, open = excluded.open, heard = excluded.heard, ' +
      'silent = 0, pending = excluded.pending',
    isolate,
    next,
    open,
    now,
    text,
  )
}

/** Gives up senders that have fallen silent, and in the end forgets them. */
function forget(sql: Sql, now: number, note: (name: FactName, added: number) => void): void {
  const silent = sql.exec(
    'SELECT isolate, open FROM sender WHERE silent = 0 AND open > 0 AND heard < ?',
    now - SILENT_MS,
  )
  for (const { isolate, open } of silent) {
    note('lost_open', wholeOf(open) ?? 0)
    sql.exec('UPDATE sender SET silent = 1 WHERE isolate = ?', String(isolate))
  }
  sql.exec("DELETE FROM sender WHERE heard < ? AND pending = ''", now - SENDER_MEMORY_MS)
}
