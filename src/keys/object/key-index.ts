import { DurableObject } from 'cloudflare:workers'

/** What a list of keys shows. */
export interface KeyEntry {
  readonly id: string
  readonly name: string
  readonly tenant: string
  readonly hint: string
  readonly createdAt: number
  readonly expiresAt?: number | undefined
  readonly state: 'active' | 'disabled' | 'revoked'
}
export interface KeyPage {
  readonly keys: readonly KeyEntry[]
  /** To be given for the next page; absent on the last. */
  readonly next?: string
}

const MAX_PAGE = 100

/**
 * The list of all keys, newest first: one object. It is written before a key is made, so that there is never a
 * key that no list shows; the truth about each is in its own object.
 */
export class KeyIndex extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, created INTEGER NOT NULL, entry TEXT NOT NULL)',
    )
    ctx.storage.sql.exec('CREATE INDEX IF NOT EXISTS newest ON keys (created DESC, id DESC)')
  }

  put(entry: KeyEntry): void {
    this.ctx.storage.sql.exec(
      'INSERT INTO keys (id, created, entry) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET entry = excluded.entry',
      entry.id,
      entry.createdAt,
      JSON.stringify(entry),
    )
  }

  /** For a key that was listed and then could not be made. */
  remove(id: string): void {
    this.ctx.storage.sql.exec('DELETE FROM keys WHERE id = ?', id)
  }

  list(page: { readonly after?: string | undefined; readonly limit?: number | undefined }): KeyPage {
    const limit = Math.min(Math.max(1, page.limit ?? MAX_PAGE), MAX_PAGE)
    const rows = this.#rows(page.after, limit + 1)
    const keys = rows.slice(0, limit)
    const last = keys.at(-1)
    return { keys, ...(rows.length > limit && last !== undefined && { next: last.id }) }
  }

  #rows(after: string | undefined, limit: number): readonly KeyEntry[] {
    const { sql } = this.ctx.storage
    const cursor =
      after === undefined
        ? sql.exec<Row>('SELECT entry FROM keys ORDER BY created DESC, id DESC LIMIT ?', limit)
        : sql.exec<Row>(
            'SELECT entry FROM keys WHERE (created, id) < (SELECT created, id FROM keys WHERE id = ?) ORDER BY created DESC, id DESC LIMIT ?',
            after,
            limit,
          )
    return cursor.toArray().map(({ entry }): KeyEntry => JSON.parse(entry))
  }
}

interface Row extends Record<string, SqlStorageValue> {
  readonly entry: string
}
