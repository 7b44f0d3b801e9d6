import type { Purge, Purges } from './ports.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS purges (scope TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (scope, name)) WITHOUT ROWID;`
const RAISE =
  'INSERT INTO purges VALUES (?, ?, 1) ON CONFLICT (scope, name) DO UPDATE SET number = number + 1'

type Purged = Purge & { readonly number: number }

/** How often what of the response cache was purged. */
export function purgeTable(sql: Pick<SqlStorage, 'exec'>) {
  sql.exec(SCHEMA)
  return {
    purges(): Purges {
      const rows = sql
        .exec<{ [K in keyof Purged]: Purged[K] & SqlStorageValue }>('SELECT * FROM purges')
        .toArray()
      const of = (scope: Purge['scope']): Readonly<Record<string, number>> =>
        Object.fromEntries(
          rows.filter((row) => row.scope === scope).map(({ name, number }) => [name, number]),
        )
      return { everything: of('everything')[''] ?? 0, tenants: of('tenant'), routes: of('route') }
    },
    /** With everything, all that was purged before is, too: only that number is needed then. */
    purge({ scope, name }: Purge): void {
      if (scope === 'everything') sql.exec("DELETE FROM purges WHERE scope <> 'everything'")
      sql.exec(RAISE, scope, name)
    },
  }
}
