import type { Ledger } from './ledger.ts'
import type { Meters } from './meters.ts'
import type { Ask, Grant, Report, Shortage } from './quota.ts'
import {
  authorize,
  findSecret,
  isLimited,
  type KeyRecord,
  type KeySecret,
  type KeyView,
  viewOf,
} from '../record.ts'

/** The one message between an isolate and a key's object: what was used, and what is wanted. */
export interface SyncInput {
  /** The HMAC of the key that was presented. */
  readonly hash: string
  readonly reports: readonly Report[]
  readonly ask?: Ask
}
export interface SyncAnswer {
  /** Absent: no such key, or not with this hash. */
  readonly key?: KeyView
  readonly granted?: Grant
  readonly shortage?: Shortage
  readonly meters: Meters
}

/** Reports count whatever has become of the key; grants are for keys that may be used. */
export function answerSync(
  record: KeyRecord,
  ledger: Ledger,
  { hash, reports, ask }: SyncInput,
  context: { readonly now: number; readonly equal: (a: string, b: string) => boolean },
): SyncAnswer {
  const { now, equal } = context
  ledger.report(reports, now)
  ledger.expire(record, now)
  const secret = findSecret(record, hash, now, equal)
  if (secret === undefined) return { meters: {} }
  const key = viewOf(record, secret)
  const usable = isLimited(record) && authorize(key, { now }) === undefined
  const answer = ask !== undefined && usable ? ledger.ask(record, ask, now) : {}
  return { key, ...answer, meters: ledger.meters(record, now) }
}

/** Secrets of one key that are kept: the newest, and those of overlaps that have not ended. */
const MAX_SECRETS = 8

/** The record with a new secret; the old ones live on for the overlap. */
export function rotated(record: KeyRecord, secret: KeySecret, overlapMs: number, now: number): KeyRecord {
  const until = now + overlapMs
  const old = record.secrets
    .map((each) => ({ ...each, expiresAt: Math.min(each.expiresAt ?? until, until) }))
    .filter(({ expiresAt }) => expiresAt > now)
  return { ...record, secrets: [...old, secret].slice(-MAX_SECRETS), version: record.version + 1 }
}

/** Final: a revoked key is never valid again. */
export function revoked(record: KeyRecord, now: number): KeyRecord {
  return { ...record, revokedAt: record.revokedAt ?? now, version: record.version + 1 }
}

/** What an operator sees of a key: the hints of its secrets, never a hash. */
export interface KeyDescription extends Omit<KeyRecord, 'secrets'> {
  readonly secrets: readonly Omit<KeySecret, 'hash'>[]
}

export function describeKey(record: KeyRecord): KeyDescription {
  return { ...record, secrets: record.secrets.map(({ hash: _hash, ...shown }) => shown) }
}
