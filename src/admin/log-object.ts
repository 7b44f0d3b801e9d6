import { DurableObject } from 'cloudflare:workers'
import { auditHash, type Chained, FIRST_HASH, isChained } from '../lib/audit-chain.ts'
import type { AdminChange, AdminObject, Login } from './ports.ts'

/** The one object per deployment. */
export const ADMIN_NAME = 'admin'

const PER_ADDRESS = { failures: 5, windowMs: 600_000 }
const OVERALL = { failures: 20, windowMs: 3_600_000 }
/** Of all who have the secret together: no person and no script of theirs needs more. */
const CALLS = { most: 600, windowMs: 60_000 }

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS failures (at INTEGER NOT NULL, address TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS by_address ON failures (address, at);
  CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL,
    action TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL);`

type Row = Chained & Record<string, SqlStorageValue>

/** Who tried to log in, and what administrators have changed. Entries are added and never touched again. */
export class AdminLog extends DurableObject<Env> implements AdminObject {
  readonly #sql: SqlStorage
  /** Right logins of the minute that has begun; an object that restarts may forget them. */
  #minute = { from: 0, calls: 0 }

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    this.#sql.exec(SCHEMA)
  }

  /**
   * An address that has failed too often waits, whatever it sends. Too many failures from everywhere hold up wrong
   * secrets only, so that nobody can lock the operator out.
   */
  async login(address: string, right: boolean): Promise<Login> {
    const now = Date.now()
    this.#sql.exec('DELETE FROM failures WHERE at <= ?', now - OVERALL.windowMs)
    const own = this.#waitMs(PER_ADDRESS, now, address)
    if (own !== undefined) return { kind: 'blocked', waitMs: own }
    if (right) return this.#counted(now)
    const overall = this.#waitMs(OVERALL, now)
    if (overall !== undefined) return { kind: 'blocked', waitMs: overall }
    this.#sql.exec('INSERT INTO failures VALUES (?, ?)', now, address)
    return { kind: 'wrong' }
  }

  #counted(now: number): Login {
    if (now >= this.#minute.from + CALLS.windowMs || now < this.#minute.from)
      this.#minute = { from: now, calls: 0 }
    if (this.#minute.calls >= CALLS.most)
      return { kind: 'busy', waitMs: this.#minute.from + CALLS.windowMs - now }
    this.#minute.calls++
    return { kind: 'right' }
  }

  /** Until the oldest failure that counts is out of its window. */
  #waitMs({ failures, windowMs }: typeof OVERALL, now: number, address?: string): number | undefined {
    const rows = this.#sql
      .exec<{ at: number }>(
        `SELECT at FROM failures WHERE at > ? AND (?2 IS NULL OR address = ?2) ORDER BY at DESC LIMIT ?`,
        now - windowMs,
        address ?? null,
        failures,
      )
      .toArray()
    const oldest = rows.length < failures ? undefined : rows.at(-1)
    return oldest && oldest.at + windowMs - now
  }

  /** Hashing takes time: meanwhile no other change is taken, so that the chain has one end. */
  async record({ who, action, detail }: AdminChange): Promise<number> {
    return this.ctx.blockConcurrencyWhile(async () => {
      const last = this.#entries(Number.MAX_SAFE_INTEGER, 1)[0]
      const entry = { seq: (last?.seq ?? 0) + 1, at: Date.now(), who, action, detail }
      const hash = await auditHash(last?.hash ?? FIRST_HASH, entry)
      this.#sql.exec(
        'INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)',
        entry.seq,
        entry.at,
        who,
        action,
        detail,
        hash,
      )
      return entry.seq
    })
  }

  async audit(
    before: number,
    limit: number,
  ): Promise<{ readonly entries: readonly Chained[]; readonly whole: boolean }> {
    const [...entries] = this.#entries(before, limit + 1)
    const older = entries.length > limit ? entries.pop() : undefined
    return { entries, whole: await isChained(entries, older?.hash ?? FIRST_HASH) }
  }

  #entries(before: number, limit: number): readonly Chained[] {
    return this.#sql
      .exec<Row>('SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?', before, limit)
      .toArray()
  }
}
