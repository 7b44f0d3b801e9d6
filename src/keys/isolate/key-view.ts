import { within } from '../../lib/within.ts'
import { randomText } from '../../lib/chance.ts'
import { accept, type Account, askWithKey, openAccount } from '../limits/account.ts'
import { planFlush } from './flush.ts'
import { FRESHNESS, freshnessOf, mayServeStale } from '../freshness.ts'
import { accountOf, type Copy, type Isolate, keep, talk } from './isolate.ts'
import { parseKey } from '../key.ts'
import type { Defer, Found } from './key-ring.ts'

/** How long a refresh behind a request keeps others from starting one. */
const REFRESH_MS = 1_000
/** How long an object that did not answer is taken to be out of reach. */
const OUT_MS = 10_000

/** The key behind a text, as fresh as `freshness.ts` demands. */
export async function find(isolate: Isolate, text: string, defer: Defer): Promise<Found> {
  const presented = isolate.texts.get(text) ?? (await hashed(isolate, text))
  if (presented === undefined) return UNKNOWN
  const { kid, hash } = presented
  const found = await findHashed(isolate, kid, hash, defer)
  if (found.kind === 'found') keep(isolate.texts, text, presented)
  else isolate.texts.delete(text)
  return found
}

async function hashed(
  { ports }: Isolate,
  text: string,
): Promise<{ readonly kid: string; readonly hash: string } | undefined> {
  const parsed = parseKey(text)
  return parsed && { kid: parsed.kid, hash: await ports.hashKey(text) }
}

function findHashed(isolate: Isolate, kid: string, hash: string, defer: Defer): Found | Promise<Found> {
  const { timers, freshness = FRESHNESS } = isolate.ports
  const now = timers.now()
  const copy = isolate.copies.get(hash)
  const state = freshnessOf(copy, now, freshness)
  if (copy !== undefined && (state === 'fresh' || state === 'refresh')) {
    if (state === 'refresh') refreshBehind(isolate, copy, hash, defer)
    return held(isolate, copy, hash, false)
  }
  return waitFor(isolate, { kid, hash, cold: state === 'cold' }, defer)
}

async function waitFor(
  isolate: Isolate,
  { kid, hash, cold }: { readonly kid: string; readonly hash: string; readonly cold: boolean },
  defer: Defer,
): Promise<Found> {
  const { timers, freshness = FRESHNESS } = isolate.ports
  const now = timers.now()
  const work = refresh(isolate, kid, hash, defer)
  defer(work.catch(() => undefined))
  const isOut = now < (isolate.copies.get(hash)?.outUntil ?? 0)
  await within(
    timers,
    !cold && isOut ? freshness.waitMs : freshness.coldWaitMs,
    work.catch(() => undefined),
  )
  const latest = isolate.copies.get(hash)
  if (latest === undefined) return UNAVAILABLE
  if (latest.at >= now) return held(isolate, latest, hash, false)
  latest.outUntil = now + OUT_MS
  const serves = latest.known && mayServeStale(latest.at, now, freshness)
  return serves ? held(isolate, latest, hash, true) : UNAVAILABLE
}

const UNKNOWN: Found = { kind: 'unknown' }
const UNAVAILABLE: Found = { kind: 'unavailable' }

function held(isolate: Isolate, { kid, key }: Copy, hash: string, stale: boolean): Found {
  if (key === undefined) return UNKNOWN
  return { kind: 'found', key, hash, stale, account: accountOf(isolate, kid, hash) }
}

function refreshBehind(isolate: Isolate, copy: Copy, hash: string, defer: Defer): void {
  const now = isolate.ports.timers.now()
  if (now < copy.refreshingUntil) return
  copy.refreshingUntil = now + REFRESH_MS
  defer(refresh(isolate, copy.kid, hash).catch(() => undefined))
}

/** With `leaseFor` a lease is asked for as well, and given back behind that request if nobody uses it. */
export async function refresh(isolate: Isolate, kid: string, hash: string, leaseFor?: Defer): Promise<void> {
  const { timers, chance } = isolate.ports
  const at = timers.now()
  const account: Account = isolate.accounts.get(kid) ?? openAccount(kid, hash)
  account.hash = hash
  const ask = leaseFor && askWithKey(account, `first_${randomText(chance)}`, at)
  const answer = await talk(isolate, account, ask)
  if (answer.key === undefined) return
  keep(isolate.accounts, kid, account)
  if (answer.granted === undefined || leaseFor === undefined) return
  accept(account, answer.granted, at)
  planFlush(isolate, account, leaseFor)
}

/** Drops what this isolate knows of a key; answers that are under way no longer count. */
export function forget({ copies, accounts, changedAt, ports }: Isolate, kid: string): void {
  for (const [hash, copy] of copies) if (copy.kid === kid) copies.delete(hash)
  accounts.delete(kid)
  keep(changedAt, kid, ports.timers.now())
}
