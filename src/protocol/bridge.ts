import type { Decoder } from '../lib/sse.ts'
import type { Endpoint, FanOut, Wire } from './endpoint.ts'

/** Serves one endpoint by another, so that a provider needs a codec only for the latter. Pure. */
export interface Bridge<From extends Wire, To extends Wire> {
  readonly to: Endpoint<To>
  /** Throws `GatewayError` for what the other endpoint cannot honour. */
  readonly request: (request: From['request']) => To['request']
  readonly response: (response: To['response'], request: From['request']) => From['response']
  readonly events: (request: From['request']) => Decoder<To['event'], From['event']>
  /** `single`: the other endpoint's codec gives one choice per call. */
  readonly fanOut?: (single: boolean) => FanOut<From>
}
