import { responsesOverChat } from '../protocol/bridge/responses-over-chat.ts'
import type { EndpointId, Wires } from '../protocol/index.ts'
import { bridged } from './bridged.ts'
import { gemini } from './gemini/index.ts'
import { openai } from './openai/index.ts'
import type { Codec, Provider } from './provider.ts'

/** The APIs that are spoken. Adding one: one folder, one line. */
export const apis: { readonly openai: Provider; readonly gemini: Provider } = { openai, gemini }

/** Endpoints that can be served by another one of the same provider. */
const BRIDGES: { readonly [E in EndpointId]?: (provider: Provider) => Codec<Wires[E]> | undefined } = {
  responses: ({ codecs: { chat }, classify }) => chat && bridged(responsesOverChat, chat, classify),
}

/** How a provider serves an endpoint: by a codec of its own, or over a bridge; undefined if it does not. */
export function codecFor<E extends EndpointId>(provider: Provider, endpoint: E): Codec<Wires[E]> | undefined {
  return provider.codecs[endpoint] ?? BRIDGES[endpoint]?.(provider)
}
