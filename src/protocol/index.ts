import type { ChatWire } from './chat.ts'

/** Adding an endpoint: one file, and one line in each of the two tables. */
export interface Wires {
  chat: ChatWire
}
export type EndpointId = keyof Wires
