import { dayOf, deprecationHeader, sunsetHeader } from '../catalog/civil-date.ts'
import type { PriceOf } from '../catalog/pricing.ts'
import type { LifecycleFacts } from '../gateway/plan/candidates.ts'
import type { Attempted, CacheFacts, Facts, Served } from '../gateway/types.ts'
import type { Bill } from '../protocol/endpoint.ts'
import type { Usage } from '../protocol/usage.ts'
import { billOf, NOTHING_SPENT, spentUsd } from '../usage/bill.ts'

/** The names of all headers that the gateway adds to an answer; the README's table is checked against them. */
export const HEADERS = {
  requestId: 'x-request-id',
  provider: 'x-gateway-provider',
  model: 'x-gateway-model',
  attempts: 'x-gateway-attempts',
  adapted: 'x-gateway-adapted',
  successor: 'x-gateway-successor',
  cost: 'x-gateway-cost',
  cache: 'x-gateway-cache',
  cacheKey: 'x-gateway-cache-key',
  saved: 'x-gateway-saved',
  age: 'age',
  usage: 'x-gateway-usage',
  trace: 'x-gateway-trace',
  config: 'x-gateway-config',
  key: 'x-gateway-key',
  limitRequests: 'x-ratelimit-limit-requests',
  limitTokens: 'x-ratelimit-limit-tokens',
  remainingRequests: 'x-ratelimit-remaining-requests',
  remainingTokens: 'x-ratelimit-remaining-tokens',
  resetRequests: 'x-ratelimit-reset-requests',
  resetTokens: 'x-ratelimit-reset-tokens',
  upstreamRequestId: 'x-gateway-upstream-request-id',
  shouldRetry: 'x-should-retry',
  retryAfter: 'retry-after',
  retryAfterMs: 'retry-after-ms',
  serverTiming: 'server-timing',
  deprecation: 'deprecation',
  sunset: 'sunset',
} as const

/** Waits of one request, in milliseconds; CPU time is hidden by the runtime. */
export interface Timing {
  readonly keyMs: number
}

interface Pricing {
  /** When the request came, in Unix milliseconds. */
  readonly now: number
  readonly priceOf: PriceOf
}

/** Anything that was served, or was not, by way of the planner. */
export type Told = Pick<Served, 'lifecycle' | 'planning' | 'cache'> & {
  /** Absent where headers had to go out before anything was tried. */
  readonly attempts?: readonly Attempted[]
  readonly facts?: Facts
}

/** What an answer says about how it came about. */
export function servedHeaders(served: Told, timing: Timing, pricing: Pricing): Record<string, string> {
  const headers = lifecycleHeaders(served.lifecycle)
  const { attempts, facts, cache } = served
  headers[HEADERS.serverTiming] = serverTiming(timing, attempts ?? [])
  if (attempts !== undefined) headers[HEADERS.attempts] = String(attempts.length)
  if (facts !== undefined) Object.assign(headers, factHeaders(facts, attempts ?? [], pricing))
  else Object.assign(headers, failedHeaders(attempts ?? [], pricing))
  if (cache !== undefined) Object.assign(headers, cacheHeaders(cache, facts, pricing))
  return headers
}

/** Nobody served, which may have cost something all the same. */
function failedHeaders(
  attempts: readonly Attempted[],
  { now, priceOf }: Pricing,
): Readonly<Record<string, string>> {
  const usd = spentUsd(priceOf, attempts, dayOf(now))
  return usd === NOTHING_SPENT ? {} : { [HEADERS.cost]: usd ?? 'null' }
}

