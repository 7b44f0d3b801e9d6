import { type Cacheable, cacheableOf, formOf } from '../../cache/cacheable.ts'
import { canonicalRequest } from '../../cache/key.ts'
import type { CacheKey, Entry, Identity, ResponseCache } from '../../cache/ports.ts'
import { dayOf } from '../../catalog/civil-date.ts'
import type { ModelCard } from '../../catalog/model-card.ts'
import type { Config } from '../../config/schema.ts'
import { GatewayError } from '../../errors.ts'
import { endpointOf, type EndpointId, type Wires } from '../../protocol/index.ts'
import type { Dropped } from '../../router/plan.ts'
import { billOf } from '../../usage/bill.ts'
import { type CacheAsks, NO_ASKS } from './cache-asks.ts'
import type { Resolved } from '../plan/candidates.ts'
import type { Won } from '../failover.ts'
import { idOf, type Planning, type Ranked } from '../plan/planning.ts'
import { keptOf, replayed, type Sent } from './replay.ts'
import type { Attempted, CacheFacts, Call, Facts, Ports, Scope, Served, Settled } from '../types.ts'

export type Keep<E extends EndpointId> = (won: Won<E>, planning: Planning, settled: Settled) => void

/** What the cache does for one request. */
export interface Caching<E extends EndpointId> {
  /** The whole answer, if there is one. */
  readonly hit: Served | undefined
  readonly facts: CacheFacts | undefined
  /** How much of a stream to take down; 0 if it is not to be kept. */
  readonly recordBytes: number
  /** Takes down an answer that has left whole. */
  readonly keep: Keep<E>
}
const OFF: Caching<EndpointId> & { readonly keep: () => void } = {
  hit: undefined,
  facts: undefined,
  recordBytes: 0,
  keep: () => undefined,
}
const BYPASS: typeof OFF = { ...OFF, facts: { status: 'bypass' } }

/** Looks for a kept answer where route, key or caller wish it, before anything is planned. */
export async function caching<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  resolved: Resolved,
): Promise<Caching<E>> {
  const wish = wishOf(ports, scope, resolved)
  const known = wish.on ? knownOf(ports, call, scope) : undefined
  if (known === undefined) return without(wish)
  const identity = identityOf(ports, call, scope, { resolved, ...known })
  if (identity === undefined) return without(wish)
  const key = await known.cache.keyOf(identity)
  const keyed = { ...known, key }
  const hit = wish.asks.read ? await lookUp(ports, call, scope, { ...keyed, ...wish, resolved }) : undefined
  if (hit === undefined && wish.asks.onlyIfCached) throw notCached(key.name)
  const keeping = wish.asks.write
    ? {
        recordBytes: ports.config.cache.maxEntryBytes,
        keep: keeper(ports, scope, resolved, { ...keyed, ...wish }),
      }
    : { recordBytes: 0, keep: OFF.keep }
  return { hit, facts: { status: 'miss', name: key.name }, ...keeping }
}

/** What route, key and caller wish together. */
interface Wish {
  readonly asks: CacheAsks
  readonly on: boolean
  /** Said of an answer that the cache has nothing to do with; undefined where nobody spoke of it. */
  readonly bypass: boolean
  readonly ttlSeconds: number
  /** Answers of a target that stood in are kept too. */
  readonly failover: boolean
}

function wishOf({ config, cache }: Ports, scope: Scope, { name }: Resolved): Wish {
  const { cache: asks = NO_ASKS, principal } = scope
  if (asks.on && cache === undefined) throw noSecret()
  const route = settingOf(config, name)
  const settings = [route, principal.cache].filter((setting) => setting !== undefined)
  const wanted = asks.on || settings.length > 0
  // Where route and key both say a time, the answer is kept for no longer than either says.
  const settled = settings.length === 0 ? undefined : Math.min(...settings.map((each) => each.ttlSeconds))
  return {
    asks,
    on: wanted && !asks.bypass,
    bypass: wanted || asks.bypass,
    ttlSeconds: asks.ttlSeconds ?? settled ?? config.cache.ttlSeconds,
    failover: route?.failover ?? false,
  }
}

function settingOf({ routes }: Config, name: string | undefined): Config['routes'][string]['cache'] {
  return name === undefined ? undefined : routes[name]?.cache
}

/** Nothing is looked up, so a caller who takes nothing else gets nothing. */
function without({ asks, bypass }: Wish): typeof OFF {
  if (asks.onlyIfCached) throw notCached(undefined)
  return bypass ? BYPASS : OFF
}

/** Undefined if the answer to this request is never kept. */
function knownOf<E extends EndpointId>(
  { cache }: Ports,
  { endpoint, request, raw }: Call<E>,
  { principal }: Scope,
): Known<E> | undefined {
  const cacheable = cacheableOf(endpoint)
  const form = cacheable && formOf(cacheable, endpointOf(endpoint), request)
  if (cache === undefined || cacheable === undefined || form === undefined || raw.kind !== 'json')
    return undefined
  const isStored = cacheable.isStored?.(request) === true
  if (isStored && bringsKeys(principal)) return undefined
  return { cache, cacheable, form, text: raw.text, isStored }
}

