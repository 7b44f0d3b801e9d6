import type { GenerationOf, ResponseCache } from '../cache/ports.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { PriceOf } from '../catalog/pricing.ts'
import type { ProviderEntry, Registry } from '../config/registry.ts'
import type { Config } from '../config/schema.ts'
import type { GatewayError } from '../errors.ts'
import type { Principal } from '../keys/principal.ts'
import type { Pseudonyms } from '../keys/pseudonyms.ts'
import type { Chance } from '../lib/chance.ts'
import type { Timers } from '../lib/clock.ts'
import type { Member } from '../lib/json-scan.ts'
import type { Form } from '../lib/multipart.ts'
import type { Finish } from '../lib/sse.ts'
import type { MediaReference, ServedBy } from '../protocol/endpoint.ts'
import type { EndpointId, Wires } from '../protocol/index.ts'
import type { Usage } from '../protocol/usage.ts'
import type { Failure } from '../providers/failure.ts'
import type { Permit } from '../health/admit.ts'
import type { HealthView } from '../health/view.ts'
import type { Turns } from '../router/candidate.ts'
import type { StrategyName } from '../router/strategies/index.ts'
import type { Adaptation, Media, Notes, Provider, Target } from '../providers/provider.ts'
import type { CacheAsks } from './cache/cache-asks.ts'
import type { LifecycleFacts } from './plan/candidates.ts'
import type { Spent } from './attempt/exchange.ts'
import type { Planning } from './plan/planning.ts'

/** What is true of one request from start to finish. Immutable; made by the HTTP layer, passed down. */
export interface Scope {
  readonly id: string
  readonly principal: Principal
  readonly startedAt: number
  /** Fires when the client has gone. */
  readonly signal: AbortSignal
  /** The caller's own limit for the whole request, within bounds. */
  readonly timeoutMs: number | undefined
  readonly lifecycle: Config['lifecycle']
  readonly strict: boolean
  /** What the caller asks of routing, where it may. */
  readonly strategy: StrategyName | undefined
  readonly maxCostUsd: number | undefined
  /** Requests of one session stay together where the route is sticky. */
  readonly session: string | undefined
  /** What the caller asks of the cache; undefined if nothing. */
  readonly cache: CacheAsks | undefined
  /** The host that the caller reached the gateway by. */
  readonly host: string
  /** A request header, for hooks; those that carry credentials are left out. */
  readonly header: (name: string) => string | undefined
  /** Keeps work alive behind the response. */
  readonly defer: (work: Promise<unknown>) => void
  /** Asked before anything is sent, by whoever counts; throws to refuse. Absent where nobody does. */
  readonly admit?: (intent: Intent) => Leave | Promise<Leave>
  /** The same before an answer out of the cache is given. */
  readonly admitKept?: () => Promise<void>
}

/** What a request is about to do. */
export interface Intent {
  readonly call: Call<EndpointId>
  /** Of the targets that may serve it, at the deployment's prices; undefined where nobody knows anything. */
  readonly cards: readonly (ModelCard | undefined)[]
  /** The tier that one of these gives to requests which name none. */
  readonly autoTier?: 'priority' | undefined
  /** How long it may run. */
  readonly totalMs: number
  /** The provider bills the caller's own key. */
  readonly ownKey: boolean
}
/** Leave to do it. */
export interface Leave {
  /** The most that one answer may hold: sent upstream unless the caller asked for less. */
  readonly outputTokens?: number | undefined
}

/** The caller's request, parsed once, beside the text it came in. */
export interface Call<E extends EndpointId> {
  readonly endpoint: E
  readonly request: Wires[E]['request']
  readonly raw: RawBody
  /** The targets that may serve, where an earlier request has left something at them; none: `otherwise`. */
  readonly only?: {
    readonly serves: (target: Target) => boolean
    readonly otherwise: () => GatewayError
  }
  /** What was changed before the gateway chose a target. */
  readonly adapted?: readonly Adaptation[]
  /** Set while nobody has read the body: reads it. Until then `request` is what headers say of it. */
  readonly whole?: () => Promise<Call<E>>
}
export type RawBody = JsonBody | FormBody | UnreadBody
export interface JsonBody {
  readonly kind: 'json'
  readonly text: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly members: readonly Member[]
}

export interface FormBody {
  readonly kind: 'form'
  readonly contentType: string
  readonly form: Form
}
/** Can be sent once, and no more. */
export interface UnreadBody {
  readonly kind: 'unread'
  readonly contentType: string
  readonly stream: ReadableStream<Uint8Array>
}

