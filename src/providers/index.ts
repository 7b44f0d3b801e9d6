import type { EndpointId, Wires } from '../protocol/index.ts'
import { gemini } from './gemini/index.ts'
import { openai } from './openai/index.ts'
import type { Codec, Provider } from './provider.ts'

/** The APIs that are spoken. Adding one: one folder, one line. */
export const apis: { readonly openai: Provider; readonly gemini: Provider } = { openai, gemini }

/** How a provider serves an endpoint; undefined if it does not. */
export function codecFor<E extends EndpointId>(provider: Provider, endpoint: E): Codec<Wires[E]> | undefined {
  return provider.codecs[endpoint]
}
