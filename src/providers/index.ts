import type { EndpointId, Wires } from '../protocol/index.ts'
import { gemini } from './gemini/index.ts'
import { openai } from './openai/index.ts'
import type { Codec, Provider } from './provider.ts'

/** Adding a provider: one folder, one line. */
export const providers: Readonly<Record<string, Provider>> = { openai, gemini }

/** How a provider serves an endpoint; undefined if it does not. */
export function codecFor<E extends EndpointId>(provider: Provider, endpoint: E): Codec<Wires[E]> | undefined {
  return provider.codecs[endpoint]
}
