import type { ResponsesRequest } from '../../protocol/responses.ts'
import type { CodecContext, Patch } from '../provider.ts'
import { commonChanges, patchOf } from './patch.ts'

/** A request for OpenAI's own Responses API: everything, known or not, is the caller's and stays. */
export function patchResponses(request: ResponsesRequest, context: CodecContext): Patch | undefined {
  return patchOf(commonChanges(request, context))
}
