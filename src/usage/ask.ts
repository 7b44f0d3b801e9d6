import { COUNTERS, type Counters, MONEY, NANO_PER_USD } from './counters.ts'
import { type Dimension, DIMENSIONS } from './entry.ts'
import { countersFrom } from './pending.ts'
import type { Period } from './rollups.ts'
import { type Sql, type SqlRow, type SqlValue, wholeOf } from './sql.ts'
import type { FactName } from './wire.ts'

export type Grouping = Dimension | 'time'
export interface UsageQuery {
  readonly period: Period
  /** Unix milliseconds; `from` is in, `to` is not. */
  readonly from: number
  readonly to: number
  readonly groupBy: readonly Grouping[]
  /** Only these values; a tag is one of the labels of a request. */
  readonly filters: { readonly [name in Dimension]?: string }
}
export interface UsageRow {
  readonly group: { readonly [name in Grouping]?: string | number }
  readonly counters: Counters
}
export interface UsageAnswer {
  readonly rows: readonly UsageRow[]
  /** Rows that could not be read, and sums that are more than a number holds: they were left out. */
  readonly corrupt: number
  /** There are more rows than one answer holds. */
  readonly cut: boolean
  readonly facts: { readonly [name in FactName]: number }
}

export const ROWS_MAX = 10_000
/** More than any row comes to; a sum of rows up to it stays within SQLite's 64 bits. */
const CELL_MAX = 2n ** 59n
const SOUND = COUNTERS.map(
  (name) => `(typeof(r.${name}) = 'integer' AND r.${name} BETWEEN 0 AND ${CELL_MAX})`,
).join(' AND ')

const NANOS: readonly string[] = MONEY.map((kind) => `${kind}_nano`)
/** Of money, only what is left over from whole dollars: what SQLite adds exactly might be no exact number here. */
const SUMS = [
  ...COUNTERS.map((name) => `SUM(r.${name})${NANOS.includes(name) ? ` % ${NANO_PER_USD}` : ''} AS ${name}`),
  ...MONEY.map((kind) => `SUM(r.${kind}_nano) / ${NANO_PER_USD} AS ${kind}_dollars`),
]

/** Adds up the roll-ups of a time range. A row with something in it that is no whole number is left out and counted. */
export function answer(sql: Sql, query: UsageQuery): Omit<UsageAnswer, 'facts'> {
  const { where, bindings } = conditions(query)
  const groups = query.groupBy.map((name) => (name === 'time' ? 'r.start' : `p."${name}"`))
  const columns = [...query.groupBy.map((name, i) => `${groups[i]} AS "${name}"`), ...SUMS]
  const rows = sql.exec(
    `SELECT ${columns.join(', ')} FROM rollup r JOIN place p ON p.id = r.place WHERE ${where} AND ${SOUND}` +
      `${groups.length > 0 ? ` GROUP BY ${groups.join(', ')} ORDER BY ${groups.join(', ')}` : ''} LIMIT ${ROWS_MAX + 1}`,
    ...bindings,
  )
  const unsound = sql.exec(
    `SELECT COUNT(*) AS count FROM rollup r LEFT JOIN place p ON p.id = r.place ` +
      `WHERE r.period = ? AND r.start >= ? AND r.start < ? AND (p.id IS NULL OR NOT (${SOUND}))`,
    query.period,
    query.from,
    query.to,
  )
  const read = rows.slice(0, ROWS_MAX).map((row) => rowOf(row, query.groupBy))
  return {
    rows: read.flatMap((row) => (row === undefined || row === EMPTY ? [] : [row])),
    corrupt: (wholeOf(unsound[0]?.['count']) ?? 0) + read.filter((row) => row === undefined).length,
    cut: rows.length > ROWS_MAX,
  }
}

function conditions({ period, from, to, filters }: UsageQuery): {
  readonly where: string
  readonly bindings: readonly SqlValue[]
} {
  const parts = ['r.period = ?', 'r.start >= ?', 'r.start < ?']
  const bindings: SqlValue[] = [period, from, to]
  for (const name of DIMENSIONS) {
    const value = filters[name]
    if (value === undefined) continue
    parts.push(name === 'tag' ? `instr(',' || p.tag || ',', ',' || ? || ',') > 0` : `p."${name}" = ?`)
    bindings.push(value)
  }
  return { where: parts.join(' AND '), bindings }
}

const EMPTY: UsageRow = { group: {}, counters: {} }

/** Undefined if a sum is more than a number holds. */
function rowOf(row: SqlRow, groupBy: readonly Grouping[]): UsageRow | undefined {
  if (row['requests'] === null) return EMPTY // a sum over nothing
  const counters = countersFrom(row)
  if (counters === undefined) return undefined
  if (Object.keys(counters).length === 0) return EMPTY
  const group: { [name in Grouping]?: string | number } = {}
  for (const name of groupBy) {
    const value = row[name]
    if (typeof value === 'string' || typeof value === 'number') group[name] = value
  }
  return { group, counters }
}
