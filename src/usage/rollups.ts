import { COUNTERS } from './counters.ts'
import { MINUTE_MS, type Sums } from './pending.ts'
import type { Sql } from './sql.ts'

/** `total` never begins anew: what metrics count by. */
export const PERIODS = { minute: MINUTE_MS, hour: 3_600_000, day: 86_400_000, total: Infinity } as const
export type Period = keyof typeof PERIODS
const NAMES: readonly Period[] = ['minute', 'hour', 'day', 'total']

/** How long roll-ups are kept, in milliseconds. */
export type Retention = { readonly [period in Exclude<Period, 'total'>]: number }

/** When the period began that an instant is in. */
export const startOf = (period: Period, at: number): number =>
  period === 'total' ? 0 : Math.floor(at / PERIODS[period]) * PERIODS[period]

const UPSERT =
  `INSERT INTO rollup (period, start, place, ${COUNTERS.join(', ')}) ` +
  `VALUES (?, ?, ?, ${COUNTERS.map(() => '?').join(', ')}) ON CONFLICT (period, start, place) DO UPDATE SET ` +
  COUNTERS.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')

/** Adds to the roll-ups of every length. */
export function addTo(sql: Sql, place: number, { minute, counters }: Sums): void {
  const values = COUNTERS.map((name) => counters[name] ?? 0)
  for (const period of NAMES) sql.exec(UPSERT, period, startOf(period, minute), place, ...values)
}

export function prune(sql: Sql, retention: Retention, now: number): void {
  for (const period of ['minute', 'hour', 'day'] as const)
    sql.exec(
      'DELETE FROM rollup WHERE period = ? AND start < ?',
      period,
      now - retention[period] - PERIODS[period],
    )
}
