import type { Config } from '../../config/schema.ts'
import { GatewayError } from '../../errors.ts'
import type { Resolved } from '../plan/candidates.ts'
import type { Ports, Scope } from '../types.ts'
import { type CacheAsks, NO_ASKS } from './cache-asks.ts'

/** What route, key and caller wish together. */
export interface Wish {
  readonly asks: CacheAsks
  readonly on: boolean
  /** Said of an answer that the cache has nothing to do with; undefined where nobody spoke of it. */
  readonly bypass: boolean
  readonly ttlSeconds: number
  /** Answers of a target that stood in are kept too. */
  readonly failover: boolean
}

/** Throws where the cache is asked for, and cannot be. */
export function wishOf({ config, cache }: Ports, scope: Scope, { name }: Resolved): Wish {
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

function noSecret(): GatewayError {
  return new GatewayError(
    'invalid_header',
    "'x-gateway-cache' cannot switch the cache on: this gateway has no GATEWAY_SECRET.",
    { param: 'x-gateway-cache', retry: false },
  )
}
