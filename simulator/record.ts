import type { Received } from './types.ts'

/** Enough for any test; bodies beyond it are cut in the record, never in what is answered. */
const MAX_BODY_CHARS = 4_000_000
/** All bodies kept together: the oldest records go first. */
const MAX_TOTAL_CHARS = 64_000_000

/** The last requests, bounded by count and by size. */
export class Records {
  readonly list: Received[] = []
  #limit: number
  #chars = 0
  #nextId = 1

  constructor(limit: number) {
    this.#limit = limit
  }

  add(record: Omit<Received, 'id'>): Received {
    const kept = { ...record, id: this.#nextId++, body: record.body.slice(0, MAX_BODY_CHARS) }
    this.list.push(kept)
    this.#chars += kept.body.length
    while (this.list.length > this.#limit || (this.#chars > MAX_TOTAL_CHARS && this.list.length > 1)) {
      this.#chars -= this.list.shift()?.body.length ?? 0
    }
    return kept
  }

  /** Empties the same array, so that a caller's reference to it stays good. */
  clear(): void {
    this.list.length = 0
    this.#chars = 0
  }
}
