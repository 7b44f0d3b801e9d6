import type { ChatDelta, ChatUsage, ExtraContent, FinishReason } from '../chat.ts'
import type { ResponseObject, ResponsesEvent, ResponsesRequest } from '../responses.ts'
import type { BridgeContext } from './bridge.ts'
import { addDelta, closeBody, createBody, type Google } from './response-body.ts'
import { beginResponse, toResponsesUsage } from './response-shell.ts'
import { numbered } from './response-stage.ts'

/** What is known of an answer at its end. */
export interface Outcome {
  readonly finish: FinishReason
  readonly usage: ChatUsage | null | undefined
  readonly tier: string | null | undefined
  readonly modelVersion: string | undefined
}

/** Makes a response and its events out of a chat answer's deltas; a whole answer is a few of them. */
export interface ResponseWriter {
  delta(delta: ChatDelta): void
  end(outcome: Outcome): ResponseObject
}

/** `created` is in seconds. The first two events go out at once. */
export function writeResponse(
  request: ResponsesRequest,
  context: BridgeContext,
  created: number,
  emit: (event: ResponsesEvent) => void,
): ResponseWriter {
  const send = numbered(emit)
  const body = createBody(request, context, send)
  const response = beginResponse(request, context, created)
  send('response.created', { response })
  send('response.in_progress', { response })
  return {
    delta: (delta) => addDelta(body, delta),
    end({ finish, usage, tier, modelVersion }) {
      const reason = INCOMPLETE[finish]
      const status = reason === undefined ? 'completed' : 'incomplete'
      closeBody(body, status)
      const whole: ResponseObject = {
        ...response,
        status,
        completed_at: reason === undefined ? Math.floor(context.chance.now() / 1_000) : null,
        incomplete_details: reason === undefined ? null : { reason },
        output: [...body.stage.items],
        usage: toResponsesUsage(usage),
        ...(tier && { service_tier: tier }),
        ...(modelVersion !== undefined && { model_version: modelVersion }),
        ...continuation(body.google),
      }
      send(`response.${status}`, { response: whole })
      return whole
    },
  }
}

const INCOMPLETE: Readonly<Partial<Record<FinishReason, string>>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
}

/** To go on with an answer that ended at the length of one (gemini.md 3.7). */
function continuation(google: Google | undefined): { readonly extra_content?: ExtraContent } {
  const token = google?.continuation_token
  return token === undefined ? {} : { extra_content: { google: { continuation_token: token } } }
}