/** Callers of one tenant may bring keys of several accounts, and only one of those has what was stored. */
const bringsKeys = ({ brought }: Scope['principal']): boolean => Object.keys(brought ?? {}).length > 0

/** Undefined while nobody knows what has been purged. */
function identityOf<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  { resolved, cacheable, form, text }: Known<E> & { readonly resolved: Resolved },
): Identity | undefined {
  const { tenant } = scope.principal
  const generation = ports.generationOf(tenant, resolved.name ?? call.request.model)
  if (generation === undefined) return undefined
  const ownDefaults = resolved.targets.every(({ target }) => target.provider === 'openai')
  return {
    tenant,
    endpoint: call.endpoint,
    form,
    route: routeOf(ports, call, scope, resolved),
    generation,
    canonical: canonicalRequest({ ...call.request }, cacheable.meaning(call.request, ownDefaults), text),
  }
}

/** Whatever else decides who answers, and how. */
function routeOf<E extends EndpointId>(
  { registry }: Ports,
  { request }: Call<E>,
  { strict, strategy, maxCostUsd, principal }: Scope,
  resolved: Resolved,
): readonly string[] {
  // Keys are exchanged without changing what is answered.
  const targets = new Set(
    resolved.targets.map(({ target, priority }) => {
      const entry = registry.providers.get(target.provider)
      return [target.id, String(priority), entry?.api ?? '', entry?.baseUrl ?? ''].join(' ')
    }),
  )
  return [
    resolved.name ?? request.model,
    strategy ?? resolved.strategy,
    String(maxCostUsd ?? resolved.maxCostUsd ?? ''),
    strict ? 'strict' : 'lenient',
    // Who pays alone may have it: callers with accounts of their own can be one tenant, and say the same placeholder.
    principal.credential ?? '',
    ...targets,
  ]
}

interface Known<E extends EndpointId> {
  readonly cache: ResponseCache
  readonly cacheable: Cacheable<Wires[E]>
  readonly form: Identity['form']
  readonly text: string
  /** The answer can be asked for again by its id. */
  readonly isStored: boolean
}
interface Keyed<E extends EndpointId> extends Known<E> {
  readonly key: CacheKey
}

async function lookUp<E extends EndpointId>(
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

/** Only answers that are what the route promises: not those of a target that had to stand in for a better one. */
function keeper<E extends EndpointId>(
  { timers, config }: Ports,
  { defer }: Scope,
  resolved: Resolved,
  about: Keyed<E> & { readonly ttlSeconds: number; readonly failover: boolean },
): Caching<E>['keep'] {
  const { cache, key, cacheable, failover } = about
  const retentionSeconds = about.isStored ? config.responses.retentionDays * 86_400 : Infinity
  const ttlSeconds = Math.min(about.ttlSeconds, retentionSeconds)
  return ({ ranked, adapted, begun: { answer } }, planning, { facts, attempts, usage }) => {
    if (facts === undefined || (!failover && stoodIn(ranked, planning, resolved, attempts))) return
    const kept = keptOf(answer, cacheable)
    if (kept === undefined) return
    const storedAt = timers.now()
    const freshUntil = storedAt + ttlSeconds * 1_000
    const { served } = facts
    cache.keep(key, { ...kept, storedAt, freshUntil, target: ranked.target, served, usage, adapted }, defer)
  }
}

/** What a request lacks or costs is the same each time; health and gates are not. */
const LASTING: readonly Dropped[] = ['endpoint', 'capability', 'context', 'price']

function stoodIn(
  { target: { id }, priority }: Ranked,
  { plan, strategy }: Planning,
  { targets, sticky }: Resolved,
  attempts: readonly Attempted[],
): boolean {
  const unfit = new Set(plan.dropped.filter(({ why }) => LASTING.includes(why)).map((each) => each.id))
  // Other strategies, and stickiness, choose among the targets of one priority: there, nobody is second.
  const isListed = strategy === 'priority' && !sticky
  const place = targets.findIndex(({ target }) => target.id === id)
  return (
    attempts.some(({ target }) => target.id !== id) ||
    targets.some(
      ({ target, priority: other }, at) =>
        (other < priority || (isListed && other === priority && at < place)) &&
        target.id !== id &&
        !unfit.has(idOf({ target })),
    )
  )
}

function noSecret(): GatewayError {
  return new GatewayError(
    'invalid_header',
    "'x-gateway-cache' cannot switch the cache on: this gateway has no GATEWAY_SECRET.",
    { param: 'x-gateway-cache', retry: false },
  )
}

function notCached(name: string | undefined): GatewayError {
  return new GatewayError('not_in_cache', 'There is no kept answer to this request.', {
    retry: false,
    headers: { 'x-gateway-cache': 'miss', ...(name !== undefined && { 'x-gateway-cache-key': name }) },
  })
}
