import { COUNTERS } from './counters.ts'
import { DIMENSIONS } from './entry.ts'
import type { Sql } from './sql.ts'

/** Creates the tables, and adds the counters that an older version did not have. */
export function prepareTables(sql: Sql): void {
  const dimensions = DIMENSIONS.map((name) => `"${name}" TEXT NOT NULL`).join(', ')
  const unique = DIMENSIONS.map((name) => `"${name}"`).join(', ')
  sql.exec(`CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY, ${dimensions}, UNIQUE (${unique}))`)
  sql.exec(
    `CREATE TABLE IF NOT EXISTS rollup (period TEXT NOT NULL, start INTEGER NOT NULL, place INTEGER NOT NULL, ` +
      `${COUNTERS.map(column).join(', ')}, PRIMARY KEY (period, start, place)) WITHOUT ROWID`,
  )
  sql.exec(
    'CREATE TABLE IF NOT EXISTS sender (isolate TEXT PRIMARY KEY, next INTEGER NOT NULL, open INTEGER NOT NULL, ' +
      'heard INTEGER NOT NULL, silent INTEGER NOT NULL, pending TEXT NOT NULL)',
  )
  sql.exec('CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL)')
  const present = new Set(sql.exec('PRAGMA table_info(rollup)').map(({ name }) => name))
  for (const name of COUNTERS)
    if (!present.has(name)) sql.exec(`ALTER TABLE rollup ADD COLUMN ${column(name)}`)
}

const column = (name: string): string => `${name} INTEGER NOT NULL DEFAULT 0`
