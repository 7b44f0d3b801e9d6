import { GatewayError } from '../errors.ts'
import { patchJson } from '../lib/json-scan.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Endpoint, Wire } from '../protocol/endpoint.ts'
import { codecFor } from '../providers/index.ts'
import type { Adaptation, Codec, CodecContext, Media, Provider, Translation } from '../providers/provider.ts'
import type { Candidate } from './candidates.ts'
import type { Call, Ports, Run, Scope } from './types.ts'

/** A request in the form that one target takes, complete but for time limits. */
export interface Prepared<E extends EndpointId> {
  readonly provider: Provider
  readonly codec: Codec<Wires[E]>
  readonly context: CodecContext
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodies: readonly BodyInit[]
  readonly adapted: readonly Adaptation[]
}

/** Throws `GatewayError` if this target cannot serve the request as it is. */
export async function prepare<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  { candidate, run }: { readonly candidate: Candidate; readonly run: Run },
): Promise<Prepared<E>> {
  const { target } = candidate
  const provider = ports.providers[target.provider]
  const codec = provider && codecFor(provider, call.endpoint)
  if (provider === undefined || codec === undefined) {
    throw new GatewayError(
      'model_not_found',
      `The model '${call.request.model}' is not served on ${endpoints[call.endpoint].path}.`,
      { param: 'model', retry: false },
    )
  }
  const context: CodecContext = {
    target,
    card: candidate.card,
    chance: ports.chance,
    strict: scope.strict,
    media:
      codec.kind === 'translation' && codec.inlinesMedia === true
        ? await inlineMedia(ports, call, scope, run)
        : NO_MEDIA,
    notes: ports.notes(scope.principal.tenant),
    pseudonyms: run.pseudonyms,
  }
  const upstream = encode(codec, call, context)
  return {
    provider,
    codec,
    context,
    url: ports.baseUrl(target.provider) + upstream.path,
    headers: {
      'content-type': 'application/json',
      'accept-encoding': call.request.stream === true ? 'identity' : 'gzip',
      'user-agent': 'llm-gateway',
      ...upstream.headers,
      ...provider.authorize(credentialOf(ports, scope, target.provider)),
    },
    bodies: upstream.bodies,
    adapted: upstream.adapted,
  }
}

const NO_MEDIA: ReadonlyMap<string, Media> = new Map()

/** The caller's own key goes to the provider of its first target only: the gateway must not spread it. */
function credentialOf(ports: Ports, scope: Scope, provider: string): string {
  const credential = scope.principal.credential ?? ports.credential(provider)
  if (credential === undefined) {
    throw new GatewayError(
      'upstream_authentication_failed',
      `This gateway has no credential for the provider '${provider}'.`,
      { retry: false },
    )
  }
  return credential
}

interface Encoded {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly bodies: readonly BodyInit[]
  readonly adapted: readonly Adaptation[]
}

function encode<E extends EndpointId>(codec: Codec<Wires[E]>, call: Call<E>, context: CodecContext): Encoded {
  if (codec.kind === 'translation') return translate(codec, call.request, context)
  const patch = codec.patch(call.request, context)
  const body = patch === undefined ? call.raw.bytes : patchJson(call.raw.text, call.raw.members, patch)
  return { path: codec.path, bodies: [body], adapted: patch?.adapted ?? [] }
}

/** The parts of a fan-out differ in their bodies alone. */
function translate<W extends Wire>(
  codec: Translation<W>,
  request: W['request'],
  context: CodecContext,
): Encoded {
  const [first, ...others] = (codec.fanOut?.split(request) ?? [request]).map((part) =>
    codec.encode(part, context),
  )
  if (first === undefined) throw new RangeError('A fan-out has at least one part.')
  return { ...first, bodies: [first.body, ...others.map(({ body }) => body)] }
}

/** Fetched once for all attempts; six connections is what the runtime opens at a time. */
async function inlineMedia<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  run: Run,
): Promise<ReadonlyMap<string, Media>> {
  const endpoint: Endpoint<Wires[E]> = endpoints[call.endpoint]
  const wanted = endpoint
    .media(call.request)
    .filter(({ url }) => !url.startsWith('data:') && !run.media.has(url))
  await Promise.all(
    wanted.map(async (reference) => {
      run.media.set(reference.url, await ports.fetchMedia(reference, scope.host, run.signal))
    }),
  )
  return run.media
}
