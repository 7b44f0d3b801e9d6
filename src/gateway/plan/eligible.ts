import type { ModelCard } from '../../catalog/model-card.ts'
import { GatewayError } from '../../errors.ts'
import { endpointOf, type EndpointId, endpoints, isEndpointId, type Wires } from '../../protocol/index.ts'
import { REALTIME_PATH } from '../../protocol/realtime.ts'
import { codecFor } from '../../providers/index.ts'
import type { Codec, Provider } from '../../providers/provider.ts'

/**
 * The codec that serves a model on an endpoint. Undefined if the provider has none, or if the catalog knows that
 * the model is for other endpoints; a model that it does not know is for the provider to judge, and so is one that
 * nothing here serves.
 */
export function eligibleCodec<E extends EndpointId>(
  provider: Provider,
  endpoint: E,
  card: ModelCard | undefined,
): Codec<Wires[E]> | undefined {
  const codec = codecFor(provider, endpoint)
  if (codec === undefined || card === undefined || serves(provider, endpoint, card)) return codec
  return card.assumed === true || servingPaths(provider, card).length === 0 ? codec : undefined
}

/** As OpenAI says it (openai.md 1.4), with the endpoints that do serve the model. */
export function notServed(
  { path, model }: { readonly path: string; readonly model: string },
  provider: Provider | undefined,
  card: ModelCard | undefined,
): GatewayError {
  const others = provider === undefined || card === undefined ? [] : servingPaths(provider, card)
  const message =
    others.length === 0
      ? `The model '${model}' is not supported in v1${path}.`
      : `The model '${model}' is only supported in ${others.join(', ')} and not in v1${path}.`
  return new GatewayError('model_not_found', message, { param: 'model', retry: false })
}

/** Whether a provider holds sessions with a model; one that the catalog does not know is for the provider to judge. */
export function holdsSessions({ realtime }: Provider, card: ModelCard | undefined): boolean {
  return (
    realtime !== undefined &&
    (card === undefined || card.assumed === true || card.endpoints.includes('realtime'))
  )
}

function servingPaths(provider: Provider, card: ModelCard): readonly string[] {
  const paths = Object.keys(endpoints)
    .filter((id) => isEndpointId(id))
    .filter((id) => serves(provider, id, card))
    .map((id) => `v1${endpointOf(id).path}`)
  return holdsSessions(provider, card) ? [...paths, `v1${REALTIME_PATH}`] : paths
}

function serves(provider: Provider, endpoint: EndpointId, card: ModelCard): boolean {
  const codec = codecFor(provider, endpoint)
  if (codec === undefined) return false
  if (codec.serves !== undefined) return codec.serves(card)
  const { capability } = endpointOf(endpoint)
  return capability === undefined || card.endpoints.includes(capability)
}
