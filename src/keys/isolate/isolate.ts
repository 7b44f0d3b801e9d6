import type { Chance } from '../../lib/chance.ts'
import type { Timers } from '../../lib/clock.ts'
import { abandon, type Account, collect, delivered, openAccount, undelivered } from '../limits/account.ts'
import type { FreshnessPolicy } from '../freshness.ts'
import type { HashKey } from '../key.ts'
import type { Ask } from '../limits/quota.ts'
import type { KeyView } from '../record.ts'
import type { SyncAnswer, SyncInput } from '../limits/sync.ts'

export interface IsolatePorts {
  /** Calls a key's object. */
  readonly sync: (kid: string, input: SyncInput) => Promise<SyncAnswer>
  readonly hashKey: HashKey
  readonly timers: Timers
  readonly chance: Chance
  readonly freshness?: FreshnessPolicy
}

/** What an isolate remembers of a key that was presented: a value, never a promise of one. */
export interface Copy {
  readonly kid: string
  /** Absent: there is no such key. */
  readonly key: KeyView | undefined
  readonly known: boolean
  /** When it was asked for. */
  readonly at: number
  refreshingUntil: number
  /** Its object was out of reach: until then nobody waits for it for long. */
  outUntil: number
}

/** All that outlives a request. */
export interface Isolate {
  readonly ports: IsolatePorts
  /**
   * Keys that were right when they were last looked up, as they were presented: to read and hash one costs more than
   * all else that is checked. Texts are compared only where their seeded hashes are the same.
   */
  readonly texts: Map<string, { readonly kid: string; readonly hash: string }>
  /** By the HMAC of the whole key. */
  readonly copies: Map<string, Copy>
  readonly accounts: Map<string, Account>
  /** When this isolate changed a key: older answers about it are void. */
  readonly changedAt: Map<string, number>
}

/** Of each map; the oldest go first. */
const MAX_KEPT = 5_000

export function createIsolate(ports: IsolatePorts): Isolate {
  return { ports, texts: new Map(), copies: new Map(), accounts: new Map(), changedAt: new Map() }
}

/** The account of a key that exists. One that is dropped here is still reported by the calls that hold it. */
export function accountOf({ accounts }: Isolate, kid: string, hash: string): Account {
  const account = accounts.get(kid) ?? openAccount(kid, hash)
  account.hash = hash
  keep(accounts, kid, account)
  return account
}

/** The one way to a key's object: what is to be reported goes with every message. */
export async function talk(isolate: Isolate, account: Account, ask?: Ask): Promise<SyncAnswer> {
  const at = isolate.ports.timers.now()
  const { kid, hash } = account
  const reports = collect(account, at, ask?.now === false)
  const wanted = (ask?.lease ?? 0) > 0
  if (wanted) account.asking++
  try {
    const answer = await isolate.ports.sync(kid, { hash, reports, ...(ask && { ask }) })
    delivered(account, answer, wanted, at)
    remember(isolate, { kid, hash, key: answer.key, at })
    return answer
  } catch (thrown) {
    undelivered(account, reports)
    if (ask !== undefined) abandon(account, ask.id, at)
    throw thrown
  } finally {
    if (wanted) account.asking--
  }
}

/** An answer that comes late does not replace a newer one. */
function remember(
  { copies, changedAt }: Isolate,
  { kid, hash, key, at }: { kid: string; hash: string; key: KeyView | undefined; at: number },
): void {
  const newest = Math.max(copies.get(hash)?.at ?? 0, changedAt.get(kid) ?? 0)
  if (at >= newest)
    keep(copies, hash, { kid, key, known: key !== undefined, at, refreshingUntil: 0, outUntil: 0 })
}

export function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  if (kept.size >= MAX_KEPT && !kept.has(key)) {
    for (const oldest of kept.keys()) {
      kept.delete(oldest)
      break
    }
  }
  kept.set(key, value)
}
