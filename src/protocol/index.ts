import type { ChatWire } from './chat.ts'
import { chat } from './chat-endpoint.ts'
import type { Endpoint } from './endpoint.ts'

/** Adding an endpoint: one file, and one line in each of the two tables. */
export interface Wires {
  chat: ChatWire
}
export type EndpointId = keyof Wires
export const endpoints: { readonly [E in EndpointId]: Endpoint<Wires[E]> } = { chat }

/** The row of one endpoint. */
export function endpointOf<E extends EndpointId>(id: E): Endpoint<Wires[E]> {
  return endpoints[id]
}
