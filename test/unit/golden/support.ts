import { cardOrFamily } from '../../../src/catalog/family.ts'
import { GatewayError } from '../../../src/errors.ts'
import { fromBase64, toBase64 } from '../../../src/lib/base64.ts'
import { ByteList } from '../../../src/lib/byte-list.ts'
import { chunksOf } from '../../../src/lib/chunks.ts'
import { endpointOf, type EndpointId, type Wires } from '../../../src/protocol/index.ts'
import type { Upload } from '../../../src/protocol/upload.ts'
import { UpstreamFailure } from '../../../src/providers/failure.ts'
import { apis, codecFor } from '../../../src/providers/index.ts'
import type { CodecContext, Translation } from '../../../src/providers/provider.ts'
import { contextFor } from '../gemini/support.ts'

/** An exchange on one endpoint: what the caller sends and, where it comes to that, what the provider answers. */
export interface Given<E extends EndpointId = EndpointId> {
  readonly title: string
  readonly endpoint: E
  readonly api: keyof typeof apis
  /** The provider's id of the model. */
  readonly model: string
  readonly request: Record<string, unknown>
  /** The file of a form, in base64. */
  readonly file?: string
  readonly response?: unknown
  readonly events?: readonly unknown[]
}
/** What must become of it. */
export interface Expected {
  readonly upstream?: {
    readonly path: string
    readonly bodies: readonly unknown[]
    readonly adapted: unknown
  }
  readonly answer?: unknown
  /** As it goes over the wire, where that is no JSON. */
  readonly sent?: { readonly contentType: string; readonly bytes: string }
  readonly usage?: unknown
  readonly streamed?: readonly unknown[]
  readonly refused?: unknown
  readonly failure?: string
}

/** Runs an exchange through its codec, as the gateway would. */
export function exchange(given: Given): Expected {
  try {
    return jsonOf(run(given, given.endpoint))
  } catch (thrown) {
    if (thrown instanceof GatewayError) return jsonOf({ refused: thrown.toBody().error })
    throw thrown
  }
}

function run<E extends EndpointId>(given: Given<E>, id: E): Expected {
  const { api, model } = given
  const target = { id: `${api}/${model}`, provider: api, model, credential: 'KEY' }
  const context = contextFor({ target, card: cardOrFamily(model) })
  const endpoint = endpointOf(id)
  const request = requestOf(given, id)
  endpoint.check(request)
  const codec = translationFor(given, id, request, context)
  const parts = codec.fanOut?.split(request) ?? [request]
  const encoded = parts.map((part) => codec.encode(part, context))
  const upstream = {
    path: encoded[0]?.path ?? '',
    bodies: encoded.map(({ body }) => JSON.parse(typeof body === 'string' ? body : textOf(body)) as unknown),
    adapted: encoded[0]?.adapted,
  }
  if (given.response === undefined && given.events === undefined) return { upstream }
  try {
    return {
      upstream,
      ...(given.events === undefined
        ? whole(given, id, { codec, request, context })
        : { streamed: streamed(given.events, codec, request, context) }),
    }
  } catch (thrown) {
    if (thrown instanceof UpstreamFailure) return { upstream, failure: thrown.failure.kind }
    throw thrown
  }
}

function whole<E extends EndpointId>(
  { response }: Given,
  id: E,
  {
    codec,
    request,
    context,
  }: { codec: Translation<Wires[E]>; request: Wires[E]['request']; context: CodecContext },
): Expected {
  const endpoint = endpointOf(id)
  const answer = codec.decode(response, request, context)
  const sends = endpoint.answer(request) === 'bytes' ? endpoint.bytesOf(answer, request) : undefined
  if (sends !== undefined && !(sends.bytes instanceof Uint8Array)) throw new TypeError('Made in one piece.')
  return {
    answer,
    usage: endpoint.usage(answer),
    ...(sends && { sent: { contentType: sends.contentType, bytes: toBase64(sends.bytes as Uint8Array) } }),
  }
}

function streamed<E extends EndpointId>(
  events: readonly unknown[],
  codec: Translation<Wires[E]>,
  request: Wires[E]['request'],
  context: CodecContext,
): readonly unknown[] {
  const out: unknown[] = []
  const decoder = codec.events?.(request, context)
  if (decoder === undefined) throw new TypeError('No stream.')
  for (const event of events) decoder.push(JSON.stringify(event), (each) => out.push(each))
  decoder.end((each) => out.push(each))
  return out
}

/** The endpoint's own schema reads the request, so that a fixture is one that could have come in. */
function requestOf<E extends EndpointId>({ request, file }: Given, id: E): Wires[E]['request'] {
  const bytes = fromBase64(file ?? '')
  const upload: Upload = {
    filename: 'sound',
    head: bytes.slice(0, 64),
    content: chunksOf(new ByteList([bytes]), 0, bytes.byteLength),
  }
  return endpointOf(id).envelope.parse(file === undefined ? request : { ...request, file: upload })
}

function translationFor<E extends EndpointId>(
  { api, model }: Given,
  id: E,
  request: Wires[E]['request'],
  { card }: CodecContext,
): Translation<Wires[E]> {
  const codec = codecFor(apis[api], id)
  const chosen = codec?.instead?.(request, { model, card }) ?? codec
  if (chosen?.kind !== 'translation') throw new TypeError(`'${id}' is not translated for ${api}.`)
  return chosen
}

/** Piece by piece: each may be a view of the same buffer. */
function textOf(body: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder()
  let text = ''
  for (const piece of body) text += decoder.decode(piece, { stream: true })
  return text + decoder.decode()
}

/** As the bytes will be: without the members that are undefined, and bytes in base64. */
function jsonOf(value: Expected): Expected {
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? toBase64(each) : each)),
  ) as Expected
}
