import type { ChatWire } from '../../protocol/chat.ts'
import type { ResponsesWire } from '../../protocol/responses.ts'
import type { Passthrough, Provider } from '../provider.ts'
import { allowances } from './allowances.ts'
import { patchChat } from './chat.ts'
import type { EmbeddingsWire } from '../../protocol/embeddings.ts'
import type { ImagesWire } from '../../protocol/images.ts'
import type { SpeechWire } from '../../protocol/speech.ts'
import type { TranscriptionWire } from '../../protocol/transcriptions.ts'
import type { ModerationsWire } from '../../protocol/moderations.ts'
import { needsResponses, overResponses } from './chat-over-responses.ts'
import { classify } from './classify.ts'
import { clientSecrets } from './client-secrets.ts'
import { relayed } from './relayed.ts'
import { patchResponses } from './responses.ts'

const responses: Passthrough<ResponsesWire> = {
  kind: 'passthrough',
  path: '/responses',
  patch: patchResponses,
}
const bridge = overResponses(responses)
const chat: Passthrough<ChatWire> = {
  kind: 'passthrough',
  path: '/chat/completions',
  patch: patchChat,
  serves: ({ endpoints }) => endpoints.includes('chat') || endpoints.includes('responses'),
  instead: (request, about) => (needsResponses(request, about) ? bridge : undefined),
}

/** Where a project with data residency is served: `eu.api.openai.com` (catalog.md 10, rule 8). */
const REGIONAL = /^[a-z]{2}\.api\.openai\.com$/

/** OpenAI, and every vendor that speaks its API: they differ by base URL and credential alone. */
export const openai: Provider = {
  checkPath: '/models',
  authorize: (credential) => ({ authorization: `Bearer ${credential}` }),
  codecs: {
    chat,
    responses,
    embeddings: relayed<EmbeddingsWire>('/embeddings'),
    moderations: relayed<ModerationsWire>('/moderations'),
    images: relayed<ImagesWire>('/images/generations'),
    speech: relayed<SpeechWire>('/audio/speech'),
    transcriptions: relayed<TranscriptionWire>('/audio/transcriptions'),
    translations: relayed<TranscriptionWire>('/audio/translations'),
    clientSecrets,
  },
  realtime: { kind: 'relay', path: '/realtime' },
  isRegional: (hostname) => REGIONAL.test(hostname),
  allowances,
  classify,
}