/** What the attempts of one request share. */
export interface Run {
  /** Unix milliseconds. */
  readonly deadline: number
  /** Fires when the client has gone or the deadline is reached. */
  readonly signal: AbortSignal
  readonly pseudonyms: Pseudonyms
  /** Media fetched so far, by URL. */
  readonly media: Map<string, Media>
}

/** One try, for the trace. */
export interface Attempted {
  readonly target: Target
  readonly permit: Permit['kind']
  readonly startedAt: number
  readonly ms: number
  readonly failure?: Failure | undefined
  /** What it used although it failed, and of which model. */
  readonly spent?: (Spent & Pick<Facts, 'card' | 'ownKey'>) | undefined
}

/** What one served request was, for the headers and the books. */
export interface Facts {
  readonly target: Target
  readonly card: ModelCard | undefined
  readonly adapted: readonly Adaptation[]
  readonly upstreamRequestId: string | undefined
  readonly served: ServedBy
  /** Known at once for an answer that is not streamed. */
  readonly usage: Usage | undefined
  /** The provider bills the caller's own key. */
  readonly ownKey?: boolean | undefined
}

/** What the cache had to do with an answer. */
export interface CacheFacts {
  /** `stale`: past its time, which the caller accepts. `bypass`: the cache was not asked. */
  readonly status: 'hit' | 'miss' | 'stale' | 'bypass'
  readonly name?: string | undefined
  /** Of a hit. */
  readonly ageSeconds?: number | undefined
  /** What a hit used when it was made, and would have used again. */
  readonly saved?: Usage | undefined
}

/** How the request ended, once its last byte has left. */
export interface Settled {
  readonly facts: Facts | undefined
  readonly attempts: readonly Attempted[]
  readonly finish: Finish | 'refused'
  readonly usage: Usage | undefined
  /** Of a stream: the tokens of the text that has passed, by its characters. */
  readonly writtenTokens?: number | undefined
  /** Of a stream of several calls that did not say what it used: what it came to, call by call. */
  readonly estimate?: Usage | undefined
  readonly error?: GatewayError | undefined
  readonly cache?: CacheFacts | undefined
  /** All of the answer, where it was JSON or the stream's last event carried it. */
  readonly answer?: object | undefined
  /** What hooks have noted, for the books. */
  readonly tags?: Tags | undefined
}
export type Tags = Readonly<Record<string, string>>

/** What the caller gets. Facts come back as values; nothing is written into a shared context. */
export type Served = {
  readonly lifecycle: LifecycleFacts
  readonly planning: Planning
  readonly cache?: CacheFacts | undefined
  /** Never rejects. */
  readonly settled: Promise<Settled>
} & (
  | {
      readonly kind: 'answer'
      readonly contentType: string
      readonly body: string | Uint8Array | ReadableStream<Uint8Array>
      readonly facts: Facts
      readonly attempts: readonly Attempted[]
    }
  /** The headers had to go out before anything was decided: who serves is not known yet. */
  | { readonly kind: 'early'; readonly contentType: string; readonly body: ReadableStream<Uint8Array> }
  | { readonly kind: 'refused'; readonly error: GatewayError; readonly attempts: readonly Attempted[] }
)

/** Nobody served. */
export type Refused = Extract<Served, { readonly kind: 'refused' }>

/** Everything the orchestration reaches the world by. */
export interface Ports {
  readonly config: Config
  /** Undefined without a `GATEWAY_SECRET`. */
  readonly cache: ResponseCache | undefined
  readonly generationOf: GenerationOf
  readonly chance: Chance
  readonly timers: Timers
  readonly fetch: (request: Request) => Promise<Response>
  readonly health: HealthView
  readonly priceOf: PriceOf
  /** Where smooth round robin keeps its place. */
  readonly turns: Turns
  /** The providers of this deployment, and their keys. */
  readonly registry: Registry
  /** How each API is spoken. */
  readonly apis: Readonly<Record<ProviderEntry['api'], Provider>>
  readonly fetchMedia: (reference: MediaReference, host: string, signal: AbortSignal) => Promise<Media>
  readonly checkMedia: (reference: MediaReference, host: string) => void
  readonly notes: (tenant: string) => Notes
  readonly pseudonyms: (principal: Principal, request: object) => Promise<Pseudonyms>
}
export type Gateway = <E extends EndpointId>(call: Call<E>, scope: Scope) => Promise<Served>
