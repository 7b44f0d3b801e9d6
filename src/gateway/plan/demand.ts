import type { ModelCard } from '../../catalog/model-card.ts'
import type { Feature } from '../../protocol/endpoint.ts'
import { endpointOf, type EndpointId } from '../../protocol/index.ts'
import type { Provider } from '../../providers/provider.ts'
import { affinityOf } from './affinity.ts'
import { eligibleCodec } from './eligible.ts'
import type { Call, Scope } from '../types.ts'

/** What planning has to know of a request, whatever it asks for. The functions cost something, and may not be needed. */
export interface Demand {
  readonly request: object
  readonly features: () => ReadonlySet<Feature>
  /** Requests of one kind that a sticky route keeps together. */
  readonly affinity: () => string
  /** Whether a provider does this with a model. */
  readonly serves: (provider: Provider, card: ModelCard | undefined) => boolean
}

export function demandOf<E extends EndpointId>(call: Call<E>, scope: Scope): Demand {
  const { endpoint, request } = call
  return {
    request,
    features: () => endpointOf(endpoint).features(request),
    affinity: () => affinityOf(call, scope),
    serves: (provider, card) => eligibleCodec(provider, endpoint, card) !== undefined,
  }
}
