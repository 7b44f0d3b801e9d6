import { GatewayError } from '../errors.ts'
import { patchJson } from '../lib/json-scan.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import type { MediaReference, Wire } from '../protocol/endpoint.ts'
import { codecFor } from '../providers/index.ts'
import type {
  Adaptation,
  Codec,
  CodecContext,
  Media,
  Provider,
  Target,
  Translation,
} from '../providers/provider.ts'
import type { RouteTarget } from './candidates.ts'
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
  { candidate, run }: { readonly candidate: RouteTarget; readonly run: Run },
): Promise<Prepared<E>> {
  const { target } = candidate
  const entry = ports.registry.providers.get(target.provider)
  const provider = entry && ports.apis[entry.api]
  const codec = provider && codecFor(provider, call.endpoint)
  if (entry === undefined || provider === undefined || codec === undefined) throw notServed(call)
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
    bodies: upstream.bodies,
    adapted: upstream.adapted,
  }
}

const NO_MEDIA: ReadonlyMap<string, Media> = new Map()

function notServed<E extends EndpointId>(call: Call<E>): GatewayError {
  const message = `The model '${call.request.model}' is not served on ${endpointOf(call.endpoint).path}.`
  return new GatewayError('model_not_found', message, { param: 'model', retry: false })
}

/** The caller's own key, or the deployment's that the target names. */
function credentialOf(ports: Ports, scope: Scope, { credential, provider }: Target): string {
  const key = scope.principal.credential ?? ports.registry.secret(credential)
  if (key === undefined) throw noCredential(provider)
  return key
}

export function noCredential(what: string): GatewayError {
  const message = `This gateway has no provider credential for '${what}'.`
  return new GatewayError('upstream_authentication_failed', message, { retry: false })
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
