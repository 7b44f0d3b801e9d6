import { DatabaseSync } from 'node:sqlite'
import type { Sql } from '../../../src/usage/sql.ts'

/** A Durable Object's integers are numbers, and lose what those cannot hold. */
const asNumbers = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  )

/** The ledger's SQLite in this process, with the rows that it wrote counted as Durable Objects bill them: roughly. */
export function memorySql(): Sql & { readonly database: DatabaseSync; written: number } {
  const database = new DatabaseSync(':memory:')
  let depth = 0
  const sql = {
    database,
    written: 0,
    exec(query: string, ...bindings: readonly (string | number | null)[]) {
      const statement = database.prepare(query)
      const great = query.includes('FROM rollup')
      statement.setReadBigInts(great)
      const rows = statement.all(...bindings)
      if (/^(INSERT|UPDATE|DELETE)/.test(query))
        sql.written += Number(database.prepare('SELECT changes() AS n').get()?.['n'] ?? 0)
      return great ? rows.map(asNumbers) : rows
    },
    transaction<T>(work: () => T): T {
      const name = `s${depth++}`
      database.exec(`SAVEPOINT ${name}`)
      try {
        const result = work()
        database.exec(`RELEASE ${name}`)
        return result
      } catch (thrown) {
        database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`)
        throw thrown
      } finally {
        depth--
      }
    },
  }
  return sql
}
