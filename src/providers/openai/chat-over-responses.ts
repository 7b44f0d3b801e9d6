import { parameterRules } from '../../catalog/parameters.ts'
import type { ModelCard } from '../../catalog/model-card.ts'
import { chatOverResponses } from '../../protocol/bridge/chat-over-responses.ts'
import type { ChatRequest, ChatWire } from '../../protocol/chat.ts'
import type { ResponsesWire } from '../../protocol/responses.ts'
import { bridged } from '../bridged.ts'
import type { Passthrough, Translation } from '../provider.ts'
import { applied } from '../relayed.ts'
import { patchChat } from './chat.ts'
import { classify } from './classify.ts'

/**
 * Chat for models that answer on Responses only, or take this request's tools only there. What the model's family
 * refuses of a chat is taken out first, as on the relay.
 */
export function overResponses(responses: Passthrough<ResponsesWire>): Translation<ChatWire> {
  const codec = bridged(chatOverResponses, responses, classify)
  return {
    ...codec,
    encode(request, context) {
      const patch = patchChat(request, context)
      const upstream = codec.encode(applied(request, patch), context)
      return { ...upstream, adapted: [...new Set([...(patch?.adapted ?? []), ...upstream.adapted])] }
    },
  }
}

/** Whether OpenAI's chat endpoint would refuse the request, and its Responses endpoint would not (openai.md 2.4). */
export function needsResponses(
  request: ChatRequest,
  { model, card }: { readonly model: string; readonly card: ModelCard | undefined },
): boolean {
  if (card !== undefined && !card.endpoints.includes('responses')) return false
  if (card !== undefined && !card.endpoints.includes('chat')) return true
  return hasTools(request) && !takesTools(request, model, card)
}

function hasTools({ tools }: ChatRequest): boolean {
  return Array.isArray(tools) && tools.length > 0
}

function takesTools(request: ChatRequest, model: string, card: ModelCard | undefined): boolean {
  const { functionTools } = parameterRules(model)
  if (functionTools !== 'effort-none') return functionTools === 'free'
  const byDefault = card?.reasoning?.kind === 'effort' ? card.reasoning.default : undefined
  return (request.reasoning_effort ?? byDefault) === 'none'
}
