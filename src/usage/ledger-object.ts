import { complain } from '../report.ts'
import { DurableObject } from 'cloudflare:workers'
import type { UsageAnswer, UsageQuery } from './ask.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { GATHER_MS } from './outbox.ts'
import type { Retention } from './rollups.ts'
import { gatherFor } from './shards.ts'
import type { Sql } from './sql.ts'
import type { Batch, Receipt } from './wire.ts'

/** How long batches wait to be rolled up together. */
const ROLL_UP_MS = 60_000
const RATE_WINDOW_MS = 10_000

/** What the rest of the Worker calls. */
export interface LedgerObject {
  report(batch: Batch): Promise<Receipt>
  query(query: UsageQuery): Promise<UsageAnswer>
}

/** A part of the ledger. All that it knows is in its storage: a restart loses nothing and repeats nothing. */
export abstract class UsageLedgerShell<Env> extends DurableObject<Env> implements LedgerObject {
  readonly #ledger: Ledger
  #armed = false
  #window = { since: 0, reports: 0 }
  #gatherMs = GATHER_MS

  constructor(ctx: DurableObjectState, env: Env, retention: Retention) {
    super(ctx, env)
    this.#ledger = createLedger(sqlOf(ctx.storage), retention)
  }

  async report(batch: Batch): Promise<Receipt> {
    const now = Date.now()
    const next = this.#ledger.report(batch, now)
    if (!this.#armed) await this.#arm(now)
    this.#pace(now)
    return { next, gatherMs: this.#gatherMs }
  }

  async query(query: UsageQuery): Promise<UsageAnswer> {
    return this.#ledger.query(query, Date.now())
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    await this.ctx.storage.setAlarm(now + ROLL_UP_MS)
    this.#armed = this.#ledger.hasPending
    try {
      this.#ledger.rollUp(now)
    } catch (cause) {
      // A handler that throws is retried six times and then never again; the next alarm is armed already.
      complain('A roll-up of the usage ledger failed.', cause)
      return
    }
    if (!this.#armed) await this.ctx.storage.deleteAlarm()
  }

  async #arm(now: number): Promise<void> {
    this.#armed = true
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + ROLL_UP_MS)
  }

  /** Counts calls, and at the end of a window has isolates call less or more often. */
  #pace(now: number): void {
    const { since, reports } = this.#window
    const elapsed = now - since
    if (elapsed < RATE_WINDOW_MS) {
      this.#window = { since, reports: reports + 1 }
      return
    }
    this.#gatherMs = gatherFor((reports * 1_000) / elapsed, this.#gatherMs)
    this.#window = { since: now, reports: 1 }
  }
}

function sqlOf(storage: DurableObjectStorage): Sql {
  return {
    exec: (query, ...bindings) => storage.sql.exec(query, ...bindings).toArray(),
    transaction: (work) => storage.transactionSync(work),
  }
}