function factHeaders(facts: Facts, attempts: readonly Attempted[], pricing: Pricing): Record<string, string> {
  const headers: Record<string, string> = {
    [HEADERS.provider]: facts.target.provider,
    [HEADERS.model]: headerText(facts.served.model ?? facts.target.model),
  }
  if (facts.adapted.length > 0) headers[HEADERS.adapted] = listed(facts.adapted)
  if (facts.upstreamRequestId !== undefined)
    headers[HEADERS.upstreamRequestId] = headerText(facts.upstreamRequestId)
  if (facts.usage === undefined) return headers
  const { usd, list } = billed(facts, facts.usage, pricing, attempts)
  headers[HEADERS.cost] = usd ?? 'null'
  if (list !== '') headers[HEADERS.usage] = list
  return headers
}

const billed = (
  { card, served, target }: Facts,
  usage: Usage,
  { now, priceOf }: Pricing,
  attempts?: readonly Attempted[],
): Bill => billOf(priceOf, { card, served, model: target.model, usage, date: dayOf(now) }, attempts)

/** A hit costs nothing, even where nobody knows a price; what it saves is said where it is known. */
function cacheHeaders(
  { status, name, ageSeconds, saved }: CacheFacts,
  facts: Facts | undefined,
  pricing: Pricing,
): Record<string, string> {
  const headers: Record<string, string> = { [HEADERS.cache]: status }
  if (name !== undefined) headers[HEADERS.cacheKey] = name
  if (ageSeconds === undefined) return headers
  const usd = facts && saved && billed(facts, saved, pricing).usd
  headers[HEADERS.age] = String(ageSeconds)
  headers[HEADERS.cost] = '0'
  if (usd !== undefined) headers[HEADERS.saved] = usd
  return headers
}

/** Each once, and as many as clients take in a header: who sends thousands of unknown fields learns how many more. */
function listed(adapted: readonly string[]): string {
  const each = [...new Set(adapted)]
  let text = ''
  for (const [i, one] of each.entries()) {
    const next = i === 0 ? one : `${text}, ${one}`
    if (next.length > MAX_LIST_CHARS) return `${text}, and ${each.length - i} more`
    text = next
  }
  return text
}
const MAX_LIST_CHARS = 2_000

/** An upstream's text as a header value: printable, short. */
const headerText = (text: string): string => text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 200)

function lifecycleHeaders({ deprecation, sunset, successor }: LifecycleFacts): Record<string, string> {
  const headers: Record<string, string> = {}
  const deprecated = deprecation === undefined ? undefined : deprecationHeader(deprecation)
  const ends = sunset === undefined ? undefined : sunsetHeader(sunset)
  if (deprecated !== undefined) headers[HEADERS.deprecation] = deprecated
  if (ends !== undefined) headers[HEADERS.sunset] = ends
  if (successor !== undefined) headers[HEADERS.successor] = successor
  return headers
}

function serverTiming({ keyMs }: Timing, attempts: readonly Attempted[]): string {
  const failed = attempts.filter(({ failure }) => failure !== undefined).reduce((sum, { ms }) => sum + ms, 0)
  const won = attempts.find(({ failure }) => failure === undefined)
  const parts = [`key;dur=${keyMs}`]
  if (failed > 0) parts.push(`failed;dur=${failed}`)
  if (won !== undefined) parts.push(`upstream;dur=${won.ms}`)
  return parts.join(', ')
}

/** JSON as a header value: ASCII only, and no longer than clients take; lists are shortened until it is that short. */
export function asciiJson(value: object): string {
  for (const entries of LIST_ENTRIES) {
    const text = ascii(JSON.stringify(value, (_, inner: unknown) => shortened(inner, entries)))
    if (text.length <= MAX_HEADER_CHARS) return text
  }
  return '{"truncated":true}'
}
const MAX_HEADER_CHARS = 6_000
const LIST_ENTRIES = [Infinity, 16, 8, 4, 2, 1, 0]

const ascii = (text: string): string =>
  text.replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function shortened(value: unknown, entries: number): unknown {
  if (!Array.isArray(value) || value.length <= entries) return value
  const kept: readonly unknown[] = value.slice(0, entries)
  return [...kept, `and ${value.length - entries} more`]
}
