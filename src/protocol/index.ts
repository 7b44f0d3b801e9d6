import type { ChatWire } from './chat.ts'
import { chat } from './chat-endpoint.ts'
import { type ClientSecretWire, clientSecrets } from './client-secrets.ts'
import { completions, type CompletionsWire } from './completions.ts'
import { embeddings, type EmbeddingsWire } from './embeddings.ts'
import type { Endpoint } from './endpoint.ts'
import { images, type ImagesWire } from './images.ts'
import { moderations, type ModerationsWire } from './moderations.ts'

import type { ResponsesWire } from './responses.ts'
import { responses } from './responses-endpoint.ts'
import { speech, type SpeechWire } from './speech.ts'
import { type TranscriptionWire, transcriptions, translations } from './transcriptions.ts'

/** Adding an endpoint: one file, and one line in each of the two tables. */
export interface Wires {
  chat: ChatWire
  responses: ResponsesWire
  completions: CompletionsWire
  embeddings: EmbeddingsWire
  moderations: ModerationsWire
  images: ImagesWire
  speech: SpeechWire
  transcriptions: TranscriptionWire
  translations: TranscriptionWire
  clientSecrets: ClientSecretWire
}
export type EndpointId = keyof Wires
export const endpoints: { readonly [E in EndpointId]: Endpoint<Wires[E]> } = {
  chat,
  responses,
  completions,
  embeddings,
  moderations,
  images,
  speech,
  transcriptions,
  translations,
  clientSecrets,
}

export function isEndpointId(name: string): name is EndpointId {
  return Object.hasOwn(endpoints, name)
}

/** The row of one endpoint. */
export function endpointOf<E extends EndpointId>(id: E): Endpoint<Wires[E]> {
  return endpoints[id]
}
