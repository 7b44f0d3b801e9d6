import { GATHER_MS } from './outbox.ts'

export interface Sharding {
  /** Objects over which keys are spread. */
  readonly shards: number
  /** Objects per shard, over which isolates are spread. */
  readonly spread: number
}

/** The object that books the requests of a key in an isolate. */
export function ledgerName(keyId: string, isolate: string, { shards, spread }: Sharding): string {
  return nameOf(hash(keyId) % shards, hash(isolate) % spread)
}

/** Every object of the ledger. */
export function ledgerNames({ shards, spread }: Sharding): readonly string[] {
  return Array.from({ length: shards * spread }, (_, i) => nameOf(Math.floor(i / spread), i % spread))
}

const nameOf = (shard: number, part: number): string => `ledger-${shard}-${part}`

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** No object is called more than 200 times a second; isolates gather for longer just before. */
const REPORTS_PER_S = 180

/** Deferred work is cut off after half a minute, and sending takes up to ten seconds of that. */
const GATHER_MAX_MS = 15_000

/** How long isolates should gather from now on, given how often they called while they gathered for `gatherMs`. */
export function gatherFor(reportsPerS: number, gatherMs: number): number {
  const fitting = Math.round((gatherMs * reportsPerS) / REPORTS_PER_S)
  return Math.min(GATHER_MAX_MS, Math.max(GATHER_MS, fitting))
}
