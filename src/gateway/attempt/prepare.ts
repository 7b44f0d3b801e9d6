import { GatewayError } from '../../errors.ts'
import { endpointOf, type EndpointId, type Wires } from '../../protocol/index.ts'
import type { MediaReference, Wire } from '../../protocol/endpoint.ts'
import type {
  Adaptation,
  Codec,
  CodecContext,
  Media,
  Provider,
  Target,
  Translation,
} from '../../providers/provider.ts'
import { eligibleCodec, notServed } from '../plan/eligible.ts'
import { bodyOf, relayedBody } from './body-of.ts'
import type { RouteTarget } from '../plan/candidates.ts'
import type { Part } from './exchange.ts'
import type { Call, Ports, Run, Scope } from '../types.ts'

/** A request in the form that one target takes, complete but for time limits. */
export interface Prepared<E extends EndpointId> {
  readonly provider: Provider
  readonly codec: Codec<Wires[E]>
  readonly context: CodecContext
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly parts: readonly Part<Wires[E]>[]
  readonly adapted: readonly Adaptation[]
}

/** Throws `GatewayError` if this target cannot serve the request as it is. */
export async function prepare<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  { candidate, run }: { readonly candidate: RouteTarget; readonly run: Run },
): Promise<Prepared<E>> {
  const { target } = candidate
  const entry = ports.registry.providers.get(target.provider)
  const provider = entry && ports.apis[entry.api]
  const usual = provider && eligibleCodec(provider, call.endpoint, candidate.card)
  const codec = usual?.instead?.(call.request, { model: target.model, card: candidate.card }) ?? usual
  if (entry === undefined || provider === undefined || codec === undefined)
    throw notServed(
      { path: endpointOf(call.endpoint).path, model: call.request.model },
      provider,
      candidate.card,
    )
  const context: CodecContext = {
    target,
    card: candidate.card,
    chance: ports.chance,
    strict: scope.strict,
    media:
      codec.kind === 'translation' && codec.inlinesMedia === true
        ? await inlineMedia(mediaToFetch(codec, call), ports, scope, run)
        : NO_MEDIA,
    notes: ports.notes(scope.principal.tenant),
    pseudonyms: run.pseudonyms,
  }
  const upstream = encode(codec, call, context)
  return {
    provider,
    codec,
    context,
    url: entry.baseUrl + upstream.path,
    headers: {
      'content-type': 'application/json',
      'accept-encoding': endpointOf(call.endpoint).answer(call.request) === 'json' ? 'gzip' : 'identity',
      'user-agent': 'llm-gateway',
      ...upstream.headers,
      ...provider.authorize(credentialOf(ports, scope, target)),
    },
    parts: upstream.parts,
    adapted: allAdapted(call, upstream.adapted),
  }
}

function allAdapted<E extends EndpointId>(
  { adapted }: Call<E>,
  here: readonly Adaptation[],
): readonly Adaptation[] {
  return adapted === undefined ? here : [...adapted, ...here]
}

/** Whether a target takes the caller's body as it is, but for single fields. */
export function relays(ports: Ports, endpoint: EndpointId, { target, card }: RouteTarget): boolean {
  const entry = ports.registry.providers.get(target.provider)
  const codec = entry && eligibleCodec(ports.apis[entry.api], endpoint, card)
  return codec?.kind === 'passthrough'
}

const NO_MEDIA: ReadonlyMap<string, Media> = new Map()

/** The caller's own key, or the deployment's that the target names. */
export function credentialOf(ports: Ports, scope: Scope, { credential, provider }: Target): string {
  const key = scope.principal.credential ?? ports.registry.secret(credential)
  if (key === undefined) throw noCredential(provider)
  return key
}

export function noCredential(what: string): GatewayError {
  const message = `This gateway has no provider credential for '${what}'.`
  return new GatewayError('upstream_authentication_failed', message, { retry: false })
}

interface Encoded<W extends Wire> {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly parts: readonly Part<W>[]
  readonly adapted: readonly Adaptation[]
}

function encode<E extends EndpointId>(
  codec: Codec<Wires[E]>,
  call: Call<E>,
  context: CodecContext,
): Encoded<Wires[E]> {
  const { request, raw } = call
  if (codec.kind === 'translation') return translate(codec, call, context)
  const patch = codec.patch(request, context)
  const { body, contentType } = relayedBody(raw, patch, context.target)
  return {
    path: codec.path,
    headers: { 'content-type': contentType },
    parts: [{ request, body }],
    adapted: patch?.adapted ?? [],
  }
}

/** The parts of a fan-out differ in their bodies alone. */
function translate<E extends EndpointId>(
  { encode, events, fanOut }: Translation<Wires[E]>,
  { endpoint, request }: Call<E>,
  context: CodecContext,
): Encoded<Wires[E]> {
  const requests = fanOut?.split(request) ?? [request]
  const streams = endpointOf(endpoint).answer(request) === 'events'
  if (streams && (events === undefined || (requests.length > 1 && fanOut?.joinEvents === undefined))) {
    throw new GatewayError('unsupported_parameter', 'This model does not stream on this endpoint.', {
      param: 'stream',
    })
  }
  const encoded = requests.map((part) => ({ request: part, ...encode(part, context) }))
  const [first] = encoded
  if (first === undefined) throw new RangeError('A fan-out has at least one part.')
  const parts = encoded.map(({ request: part, body }) => ({ request: part, body: bodyOf(body) }))
  return { path: first.path, headers: first.headers ?? {}, parts, adapted: first.adapted }
}

/** What the provider neither gets inside the request already nor resolves by itself. */
function mediaToFetch<E extends EndpointId>(
  { readsUrl }: Translation<Wires[E]>,
  call: Call<E>,
): readonly MediaReference[] {
  return endpointOf(call.endpoint)
    .media(call.request)
    .filter(({ url }) => !/^data:/i.test(url) && readsUrl?.(url) !== true)
}

/** Fetched once for all attempts; six connections is what the runtime opens at a time. */
async function inlineMedia(
  references: readonly MediaReference[],
  ports: Ports,
  scope: Scope,
  run: Run,
): Promise<ReadonlyMap<string, Media>> {
  const wanted = references.filter(({ url }) => !run.media.has(url))
  await Promise.all(
    wanted.map(async (reference) => {
      run.media.set(reference.url, await ports.fetchMedia(reference, scope.host, run.signal))
    }),
  )
  return run.media
}
