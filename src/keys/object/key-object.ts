import { DurableObject } from 'cloudflare:workers'
import { changed, type ParsedKeyChange } from './key-input.ts'
import { createLedger, type Ledger, type LedgerStore } from '../limits/ledger.ts'
import type { Books } from '../limits/books.ts'
import type { KeyUsage } from '../limits/meters.ts'
import type { Grant } from '../limits/quota.ts'
import { type KeyRecord, keyRecordSchema, type KeySecret } from '../record.ts'
import type { Excess } from '../limits/settlement.ts'
import {
  answerSync,
  describeKey,
  type KeyDescription,
  revoked,
  rotated,
  type SyncAnswer,
  type SyncInput,
} from '../limits/sync.ts'

const RECORD = 'record'
const BOOKS = 'books'
const GRANT = 'grant:'
/** When an alarm comes again if this one fails half-way. */
const ALARM_RETRY_MS = 60_000

/**
 * One virtual key: its record and its ledger, by its id. No method calls anything but storage, so that each is one
 * step to every other caller. Memory is a copy of what is stored; a restart loses nothing.
 */
export class KeyObject extends DurableObject<Env> {
  #record: KeyRecord | undefined
  readonly #ledger: Ledger
  #alarmAt = Infinity

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const stored = ctx.storage.kv.get(RECORD)
    if (stored !== undefined) this.#record = keyRecordSchema.parse(stored)
    this.#ledger = createLedger(storeOf(ctx.storage.kv), Date.now())
  }

  /** False if the key exists. */
  create(record: KeyRecord): boolean {
    if (this.#record !== undefined) return false
    this.#keep(keyRecordSchema.parse(record))
    return true
  }

  describe(): KeyDescription | undefined {
    return this.#record && describeKey(this.#record)
  }

  update(change: ParsedKeyChange): KeyDescription | undefined {
    return this.#change((record) => changed(record, change))
  }

  rotate(secret: KeySecret, overlapMs: number): KeyDescription | undefined {
    return this.#change((record) => rotated(record, secret, overlapMs, Date.now()))
  }

  revoke(): KeyDescription | undefined {
    return this.#change((record) => revoked(record, Date.now()))
  }

  usage(): KeyUsage | undefined {
    return this.#record && this.#ledger.usage(this.#record, Date.now())
  }

  giveBack(excess: Excess): void {
    if (this.#record !== undefined) this.#ledger.giveBack(excess, Date.now())
  }

  async sync(input: SyncInput): Promise<SyncAnswer> {
    if (this.#record === undefined) return { meters: {} }
    const answer = answerSync(this.#record, this.#ledger, input, {
      now: Date.now(),
      equal: constantTimeEqual,
    })
    const next = answer.granted?.expiresAt ?? Infinity
    if (next < this.#alarmAt) await this.#wakeAt(next)
    return answer
  }

  override async alarm(): Promise<void> {
    if (this.#record === undefined) return
    await this.#wakeAt(Date.now() + ALARM_RETRY_MS)
    this.#ledger.expire(this.#record, Date.now())
    const next = this.#ledger.nextExpiry()
    if (next !== undefined) return this.#wakeAt(Math.max(next, Date.now() + 1))
    this.#alarmAt = Infinity
    await this.ctx.storage.deleteAlarm()
  }

  async #wakeAt(at: number): Promise<void> {
    this.#alarmAt = at
    await this.ctx.storage.setAlarm(at)
  }

  #change(change: (record: KeyRecord) => KeyRecord): KeyDescription | undefined {
    if (this.#record === undefined) return undefined
    this.#keep(change(this.#record))
    return describeKey(this.#record)
  }

  #keep(record: KeyRecord): void {
    this.#record = record
    this.ctx.storage.kv.put(RECORD, record)
  }
}

function storeOf(kv: SyncKvStorage): LedgerStore {
  return {
    books: () => kv.get<Books>(BOOKS),
    *grants() {
      for (const [, grant] of kv.list<Grant>({ prefix: GRANT })) yield grant
    },
    putBooks: (books) => kv.put(BOOKS, books),
    putGrant: (grant) => kv.put(`${GRANT}${grant.id}`, grant),
    dropGrant: (id) => {
      kv.delete(`${GRANT}${id}`)
    },
  }
}

function constantTimeEqual(a: string, b: string): boolean {
  const encoder = new TextEncoder()
  const [left, right] = [encoder.encode(a), encoder.encode(b)]
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right)
}
