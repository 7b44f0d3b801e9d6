import { openEnvelope } from '../../protocol/bridge/envelope.ts'
import { isOwnResponse } from '../../protocol/bridge/response-shell.ts'
import { isRecord } from '../../protocol/guards.ts'
import type { ResponsesRequest } from '../../protocol/responses.ts'
import type { CodecContext, Patch } from '../provider.ts'
import { commonChanges, patchOf } from './patch.ts'

/**
 * A request for OpenAI's own Responses API: everything, known or not, is the caller's and stays, but for what a
 * bridge of ours wrote. Its thoughts nobody else can read, and the response that it goes on from OpenAI does not
 * know: `input` holds all that came before.
 */
export function patchResponses(request: ResponsesRequest, context: CodecContext): Patch | undefined {
  const changes = commonChanges(request, context)
  const { input, previous_response_id: previous } = request
  const own = typeof previous === 'string' && isOwnResponse(previous)
  const sealed = Array.isArray(input) && input.some(isSealed)
  if (own) changes.drop.push('previous_response_id')
  if (own || sealed)
    changes.set['input'] = Array.isArray(input) ? input.filter((item) => !isSealed(item)) : input
  if (own) changes.adapted.push('previous_response_id=replayed')
  if (sealed) changes.adapted.push('input.reasoning=dropped')
  return patchOf(changes)
}

function isSealed(item: unknown): boolean {
  return (
    isRecord(item) && item['type'] === 'reasoning' && openEnvelope(item['encrypted_content']) !== undefined
  )
}
