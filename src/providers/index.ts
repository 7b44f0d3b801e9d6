import { responsesOverChat } from '../protocol/bridge/responses-over-chat.ts'
import { completionsOverChat } from '../protocol/completions-over-chat.ts'
import type { EndpointId, Wires } from '../protocol/index.ts'
import { bridged } from './bridged.ts'
import { gemini } from './gemini/index.ts'
import { openai } from './openai/index.ts'
import type { Codec, Provider } from './provider.ts'

/** The APIs that are spoken. Adding one: one folder, one line. */
export const apis: { readonly openai: Provider; readonly gemini: Provider } = { openai, gemini }

/** Endpoints that a provider serves by its codec for another. */
const BRIDGES: { readonly [E in EndpointId]?: (provider: Provider) => Codec<Wires[E]> | undefined } = {
  responses: ({ codecs: { chat }, classify }) => chat && bridged(responsesOverChat, chat, classify),
  completions: ({ codecs: { chat }, classify }) => chat && bridged(completionsOverChat, chat, classify),
}

/** How a provider serves an endpoint: its own codec, or else a bridged one; undefined if it does not. */
export function codecFor<E extends EndpointId>(provider: Provider, endpoint: E): Codec<Wires[E]> | undefined {
  return provider.codecs[endpoint] ?? BRIDGES[endpoint]?.(provider)
}
