import { numbered, type Place, type Send } from './bridge/response-stage.ts'
import { isRecord } from './guards.ts'
import type { Item, ResponseObject, ResponsesEvent } from './responses.ts'

/** A response in one piece and the same response as a stream: each from the other, for who asks otherwise than was asked first. */
export const responsesReplay = { isEvent, toEvents, toResponse }

function isEvent(value: unknown): value is ResponsesEvent {
  return isRecord(value) && typeof value['type'] === 'string'
}

/** The last event of a good stream carries the whole response. */
function toResponse(events: readonly ResponsesEvent[]): ResponseObject | undefined {
  const last = events.at(-1)
  return last?.type === 'response.completed' ? last.response : undefined
}

/** The events as OpenAI sends them (openai.md 3.8), with one delta per text. */
function toEvents(response: ResponseObject): readonly ResponsesEvent[] {
  const events: ResponsesEvent[] = []
  const send = numbered((event) => void events.push(event))
  const begun = {
    ...response,
    status: 'in_progress',
    ...('completed_at' in response && { completed_at: null }),
    output: [],
    usage: null,
  }
  send('response.created', { response: begun })
  send('response.in_progress', { response: begun })
  for (const [output_index, item] of response.output.entries()) {
    const { shell, inside } = unfolded[item.type ?? ''] ?? whole()
    send('response.output_item.added', {
      output_index,
      item: { ...item, ...('status' in item && { status: 'in_progress' }), ...shell },
    })
    inside({ ...item }, { item_id: item.id ?? '', output_index }, send)
    send('response.output_item.done', { output_index, item })
  }
  send('response.completed', { response })
  return events
}

/** How one kind of item begins, and what passes until it is done. */
interface Unfolded {
  readonly shell: Readonly<Record<string, unknown>>
  readonly inside: (item: Fields, place: Place, send: Send) => void
}
type Fields = Item & Readonly<Record<string, unknown>>

const whole = (states: readonly string[] = [], shell: Unfolded['shell'] = {}): Unfolded => ({
  shell,
  inside(item, place, send) {
    for (const state of states) send(`response.${item.type}.${state}`, { ...place })
  },
})

/** A member that comes as one text. */
const written = (member: string, events: string): Unfolded => ({
  shell: { [member]: '' },
  inside(item, place, send) {
    const text = item[member]
    if (text !== '') send(`response.${events}.delta`, { ...place, delta: text })
    send(`response.${events}.done`, { ...place, [member]: text })
  },
})

const unfolded: Readonly<Partial<Record<string, Unfolded>>> = {
  message: {
    shell: { content: [] },
    inside(item, place, send) {
      for (const [content_index, part] of partsOf(item['content']).entries())
        contentEvents(part, { ...place, content_index }, send)
    },
  },
  reasoning: {
    shell: { summary: [] },
    inside(item, place, send) {
      for (const [summary_index, part] of partsOf(item['summary']).entries())
        summaryEvents(part, { ...place, summary_index }, send)
    },
  },
  function_call: written('arguments', 'function_call_arguments'),
  custom_tool_call: written('input', 'custom_tool_call_input'),
  web_search_call: whole(['in_progress', 'searching', 'completed']),
  file_search_call: whole(['in_progress', 'searching', 'completed']),
  image_generation_call: whole(['in_progress', 'generating', 'completed'], { result: null }),
}

type Part = Readonly<Record<string, unknown>>
const partsOf = (parts: unknown): readonly Part[] => (Array.isArray(parts) ? parts.filter(isRecord) : [])

function contentEvents(part: Part, at: Place & { readonly content_index: number }, send: Send): void {
  const { text, annotations, logprobs = [] } = part
  send('response.content_part.added', { ...at, part: { ...part, text: '', annotations: [], logprobs: [] } })
  if (text !== '') send('response.output_text.delta', { ...at, delta: text, logprobs })
  for (const [annotation_index, annotation] of partsOf(annotations).entries())
    send('response.output_text.annotation.added', { ...at, annotation_index, annotation })
  send('response.output_text.done', { ...at, text, logprobs })
  send('response.content_part.done', { ...at, part })
}

function summaryEvents(part: Part, at: Place & { readonly summary_index: number }, send: Send): void {
  const { text } = part
  send('response.reasoning_summary_part.added', { ...at, part: { ...part, text: '' } })
  if (text !== '') send('response.reasoning_summary_text.delta', { ...at, delta: text })
  send('response.reasoning_summary_text.done', { ...at, text })
  send('response.reasoning_summary_part.done', { ...at, part })
}
