import type { ChatWire } from '../../protocol/chat.ts'
import type { ResponsesWire } from '../../protocol/responses.ts'
import type { Passthrough, Provider } from '../provider.ts'
import { allowances } from './allowances.ts'
import { patchChat } from './chat.ts'
import { needsResponses, overResponses } from './chat-over-responses.ts'
import { classify } from './classify.ts'
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
  instead: (request, about) => (needsResponses(request, about) ? bridge : undefined),
}

/** OpenAI, and every vendor that speaks its API: they differ by base URL and credential alone. */
export const openai: Provider = {
  checkPath: '/models',
  authorize: (credential) => ({ authorization: `Bearer ${credential}` }),
  codecs: { chat, responses },
  allowances,
  classify,
}
