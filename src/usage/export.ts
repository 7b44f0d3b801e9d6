import { formatUsd } from '../catalog/money.ts'
import type { UsageQuery, UsageRow } from './ask.ts'
import type { Format } from './ask-input.ts'
import { COUNTERS, type Counter, moneyOf } from './counters.ts'
import type { UsageReport } from './reader.ts'

type Cell = string | number | null
export interface Exported {
  readonly contentType: string
  readonly body: string
}

/** Money is shown in dollars, and buckets are for metrics. */
const SHOWN: readonly Counter[] = COUNTERS.filter((name) => !/_(?:nano|pico)$|_le_/.test(name))

const EXPORTS: Readonly<Record<Format, (report: UsageReport, query: UsageQuery) => Exported>> = {
  json: (report, query) => ({
    contentType: 'application/json',
    body: JSON.stringify({
      object: 'list',
      period: query.period,
      from: new Date(query.from).toISOString(),
      to: new Date(query.to).toISOString(),
      data: report.rows.map((row) => shown(row)),
      complete: isComplete(report),
      ledger: stateOf(report),
    }),
  }),
  ndjson: ({ rows }) => ({
    contentType: 'application/x-ndjson',
    body: rows.map((row) => `${JSON.stringify(shown(row))}\n`).join(''),
  }),
  csv: ({ rows }, { groupBy }) => ({
    contentType: 'text/csv; charset=utf-8',
    body: [[...groupBy, ...SHOWN, ...DOLLARS], ...rows.map((row) => cells(row, groupBy))]
      .map((line) => `${line.map(csvCell).join(',')}\r\n`)
      .join(''),
  }),
}

/** Money, as the last columns. */
const DOLLARS = ['own_key_usd', 'own_key_saved_usd', 'cost_usd', 'saved_usd'] as const

/** A report in the format that was asked for. */
export function exported(report: UsageReport, query: UsageQuery, format: Format): Exported {
  return EXPORTS[format](report, query)
}

/** What is missing from the rows, and how much of it. */
const stateOf = ({
  facts,
  corrupt,
  unreachable,
  cut,
}: UsageReport): Readonly<Record<string, number | boolean>> => ({
  ...facts,
  corrupt_rows: corrupt,
  unreachable,
  cut,
})

/** Whether the rows are all there is. */
const isComplete = (report: UsageReport): boolean => !Object.values(stateOf(report)).some(Boolean)

/** The same in a header, for formats with no room for it: `complete`, or `missing=3, cut=true`. */
export function ledgerHeader(report: UsageReport): Readonly<Record<string, string>> {
  const gone = Object.entries(stateOf(report)).filter(([, value]) => Boolean(value))
  const text = gone.map(([name, value]) => `${name}=${value}`).join(', ')
  return { 'x-gateway-ledger': text === '' ? 'complete' : text }
}

/** A row with every counter, and money in dollars: a string, since it is exact. `cost_usd` leaves `unpriced` requests out. */
function shown({ group, counters }: UsageRow): Record<string, Cell> {
  const row: Record<string, Cell> = {}
  for (const [name, value] of Object.entries(group)) row[name] = name === 'time' ? timeText(value) : value
  for (const name of SHOWN) row[name] = counters[name] ?? 0
  const { requests, unpriced, own_key: own, own_key_unpriced: ownUnpriced } = counters
  row['cost_usd'] = dollars(moneyOf('cost', counters), requests, unpriced)
  row['saved_usd'] = formatUsd(moneyOf('saved', counters))
  row['own_key_usd'] = dollars(moneyOf('own_key', counters), own, ownUnpriced)
  row['own_key_saved_usd'] = formatUsd(moneyOf('own_key_saved', counters))
  return row
}

/** Null where there is nothing but what has no known price: that is not a sum of nothing. */
function dollars(picoUsd: bigint, requests = 0, unpriced = 0): string | null {
  return picoUsd > 0n || unpriced === 0 || unpriced < requests ? formatUsd(picoUsd) : null
}

const timeText = (value: string | number): string => new Date(value).toISOString()

function cells(row: UsageRow, groupBy: UsageQuery['groupBy']): readonly Cell[] {
  const all = shown(row)
  return [...groupBy, ...SHOWN, ...DOLLARS].map((name) => all[name] ?? null)
}

/** Quoted where needed; a text that a spreadsheet would take for a formula is defused. */
function csvCell(value: Cell): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
