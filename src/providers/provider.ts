import type { ModelCard } from '../catalog/model-card.ts'
import type { Chance } from '../lib/chance.ts'
import type { Chunks } from '../lib/chunks.ts'
import type { Decoder } from '../lib/sse.ts'
import type { FanOut, Wire } from '../protocol/endpoint.ts'
import type { EndpointId, Wires } from '../protocol/index.ts'
import type { Failure } from './failure.ts'

/** One upstream that may serve a request: a model at a provider, reached with one credential. */
export interface Target {
  /** `provider/model`, e.g. `gemini/gemini-2.5-flash`. */
  readonly id: string
  readonly provider: string
  /** The id that the provider knows. */
  readonly model: string
  /** Name of the key it is reached with; never the key. */
  readonly credential: string
}

/** Bytes that the gateway fetched for a URL in the request. */
export interface Media {
  readonly mimeType: string
  /** Standard base64, no prefix. */
  readonly data: string
}

/** This tenant's small notes in this isolate's memory; bounded, may forget at any time. */
export interface Notes {
  get(key: string): string | undefined
  set(key: string, value: string): void
}

/** What a codec may know besides the request. Everything here is plain data or injected. */
export interface CodecContext {
  readonly target: Target
  readonly card: ModelCard | undefined
  readonly chance: Chance
  /** Refuse what cannot be honoured, instead of leaving hints out and listing them. */
  readonly strict: boolean
  /** Fetched media by the URL that the request gave. */
  readonly media: ReadonlyMap<string, Media>
  readonly notes: Notes
  /** Values that must replace the caller's in fields which identify an end user (design: several tenants, one credential). */
  readonly pseudonyms: Readonly<Record<string, string | undefined>>
}

/**
 * What the translator or the relay changed or left out, as `parameter=what`, e.g. `store=dropped`,
 * `max_tokens=renamed`. Listed in `x-gateway-adapted`.
 */
export type Adaptation = `${string}=${string}`

/** What to send, before the shell adds origin, credentials and deadline. */
export interface Upstream {
  readonly path: `/${string}`
  readonly body: string | Chunks
  readonly headers?: Readonly<Record<string, string>>
  readonly adapted: readonly Adaptation[]
}

/** Top-level members of the caller's body to set or to take out; the rest of the text stays as it came. */
export interface Patch {
  readonly set: Readonly<Record<string, unknown>>
  readonly drop: readonly string[]
  readonly adapted: readonly Adaptation[]
}

/** Whether a model of the catalog is served, where its own list of endpoints does not say so. */
type Serves = (card: ModelCard) => boolean

interface Chooser<W extends Wire> {
  /** Another codec of the same provider, for the requests that this one cannot serve. */
  readonly instead?: (
    request: W['request'],
    about: { readonly model: string; readonly card: ModelCard | undefined },
  ) => Codec<W> | undefined
}

/** The upstream already speaks OpenAI: bytes are relayed, and only read. */
export interface Passthrough<W extends Wire> extends Chooser<W> {
  readonly kind: 'passthrough'
  readonly path: `/${string}`
  /** `undefined` sends the caller's own bytes. */
  readonly patch: (request: W['request'], context: CodecContext) => Patch | undefined
  readonly serves?: Serves
}

/** The upstream speaks its own format. All functions are pure, and none may change the request. */
export interface Translation<W extends Wire> extends Chooser<W> {
  readonly kind: 'translation'
  /** Throws `GatewayError` for what cannot be honoured. */
  readonly encode: (request: W['request'], context: CodecContext) => Upstream
  /** Throws `UpstreamFailure` when a 200 answer is none. */
  readonly decode: (body: unknown, request: W['request'], context: CodecContext) => W['response']
  readonly events?: (request: W['request'], context: CodecContext) => Decoder<string, W['event']>
  readonly fanOut?: FanOut<W>
  /** Media URLs are fetched by the gateway and handed over in `context.media`. */
  readonly inlinesMedia?: true
  /** URLs that the provider resolves itself: they go to `encode` as they are, not fetched. */
  readonly readsUrl?: (url: string) => boolean
  readonly serves?: Serves
  /** `decode` passes the long strings of an answer on, whole, and never reads them: they need not be in memory twice. */
  readonly passesLongStrings?: true
}
export type Codec<W extends Wire> = Passthrough<W> | Translation<W>

/** What a successful answer says about one resource of a credential. */
export interface Allowance {
  readonly limit: number
  readonly remaining: number
  readonly resetMs: number
}

/** How a provider holds sessions over a WebSocket; one that speaks another protocol would be a second kind. */
export interface SocketRelay {
  readonly kind: 'relay'
  readonly path: `/${string}`
}

export interface Provider {
  /** Absent: it has no sessions. */
  readonly realtime?: SocketRelay
  /** Lists models for free: proves address, edge and credential, though not inference. */
  readonly checkPath: `/${string}`
  readonly authorize: (credential: string) => Readonly<Record<string, string>>
  /** A missing endpoint is a missing capability; there is no flag to forget. */
  readonly codecs: { readonly [E in EndpointId]?: Codec<Wires[E]> }
  /** Reads what is left of the rate limits, for providers that say so. */
  readonly allowances?: (headers: Headers) => readonly Allowance[]
  /** Reads the tier that really served, in OpenAI's word, for providers that say it in a header. */
  readonly servedTier?: (headers: Headers) => string | undefined
  /** Whether what is asked for at this host is processed in a region, where that has a price of its own. */
  readonly isRegional?: (hostname: string) => boolean
  /** When daily quotas, which are counted per model, return; absent: a spent quota is the credential's, until further notice. */
  readonly dailyReset?: 'pacific'
  /** Reads an error answer. `body` is parsed JSON, or the text where it is none. */
  readonly classify: (status: number, headers: Headers, body: unknown) => Failure
}

/** Erases an adapter's private wire types, once, so that no other file needs a cast. */
export function translation<W extends Wire, Body, Event = Body>(codec: {
  readonly encode: (request: W['request'], context: CodecContext) => Upstream
  readonly decode: (body: Body, request: W['request'], context: CodecContext) => W['response']
  readonly events?: (request: W['request'], context: CodecContext) => Decoder<Event, W['event']>
  readonly fanOut?: FanOut<W>
  readonly inlinesMedia?: true
  readonly readsUrl?: (url: string) => boolean
  readonly serves?: Serves
  readonly passesLongStrings?: true
}): Translation<W> {
  const { encode, decode, events, fanOut, inlinesMedia, readsUrl, serves, passesLongStrings } = codec
  return {
    kind: 'translation',
    encode,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a foreign answer gets its type
    decode: (body, request, context) => decode(body as Body, request, context),
    ...(events && { events: (request, context) => overJson(events(request, context)) }),
    ...(fanOut && { fanOut }),
    ...(inlinesMedia && { inlinesMedia }),
    ...(readsUrl && { readsUrl }),
    ...(serves && { serves }),
    ...(passesLongStrings && { passesLongStrings }),
  }
}
function overJson<In, Out>(inner: Decoder<In, Out>): Decoder<string, Out> {
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see translation()
    push: (data, emit) => inner.push(JSON.parse(data) as In, emit),
    end: (emit) => inner.end(emit),
  }
}
