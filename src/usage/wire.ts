import type { Entry } from './entry.ts'

/** What an isolate tells one ledger object. `entries[i]` has sequence number `from + i`. */
export interface Batch {
  readonly isolate: string
  readonly from: number
  readonly entries: readonly Entry[]
  /** Requests that this isolate has begun and not yet ended: lost, if it is never heard of again. */
  readonly open: number
}

export interface Receipt {
  /** Everything below is written and will never be counted again. */
  readonly next: number
  /** How long to gather before the next batch: longer while more isolates call than one object takes. */
  readonly gatherMs: number
}

/** Things gone wrong, counted for good: entries missing between batches, begun and never ended, or unreadable. */
export type FactName = 'missing' | 'lost_open' | 'corrupt_pending'
