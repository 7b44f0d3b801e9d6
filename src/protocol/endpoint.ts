import type { Usage } from './usage.ts'

/** What travels on one endpoint, in OpenAI's own shapes. */
export interface Wire {
  readonly request: { readonly model: string; readonly stream?: boolean | null | undefined }
  readonly response: object
  readonly event: object
}

/** What a request needs from the model that serves it. */
export type Feature = 'tools' | 'vision' | 'audio' | 'json_schema' | 'reasoning'

/** A URL or inline medium in a request, with the path that names it in an error. */
export interface MediaReference {
  readonly url: string
  readonly param: string
}

/**
 * Reads one canonical stream as it passes to the client, whoever serves it.
 * `see` throws `UpstreamStreamError` for an in-band error or an event that is not of this endpoint.
 */
export interface Observer<Event> {
  see(event: Event): void
  /** A meaningful event has passed (resilience.md 3.1): from here on the stream is committed. */
  readonly started: boolean
  /** The stream said that it was over: every choice has its finish reason. */
  readonly complete: boolean
  readonly usage: Usage | undefined
}

/** What the gateway needs to know about an endpoint, whoever serves it. */
export interface Endpoint<W extends Wire> {
  readonly path: `/${string}`
  /** The catalog's name for it. */
  readonly capability: string
  /** Checks what every provider needs checked, beyond the envelope's schema; throws `GatewayError`. */
  check(request: W['request']): void
  features(request: W['request']): ReadonlySet<Feature>
  media(request: W['request']): readonly MediaReference[]
  usage(response: W['response']): Usage | undefined
  observe(request: W['request']): Observer<W['event']>
}
