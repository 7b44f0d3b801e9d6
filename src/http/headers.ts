import { dayOf, deprecationHeader, sunsetHeader } from '../catalog/civil-date.ts'
import type { PriceOf } from '../catalog/pricing.ts'
import type { LifecycleFacts } from '../gateway/candidates.ts'
import type { Attempted, Facts, Served } from '../gateway/types.ts'
import { billOf } from '../usage/bill.ts'

/** The names of all headers that the gateway adds to an answer; the README's table is checked against them. */
export const HEADERS = {
  requestId: 'x-request-id',
  provider: 'x-gateway-provider',
  model: 'x-gateway-model',
  attempts: 'x-gateway-attempts',
  adapted: 'x-gateway-adapted',
  successor: 'x-gateway-successor',
  cost: 'x-gateway-cost',
  usage: 'x-gateway-usage',
  trace: 'x-gateway-trace',
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

/** What an answer says about how it came about. */
export function servedHeaders(
  served: Served,
  timing: Timing,
  now: number,
  priceOf: PriceOf,
): Record<string, string> {
  const headers = lifecycleHeaders(served.lifecycle)
  const attempts = served.kind === 'early' ? [] : served.attempts
  headers[HEADERS.serverTiming] = serverTiming(timing, attempts)
  if (served.kind !== 'early') headers[HEADERS.attempts] = String(attempts.length)
  if (served.kind === 'answer') Object.assign(headers, factHeaders(served.facts, now, priceOf))
  return headers
}

function factHeaders(facts: Facts, now: number, priceOf: PriceOf): Record<string, string> {
  const headers: Record<string, string> = {
    [HEADERS.provider]: facts.target.provider,
    [HEADERS.model]: headerText(facts.served.model ?? facts.target.model),
  }
  if (facts.adapted.length > 0) headers[HEADERS.adapted] = facts.adapted.join(', ')
  if (facts.upstreamRequestId !== undefined)
    headers[HEADERS.upstreamRequestId] = headerText(facts.upstreamRequestId)
  const { card, served, usage, target } = facts
  if (usage === undefined) return headers
  const { usd, list } = billOf(priceOf, { card, served, model: target.model, usage, date: dayOf(now) })
  headers[HEADERS.cost] = usd ?? 'null'
  if (list !== '') headers[HEADERS.usage] = list
  return headers
}

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

/** JSON as a header value: ASCII only, and no longer than clients take. */
export function asciiJson(value: object): string {
  return JSON.stringify(value)
    .replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .slice(0, MAX_HEADER_CHARS)
}
const MAX_HEADER_CHARS = 6_000
