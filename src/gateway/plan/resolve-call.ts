import type { CatalogEndpoint } from '../../catalog/model-card.ts'
import { endpointOf, type EndpointId } from '../../protocol/index.ts'
import { resolve, type Resolved } from './candidates.ts'
import { noCredential } from '../attempt/prepare.ts'
import type { Call, Ports, Scope } from '../types.ts'

/** The targets of a request's model; of them those that an earlier request allows. */
export function resolveCall<E extends EndpointId>(ports: Ports, call: Call<E>, scope: Scope): Resolved {
  const { capability } = endpointOf(call.endpoint)
  return narrowed(resolveFor(ports, { model: call.request.model, capability }, scope), call)
}

/** The targets of a model. A caller's own key goes to the first target's provider, and never to a second one. */
export function resolveFor(
  { config, registry, timers }: Ports,
  { model, capability }: { readonly model: string; readonly capability: CatalogEndpoint | undefined },
  scope: Scope,
): Resolved {
  const ownKey = scope.principal.credential !== undefined
  const mode = scope.lifecycle
  const resolved = resolve(model, { config, registry, mode, now: timers.now(), capability, ownKey })
  const first = resolved.targets[0]?.target.provider
  if (first === undefined) throw noCredential(model)
  if (!ownKey) return resolved
  return { ...resolved, targets: resolved.targets.filter(({ target }) => target.provider === first) }
}

/** What an earlier request left somewhere can only be used there. */
function narrowed(resolved: Resolved, { only }: Call<EndpointId>): Resolved {
  if (only === undefined) return resolved
  const targets = resolved.targets.filter(({ target }) => only.serves(target))
  if (targets.length === 0) throw only.otherwise()
  return { ...resolved, targets }
}
