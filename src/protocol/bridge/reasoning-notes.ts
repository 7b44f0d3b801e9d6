import { isRecord } from '../guards.ts'
import type { JsonObject } from '../read.ts'
import type { BridgeContext } from './bridge.ts'

/**
 * Chat messages have no place for OpenAI's encrypted reasoning, so what led to a call is remembered by the call's id
 * (openai.md 2.4). Only the account and the model that made it can read it. Forgetting it costs quality, no more.
 */
export function rememberReasoning(
  context: BridgeContext,
  callId: string,
  items: readonly JsonObject[],
): void {
  if (items.length > 0) context.notes.set(keyOf(context, callId), JSON.stringify(items))
}

export function recallReasoning(context: BridgeContext, callId: string): readonly JsonObject[] {
  const noted = context.notes.get(keyOf(context, callId))
  const items: unknown = noted === undefined ? [] : JSON.parse(noted)
  return Array.isArray(items) ? items.filter(isRecord) : []
}

function keyOf({ target }: BridgeContext, callId: string): string {
  return ['reasoning', target.provider, target.credential, target.model, callId].join(' ')
}
