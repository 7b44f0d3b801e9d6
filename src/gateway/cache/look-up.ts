import type { Entry } from '../../cache/ports.ts'
import { dayOf } from '../../catalog/civil-date.ts'
import type { ModelCard } from '../../catalog/model-card.ts'
import type { EndpointId } from '../../protocol/index.ts'
import { billOf } from '../../usage/bill.ts'
import type { Resolved } from '../plan/candidates.ts'
import type { CacheFacts, Call, Facts, Ports, Scope, Served } from '../types.ts'
import type { CacheAsks } from './cache-asks.ts'
import type { Keyed } from './identity.ts'
import { replayed, type Sent } from './replay.ts'

/** The kept answer, if it is one that this caller takes, in the form that they ask for. */
export async function lookUp<E extends EndpointId>(
  { timers, priceOf }: Ports,
  call: Call<E>,
  { defer, principal, startedAt }: Scope,
  {
    cache,
    key,
    cacheable,
    asks,
    resolved,
  }: Keyed<E> & { readonly asks: CacheAsks; readonly resolved: Resolved },
): Promise<Served | undefined> {
  const entry = await cache.find(key, defer)
  const now = timers.now()
  if (entry === undefined || key.tenant !== principal.tenant || !accepted(entry, asks, now)) return undefined
  const card = cardOf(entry, resolved)
  const body = replayed(call, entry, cacheable, () => savedUsd(priceOf, entry, card, dayOf(startedAt)))
  if (body === undefined) return undefined
  const facts: CacheFacts = {
    status: entry.freshUntil > now ? 'hit' : 'stale',
    name: key.name,
    ageSeconds: ageOf(entry, now),
    saved: entry.usage,
  }
  const ownKey = principal.credential !== undefined
  return hitOf({ ...entry, card, ownKey }, body, facts, resolved)
}

const cardOf = ({ target: { id } }: Entry, { targets }: Resolved): ModelCard | undefined =>
  targets.find(({ target }) => target.id === id)?.card

function savedUsd(
  priceOf: Ports['priceOf'],
  { served, target, usage }: Entry,
  card: ModelCard | undefined,
  date: string,
): string | undefined {
  return usage && billOf(priceOf, { card, served, model: target.model, usage, date }).usd
}

const ageOf = ({ storedAt }: Entry, now: number): number => Math.max(0, Math.floor((now - storedAt) / 1_000))

function accepted(entry: Entry, asks: CacheAsks, now: number): boolean {
  const leftMs = entry.freshUntil - now
  return (
    leftMs > (asks.minFreshSeconds - asks.maxStaleSeconds) * 1_000 &&
    (asks.maxAgeSeconds === undefined || (now - entry.storedAt) / 1_000 <= asks.maxAgeSeconds) &&
    asks.maxAgeSeconds !== 0
  )
}

const NOTHING_USED = { inputTokens: 0, outputTokens: 0 }

/** An answer that cost nothing: no target was asked. */
function hitOf(
  { target, card, served, adapted, ownKey }: Entry & Pick<Facts, 'card' | 'ownKey'>,
  { body, contentType }: Sent,
  cache: CacheFacts,
  resolved: Resolved,
): Served {
  const facts = { target, card, adapted, upstreamRequestId: undefined, served, usage: NOTHING_USED, ownKey }
  const plan = {
    outcome: 'ok' as const,
    order: [],
    reserve: [],
    dropped: [],
    suppressed: [],
    wanted: [],
    refused: [],
    retryAfterMs: undefined,
  }
  return {
    kind: 'answer',
    contentType,
    body,
    facts,
    attempts: [],
    cache,
    lifecycle: resolved.lifecycle,
    planning: {
      route: resolved.name,
      strategy: resolved.strategy,
      plan,
      order: [],
      reserve: [],
      promptTokens: 0,
    },
    settled: Promise.resolve({ facts, attempts: [], finish: 'complete', usage: NOTHING_USED, cache }),
  }
}
