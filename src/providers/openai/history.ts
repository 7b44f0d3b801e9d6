import type { ChatMessage, ChatRequest } from '../../protocol/chat.ts'
import { isRecord } from '../../protocol/guards.ts'

/**
 * The messages without the thought signatures that this gateway's own answers carry, marked with their maker: a
 * history that began at Gemini goes on at a server which may refuse fields it does not know. Undefined if there
 * are none; what others have written stays.
 */
export function withoutSignatures(messages: ChatRequest['messages']): ChatRequest['messages'] | undefined {
  if (!messages.some(isSigned)) return undefined
  return messages.map((message) => (isSigned(message) ? unsigned(message) : message))
}

/** Tolerates any shape: a relayed message tree has been validated by nobody. */
function isSigned(message: unknown): boolean {
  return isMarked(message) || (isRecord(message) && listOf(message['tool_calls']).some(isMarked))
}
function isMarked(carrier: unknown): boolean {
  const extra = isRecord(carrier) ? carrier['extra_content'] : undefined
  const google = isRecord(extra) ? extra['google'] : undefined
  return isRecord(google) && google['thought_signature_model'] !== undefined
}

function unsigned(message: ChatMessage): ChatMessage {
  const calls = message.tool_calls
  return {
    ...withoutMark(message),
    ...(Array.isArray(calls) && { tool_calls: calls.map((call) => withoutMark(call)) }),
  }
}
function withoutMark<T extends object>(carrier: T): T {
  return isMarked(carrier) ? { ...carrier, extra_content: undefined } : carrier
}
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
