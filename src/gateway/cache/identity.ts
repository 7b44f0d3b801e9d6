import { type Cacheable, cacheableOf, formOf } from '../../cache/cacheable.ts'
import { canonicalRequest } from '../../cache/key.ts'
import type { CacheKey, Identity, ResponseCache } from '../../cache/ports.ts'
import { endpointOf, type EndpointId, type Wires } from '../../protocol/index.ts'
import type { Resolved } from '../plan/candidates.ts'
import type { Call, Ports, Scope } from '../types.ts'

/** A request whose answer may be kept, before anybody knows under which key. */
export interface Known<E extends EndpointId> {
  readonly cache: ResponseCache
  readonly cacheable: Cacheable<Wires[E]>
  readonly form: Identity['form']
  readonly text: string
  /** The answer can be asked for again by its id. */
  readonly isStored: boolean
}
export interface Keyed<E extends EndpointId> extends Known<E> {
  readonly key: CacheKey
}

/** Undefined if the answer to this request is never kept. */
export function knownOf<E extends EndpointId>(
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
export function identityOf<E extends EndpointId>(
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
