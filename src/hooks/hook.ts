import type { Settled, Tags } from '../gateway/types.ts'
import type { EndpointId, Wires } from '../protocol/index.ts'
import type { SessionRequest } from '../protocol/realtime.ts'

/** What a hook knows of a request besides its body. */
export interface About {
  readonly id: string
  /** `realtime`: the handshake of a session, or the offer of a call. */
  readonly endpoint: EndpointId | 'realtime'
  readonly tenant: string
  readonly keyId: string
  /** A request header; those that carry credentials are never shown. */
  readonly header: (name: string) => string | undefined
}
type Maybe<T> = T | undefined
type Sooner<T> = Maybe<T> | Promise<Maybe<T>>

/**
 * Ordinary functions around the gateway; each is optional. They see typed data, never bytes. What runs before the
 * request may refuse it by throwing a `GatewayError`; what runs after it is behind the answer and may only annotate.
 */
export interface Hook {
  readonly name: string
  /** A request of any endpoint; a realtime session is asked about once, before it is opened. Returns tags. */
  readonly request?: (request: Wires[EndpointId]['request'] | SessionRequest, about: About) => Sooner<Tags>
  /** A request of one endpoint. Returns the request to serve in its place; it is written anew for the upstream. Not uploads. */
  readonly rewrite?: {
    readonly [E in EndpointId]?: (request: Wires[E]['request'], about: About) => Sooner<Wires[E]['request']>
  }
  /** A whole answer of one endpoint, where there is one. Returns tags. */
  readonly answer?: {
    readonly [E in EndpointId]?: (response: Wires[E]['response'], about: About) => Maybe<Tags>
  }
  /** How any request ended: who served it, what it used, what was tried. Returns tags. */
  readonly settled?: (settled: Settled, about: About) => Maybe<Tags>
}
