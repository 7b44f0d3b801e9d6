import type { Decoder } from '../../lib/sse.ts'
import type {
  AssistantMessage,
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  ChatWire,
  UrlCitation,
} from '../chat.ts'
import { chatFanOut } from '../chat-fan-out.ts'
import type { JsonObject } from '../read.ts'
import type { ResponseObject, ResponsesEvent, ResponsesWire } from '../responses.ts'
import { responses } from '../responses-endpoint.ts'
import type { Bridge, BridgeContext } from './bridge.ts'
import { callOf, chatId, chatUsage, citationOf, finishOf, recordsIn, textIn } from './chat-answer.ts'
import { chatChunks } from './chat-chunks.ts'
import { toResponsesRequest, wantsThoughts } from './chat-request.ts'
import { rememberReasoning } from './reasoning-notes.ts'

/** Chat completions of models that only exist on Responses, or take their tools only there (openai.md 2.4, 2.10). */
export const chatOverResponses: Bridge<ChatWire, ResponsesWire> = {
  to: responses,
  fanOut: () => chatFanOut,
  request: toResponsesRequest,
  response: toCompletion,
  events,
}

function toCompletion(
  response: ResponseObject,
  request: ChatRequest,
  context: BridgeContext,
): ChatCompletion {
  const items = recordsIn(response.output)
  noteReasoning(items, context)
  const message = messageOf(items, request)
  const logprobs =
    request.logprobs === true ? partsOf(items).flatMap((part) => recordsIn(part['logprobs'])) : []
  return {
    id: chatId(response.id),
    object: 'chat.completion',
    created: response.created_at,
    model: response.model,
    choices: [
      {
        index: 0,
        message,
        logprobs: logprobs.length === 0 ? null : { content: logprobs, refusal: null },
        finish_reason: finishOf(response, message.tool_calls?.length ?? 0),
      },
    ],
    usage: chatUsage(response),
    ...(response.service_tier && { service_tier: response.service_tier }),
  }
}

function messageOf(items: readonly JsonObject[], request: ChatRequest): AssistantMessage {
  const calls = items.map(callOf).filter((call) => call !== undefined)
  const refusals = partsOf(items).map((part) => textIn(part['refusal']))
  const thoughts = wantsThoughts(request)
    ? items.flatMap((item) => recordsIn(item['summary']).map(({ text }) => textIn(text)))
    : []
  const { text, annotations } = said(partsOf(items))
  const silent = text === '' && (calls.length > 0 || refusals.some((refusal) => refusal !== ''))
  return {
    role: 'assistant',
    content: silent ? null : text,
    refusal: refusals.join('') || null,
    ...(annotations.length > 0 && { annotations }),
    ...(thoughts.length > 0 && { reasoning_content: thoughts.join('\n') }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function partsOf(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.flatMap((item) => (item['type'] === 'message' ? recordsIn(item['content']) : []))
}

function said(parts: readonly JsonObject[]): {
  readonly text: string
  readonly annotations: readonly UrlCitation[]
} {
  let text = ''
  const annotations: UrlCitation[] = []
  for (const part of parts) {
    for (const each of recordsIn(part['annotations'])) {
      const citation = citationOf(each, text.length)
      if (citation !== undefined) annotations.push(citation)
    }
    text += textIn(part['text'])
  }
  return { text, annotations }
}

/** What was thought before the first of several calls is noted with that call. */
function noteReasoning(items: readonly JsonObject[], context: BridgeContext): void {
  let thoughts: JsonObject[] = []
  for (const item of items) {
    if (item['type'] === 'reasoning' && typeof item['encrypted_content'] === 'string')
      thoughts.push(replayed(item))
    const call = callOf(item)
    if (call === undefined || thoughts.length === 0) continue
    rememberReasoning(context, call.id, thoughts)
    thoughts = []
  }
}
function replayed({ id, summary, encrypted_content }: JsonObject): JsonObject {
  return { type: 'reasoning', id, summary: recordsIn(summary), encrypted_content }
}

/** Emits no end for a stream without a terminal event: whoever watches it says that it was cut short. */
function events(request: ChatRequest, context: BridgeContext): Decoder<ResponsesEvent, ChatChunk> {
  const chunks = chatChunks(request)
  return {
    push(event, emit) {
      chunks.read(event, emit)
      if (event.response !== undefined && event.type !== 'response.created')
        noteReasoning(recordsIn(event.response.output), context)
    },
    end: () => undefined,
  }
}
