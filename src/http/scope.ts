import type { Context } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Scope } from '../gateway/types.ts'
import { KEY_HEADERS } from '../keys/presented.ts'
import type { Permissions } from '../keys/principal.ts'
import { strategies, type StrategyName } from '../router/strategies/index.ts'
import type { AppEnv } from './env.ts'
import { cacheAsks } from './cache-directives.ts'
import { amount, choice, isStrategy, timeoutMs } from './overrides.ts'
import { REQUEST_HEADERS } from './request-headers.ts'

/** What is true of one request from start to finish. */
export function scopeOf(c: Context<AppEnv>): Scope {
  const principal = c.get('principal')
  const { config } = c.get('services')
  const { headers, signal, url } = c.req.raw
  const may = principal.may.override
  return {
    id: c.get('requestId'),
    principal,
    startedAt: c.get('startedAt'),
    signal,
    timeoutMs: timeoutMs(headers),
    lifecycle: choice(headers, REQUEST_HEADERS.lifecycle, LIFECYCLES, may) ?? config.lifecycle,
    strict: (choice(headers, REQUEST_HEADERS.adaptation, ADAPTATIONS, may) ?? config.adaptation) === 'strict',
    strategy: strategyOf(headers, principal.may),
    maxCostUsd: amount(headers, REQUEST_HEADERS.maxCost),
    session: headers.get(REQUEST_HEADERS.session)?.slice(0, 256),
    cache: cacheAsks(headers),
    host: new URL(url).hostname,
    header: (name) => (CREDENTIALS.has(name.toLowerCase()) ? undefined : (headers.get(name) ?? undefined)),
    defer: (work) => c.executionCtx.waitUntil(work),
  }
}
const CREDENTIALS: ReadonlySet<string> = new Set([...KEY_HEADERS, 'cookie'])

function strategyOf(headers: Headers, { strategies }: Permissions): StrategyName | undefined {
  const strategy = choice(headers, REQUEST_HEADERS.strategy, STRATEGIES, true)
  if (strategy === undefined || strategies?.includes(strategy) !== false) return strategy
  throw new GatewayError('not_allowed', `This key may not choose the strategy '${strategy}'.`, {
    param: REQUEST_HEADERS.strategy,
    retry: false,
  })
}
const STRATEGIES = Object.keys(strategies).filter(isStrategy)
const LIFECYCLES = ['as-is', 'follow', 'refuse'] as const
const ADAPTATIONS = ['lenient', 'strict'] as const
