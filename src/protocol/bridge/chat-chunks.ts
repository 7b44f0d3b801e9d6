import type { ChatChunk, ChatDelta, ChatRequest, ChunkChoice, ToolCallDelta, UrlCitation } from '../chat.ts'
import { isRecord } from '../guards.ts'
import type { ResponseObject, ResponsesEvent } from '../responses.ts'
import { callOf, chatId, chatUsage, citationOf, finishOf, recordsIn, textIn } from './chat-answer.ts'
import { wantsThoughts } from './chat-request.ts'

type Emit = (chunk: ChatChunk) => void
export interface ChatChunks {
  read(event: ResponsesEvent, emit: Emit): void
}

interface State {
  /** What every chunk repeats; known from the first event on. */
  head: Pick<ChatChunk, 'id' | 'created' | 'model'> | undefined
  /** Where each call stands among the calls, by its item's place in the output: not the same (openai.md 2.10). */
  readonly calls: Map<unknown, number>
  /** Length of the text so far, of this part and of those before it. */
  text: number
  partStart: number
  readonly annotations: UrlCitation[]
}
interface Reading {
  readonly state: State
  readonly request: ChatRequest
  readonly give: (delta: ChatDelta, more?: Partial<ChunkChoice>) => void
}

/** A response's events as the chunks of a chat (openai.md 2.10). Events that chat has no place for say nothing. */
export function chatChunks(request: ChatRequest): ChatChunks {
  const state: State = { head: undefined, calls: new Map(), text: 0, partStart: 0, annotations: [] }
  const usage = request.stream_options?.include_usage === true ? { usage: null } : {}
  let out: Emit = () => undefined
  const give: Reading['give'] = (delta, more) => {
    if (state.head === undefined) return
    const choice: ChunkChoice = { index: 0, delta, logprobs: null, finish_reason: null, ...more }
    out({ ...state.head, object: 'chat.completion.chunk', choices: [choice], ...usage })
  }
  const reading: Reading = { state, request, give }
  return {
    read(event, emit) {
      out = emit
      const { type, response } = event
      if (state.head === undefined && response !== undefined) {
        state.head = { id: chatId(response.id), created: response.created_at, model: response.model }
        give({ role: 'assistant', content: '', refusal: null })
      }
      if (Object.hasOwn(READERS, type)) READERS[type]?.(event, reading)
      else if (response !== undefined && TERMINAL.has(type)) end(response, reading, emit)
    },
  }
}

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete'])

const READERS: Readonly<Record<string, (event: ResponsesEvent, reading: Reading) => void>> = {
  'response.output_text.delta': (event, { state, request, give }) => {
    const content = textIn(event['delta'])
    state.text += content.length
    const logprobs = request.logprobs === true ? recordsIn(event['logprobs']) : []
    give({ content }, logprobs.length === 0 ? {} : { logprobs: { content: logprobs, refusal: null } })
  },
  'response.content_part.added': (_event, { state }) => {
    state.partStart = state.text
  },
  'response.refusal.delta': (event, { give }) => give({ refusal: textIn(event['delta']) }),
  'response.output_text.annotation.added': (event, { state }) => {
    const citation = citationOf(event['annotation'], state.partStart)
    if (citation !== undefined) state.annotations.push(citation)
  },
  'response.reasoning_summary_text.delta': (event, { request, give }) => {
    if (wantsThoughts(request)) give({ reasoning_content: textIn(event['delta']) })
  },
  'response.output_item.added': (event, { state, give }) => {
    const call = isRecord(event['item']) ? callOf(event['item']) : undefined
    if (call === undefined) return
    const index = state.calls.size
    state.calls.set(event['output_index'], index)
    const { id } = call
    const opening: ToolCallDelta =
      call.type === 'function'
        ? { index, id, type: 'function', function: { name: call.function.name, arguments: '' } }
        : { index, id, type: 'custom', custom: { name: call.custom.name, input: '' } }
    give({ tool_calls: [opening] })
  },
  'response.function_call_arguments.delta': (event, { state, give }) => {
    const index = state.calls.get(event['output_index'])
    if (index !== undefined)
      give({ tool_calls: [{ index, function: { arguments: textIn(event['delta']) } }] })
  },
  'response.custom_tool_call_input.delta': (event, { state, give }) => {
    const index = state.calls.get(event['output_index'])
    if (index !== undefined) give({ tool_calls: [{ index, custom: { input: textIn(event['delta']) } }] })
  },
}

function end(response: ResponseObject, { state, give }: Reading, emit: Emit): void {
  const { annotations, calls, head } = state
  give(annotations.length > 0 ? { annotations } : {}, { finish_reason: finishOf(response, calls.size) })
  const usage = chatUsage(response)
  if (head === undefined || usage === undefined) return
  emit({
    ...head,
    object: 'chat.completion.chunk',
    choices: [],
    usage,
    ...(response.service_tier && { service_tier: response.service_tier }),
  })
}
