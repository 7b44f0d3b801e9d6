/** The little of SQLite that the ledger needs, so that it runs on a Durable Object's and on any other. */
export type SqlValue = string | number | null
export type SqlRow = Readonly<Record<string, unknown>>
export interface Sql {
  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[]
  /** All of `work` or nothing of it. */
  transaction<T>(work: () => T): T
}

/** A whole number out of a row; undefined for anything else. */
export function wholeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
