import type { ChatWire } from '../../protocol/chat.ts'
import type { Passthrough, Provider } from '../provider.ts'
import { allowances } from './allowances.ts'
import { patchChat } from './chat.ts'
import { classify } from './classify.ts'

const chat: Passthrough<ChatWire> = { kind: 'passthrough', path: '/chat/completions', patch: patchChat }

/** OpenAI, and every vendor that speaks its API: they differ by base URL and credential alone. */
export const openai: Provider = {
  checkPath: '/models',
  authorize: (credential) => ({ authorization: `Bearer ${credential}` }),
  codecs: { chat },
  allowances,
  classify,
}
