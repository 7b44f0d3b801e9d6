import { GatewayError } from '../../errors.ts'
import type { EndpointId } from '../../protocol/index.ts'
import type { Resolved } from '../plan/candidates.ts'
import type { CacheFacts, Call, Ports, Scope, Served } from '../types.ts'
import { identityOf, knownOf } from './identity.ts'
import { type Keep, keeper } from './keeper.ts'
import { lookUp } from './look-up.ts'
import { type Wish, wishOf } from './wish.ts'

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

/** Nothing is looked up, so a caller who takes nothing else gets nothing. */
function without({ asks, bypass }: Wish): typeof OFF {
  if (asks.onlyIfCached) throw notCached(undefined)
  return bypass ? BYPASS : OFF
}

function notCached(name: string | undefined): GatewayError {
  return new GatewayError('not_in_cache', 'There is no kept answer to this request.', {
    retry: false,
    headers: { 'x-gateway-cache': 'miss', ...(name !== undefined && { 'x-gateway-cache-key': name }) },
  })
}
