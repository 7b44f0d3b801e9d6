import type { Chance } from '../../lib/chance.ts'
import type { Decoder } from '../../lib/sse.ts'
import type { Endpoint, FanOut, Wire } from '../endpoint.ts'

/** What was changed or left out, as `parameter=what`; listed in `x-gateway-adapted`. */
export type Change = `${string}=${string}`

/** What a bridge may know besides the request. */
export interface BridgeContext {
  readonly chance: Chance
  /** Refuse what cannot be honoured, instead of leaving hints out and listing them. */
  readonly strict: boolean
  /** The provider's name, the id that it knows the model by, and the name of the key it is reached with. */
  readonly target: { readonly provider: string; readonly model: string; readonly credential: string }
  /** This tenant's small notes; may forget at any time. */
  readonly notes: { get(key: string): string | undefined; set(key: string, value: string): void }
}

/** A request on its way from one endpoint to another. */
export interface Crossing<Inner extends Wire> {
  readonly request: Inner['request']
  readonly adapted: readonly Change[]
  /** A text in which the inner endpoint's names of parameters become the caller's own. */
  readonly renamed: (text: string) => string
}

/**
 * Serves one endpoint by another. All functions are pure, and none may change the request; `request` throws
 * `GatewayError` for what the inner endpoint has no place for.
 */
export interface Bridge<Outer extends Wire, Inner extends Wire> {
  /** The endpoint that serves. */
  readonly to: Endpoint<Inner>
  /** For options that the inner endpoint lacks. `single`: its codec gives one choice per call. */
  readonly fanOut?: (single: boolean) => FanOut<Outer>
  readonly request: (request: Outer['request'], context: BridgeContext) => Crossing<Inner>
  readonly response: (
    response: Inner['response'],
    request: Outer['request'],
    context: BridgeContext,
  ) => Outer['response']
  readonly events: (
    request: Outer['request'],
    context: BridgeContext,
  ) => Decoder<Inner['event'], Outer['event']>
}
