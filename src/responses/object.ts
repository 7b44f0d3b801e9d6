import { DurableObject } from 'cloudflare:workers'

const DAY_MS = 86_400_000
/** A row holds 2 MB; a character of the text takes up to three bytes of it. */
const PART_CHARS = 500_000

/**
 * One shard of the stored responses: texts under keys, each with the time it may go. What a text means, and whose it
 * is, its writer knows.
 */
export class ResponseStore extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS responses (
         key TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, expires_at INTEGER NOT NULL,
         PRIMARY KEY (key, part)
       ) WITHOUT ROWID`,
    )
    ctx.storage.sql.exec('CREATE INDEX IF NOT EXISTS responses_by_expiry ON responses (expires_at)')
  }

  async put(key: string, text: string, expiresAt: number): Promise<void> {
    this.#write(key, text, expiresAt)
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + DAY_MS)
  }

  /** Puts a text in the place of another, which is still there: true for one of all that try. */
  replace(key: string, before: string, after: string): boolean {
    if (this.get(key) !== before) return false
    const { sql } = this.ctx.storage
    const { expires_at: expiresAt } = sql
      .exec<{ expires_at: number }>('SELECT expires_at FROM responses WHERE key = ? AND part = 0', key)
      .one()
    this.#write(key, after, expiresAt)
    return true
  }

  get(key: string): string | undefined {
    const rows = this.ctx.storage.sql
      .exec<{ text: string }>(
        'SELECT text FROM responses WHERE key = ? AND expires_at > ? ORDER BY part',
        key,
        Date.now(),
      )
      .toArray()
    return rows.length === 0 ? undefined : rows.map(({ text }) => text).join('')
  }

  delete(key: string): void {
    this.ctx.storage.sql.exec('DELETE FROM responses WHERE key = ?', key)
  }

  #write(key: string, text: string, expiresAt: number): void {
    const { sql } = this.ctx.storage
    this.ctx.storage.transactionSync(() => {
      sql.exec('DELETE FROM responses WHERE key = ?', key)
      for (let part = 0; part === 0 || part * PART_CHARS < text.length; part++) {
        const piece = text.slice(part * PART_CHARS, (part + 1) * PART_CHARS)
        sql.exec('INSERT INTO responses VALUES (?, ?, ?, ?)', key, part, piece, expiresAt)
      }
    })
  }

  /** Once a day, while there is anything: what has been kept for long enough goes. */
  override async alarm(): Promise<void> {
    const { sql } = this.ctx.storage
    sql.exec('DELETE FROM responses WHERE expires_at <= ?', Date.now())
    const [left] = sql.exec('SELECT 1 FROM responses LIMIT 1').toArray()
    if (left !== undefined) await this.ctx.storage.setAlarm(Date.now() + DAY_MS)
  }
}
