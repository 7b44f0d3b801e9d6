import type { ServedBy } from '../protocol/endpoint.ts'
import type { EndpointId } from '../protocol/index.ts'
import type { Usage } from '../protocol/usage.ts'
import type { Adaptation, Target } from '../providers/provider.ts'

/** Everything that decides which stored answer a request may have. */
export interface Identity {
  readonly tenant: string
  readonly endpoint: EndpointId
  /** How the answer comes, where it cannot be changed into another form. */
  readonly form: Form | 'any'
  /** The route and the targets that it leads to, and what the caller asked of both. */
  readonly route: readonly string[]
  /** Raised to forget: everything, a tenant, a route. */
  readonly generation: string
  /** The request without its spelling. */
  readonly canonical: string
}
export type Form = 'json' | 'events' | 'bytes'

export interface CacheKey {
  /** Where the entry lies; says nothing of the request. The short form that answers carry. */
  readonly name: string
  readonly tenant: string
  /** The order in which this isolate was asked. */
  readonly turn: number
  /** Of the whole identity. Known to whoever holds the secret and makes the same request, and to nobody else. */
  readonly digest: Uint8Array<ArrayBuffer>
}

/** An answer as it is kept. */
export interface Entry {
  readonly form: Form
  readonly contentType: string
  /** For `events` their texts, with a NUL between two: no JSON text holds one. */
  readonly body: Uint8Array<ArrayBuffer>
  /** Unix milliseconds. KV cannot forget within a minute, so entries know themselves when they end. */
  readonly storedAt: number
  readonly freshUntil: number
  readonly target: Target
  readonly served: ServedBy
  readonly usage: Usage | undefined
  readonly adapted: readonly Adaptation[]
}

export type Defer = (work: Promise<unknown>) => void

/** Answers kept for the same request of the same tenant. Nothing on a request's way rejects: without its store there is no cache, and no error. */
export interface ResponseCache {
  readonly keyOf: (identity: Identity) => Promise<CacheKey>
  /** Fresh or not: the caller knows what it accepts. */
  readonly find: (key: CacheKey, defer: Defer) => Promise<Entry | undefined>
  /** Behind the answer, unless another request has kept one since the key was made: that one is as good. */
  readonly keep: (key: CacheKey, entry: Entry, defer: Defer) => void
  /** Forgets one entry; other isolates may serve it for up to a minute. Rejects if KV could not be told. */
  readonly remove: (name: string) => Promise<void>
}

/**
 * What is part of the key and was raised to forget what was kept before. Undefined while nobody knows what has been
 * purged: then nothing may be given out.
 */
export type GenerationOf = (tenant: string, route: string) => string | undefined

/** How often something was purged: everything, each tenant, each route. */
export interface Generations {
  readonly everything: number
  readonly tenants: Readonly<Record<string, number>>
  readonly routes: Readonly<Record<string, number>>
}

/** The part of a KV namespace that is used. */
export interface KeyValueStore {
  get(
    name: string,
    options: { readonly type: 'arrayBuffer'; readonly cacheTtl: number },
  ): Promise<ArrayBuffer | null>
  put(
    name: string,
    value: Uint8Array<ArrayBuffer>,
    options: { readonly expirationTtl: number },
  ): Promise<void>
  delete(name: string): Promise<void>
}
