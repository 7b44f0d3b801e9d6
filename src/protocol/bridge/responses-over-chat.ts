import type { Decoder } from '../../lib/sse.ts'
import type {
  AssistantMessage,
  ChatChunk,
  ChatCompletion,
  ChatDelta,
  ChatWire,
  FinishReason,
  ToolCallDelta,
} from '../chat.ts'
import { chat } from '../chat-endpoint.ts'
import type { ResponseObject, ResponsesEvent, ResponsesRequest, ResponsesWire } from '../responses.ts'
import type { Bridge, BridgeContext } from './bridge.ts'
import { type Outcome, type ResponseWriter, writeResponse } from './response-writer.ts'
import { toChatRequest } from './responses-request.ts'

/** `/v1/responses` for everybody who has `/v1/chat/completions` (openai.md 3.10). */
export const responsesOverChat: Bridge<ResponsesWire, ChatWire> = {
  to: chat,
  request: toChatRequest,
  response: fromCompletion,
  events: fromChunks,
}

function fromCompletion(
  completion: ChatCompletion,
  request: ResponsesRequest,
  context: BridgeContext,
): ResponseObject {
  const writer = writeResponse(request, context, completion.created, () => undefined)
  const [choice] = completion.choices
  for (const delta of choice === undefined ? [] : deltasOf(choice.message)) writer.delta(delta)
  return writer.end(outcomeOf(completion, choice?.finish_reason ?? 'stop', completion.usage))
}

/** Whatever must come back with the message stands before it, with the thoughts. */
function deltasOf(message: AssistantMessage): readonly ChatDelta[] {
  const { reasoning_content, extra_content, content, refusal, annotations, images, tool_calls } = message
  const calls: ToolCallDelta[] = []
  for (const call of tool_calls ?? []) {
    if (!('function' in call)) continue
    const { extra_content: extra, ...rest } = call
    calls.push({ ...rest, index: calls.length, ...(extra && { extra_content: extra }) })
  }
  return [
    { ...(reasoning_content !== undefined && { reasoning_content }) },
    { ...(extra_content !== undefined && { extra_content }) },
    { content, refusal, ...(annotations && { annotations }), ...(images && { images }) },
    { tool_calls: calls },
  ]
}

function outcomeOf(
  { service_tier: tier, model_version: modelVersion }: ChatCompletion | ChatChunk,
  finish: FinishReason,
  usage: Outcome['usage'],
): Outcome {
  return { finish, usage, tier, modelVersion }
}

/** Emits no end for a stream that gave no reason to finish: it was cut short, and whoever watches it says so. */
function fromChunks(request: ResponsesRequest, context: BridgeContext): Decoder<ChatChunk, ResponsesEvent> {
  let out: (event: ResponsesEvent) => void = () => undefined
  let writer: ResponseWriter | undefined
  let finish: FinishReason | undefined
  let last: ChatChunk | undefined
  let usage: Outcome['usage']
  return {
    push(chunk, emit) {
      out = emit
      last = chunk
      usage = chunk.usage ?? usage
      writer ??= writeResponse(request, context, chunk.created, (event) => out(event))
      for (const choice of chunk.choices) {
        if (choice.index !== 0) continue
        writer.delta(choice.delta)
        finish = choice.finish_reason ?? finish
      }
    },
    end(emit) {
      out = emit
      if (finish !== undefined && last !== undefined) writer?.end(outcomeOf(last, finish, usage))
    },
  }
}
