import type {
  Citation,
  FunctionCallItem,
  ItemStatus,
  MessageItem,
  OutputItem,
  OutputPart,
  ReasoningItem,
} from '../responses.ts'
import type { Open, Place, Send } from './response-stage.ts'

/** Every kind of item that a bridge writes: its shell, and the events of its inside (openai.md 3.8). */

export interface OpenReasoning extends Open {
  readonly kind: 'reasoning'
  summary(text: string): void
  /** What must come back with the item. */
  seal(content: string): void
  readonly sealed: boolean
}
export const reasoningShell = (id: string): ReasoningItem => ({
  type: 'reasoning',
  id,
  summary: [],
  status: 'in_progress',
})
export function openReasoning(send: Send, place: Place): OpenReasoning {
  const at = { ...place, summary_index: 0 }
  let text = ''
  let sealed: string | undefined
  return {
    kind: 'reasoning',
    summary(delta) {
      if (text === '')
        send('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } })
      text += delta
      send('response.reasoning_summary_text.delta', { ...at, delta })
    },
    seal(content) {
      sealed = content
    },
    get sealed() {
      return sealed !== undefined
    },
    finish(status) {
      const part = { type: 'summary_text', text } as const
      if (text !== '') {
        send('response.reasoning_summary_text.done', { ...at, text })
        send('response.reasoning_summary_part.done', { ...at, part })
      }
      return {
        type: 'reasoning',
        id: place.item_id,
        summary: text === '' ? [] : [part],
        ...(sealed !== undefined && { encrypted_content: sealed }),
        status,
      }
    },
  }
}

export interface OpenMessage extends Open {
  readonly kind: 'message'
  text(delta: string): void
  refusal(delta: string): void
  cite(citation: Citation): void
}
export const messageShell = (id: string): MessageItem => ({
  type: 'message',
  id,
  role: 'assistant',
  status: 'in_progress',
  content: [],
})
export function openMessage(send: Send, place: Place): OpenMessage {
  const content: OutputPart[] = []
  let part: OpenPart | undefined
  const close = (): void => {
    if (part !== undefined) content.push(part.finish())
    part = undefined
  }
  const opened = (kind: OpenPart['kind']): OpenPart => {
    if (part?.kind !== kind) {
      close()
      part = openPart(kind, send, { ...place, content_index: content.length })
    }
    return part
  }
  return {
    kind: 'message',
    text: (delta) => opened('output_text').add(delta),
    refusal: (delta) => opened('refusal').add(delta),
    cite: (citation) => part?.cite(citation),
    finish(status) {
      close()
      return { ...messageShell(place.item_id), status, content }
    },
  }
}

interface OpenPart {
  readonly kind: OutputPart['type']
  add(delta: string): void
  cite(citation: Citation): void
  finish(): OutputPart
}
function openPart(
  kind: OutputPart['type'],
  send: Send,
  at: Place & { readonly content_index: number },
): OpenPart {
  let text = ''
  const annotations: Citation[] = []
  const part = (): OutputPart =>
    kind === 'refusal'
      ? { type: 'refusal', refusal: text }
      : { type: 'output_text', text, annotations: [...annotations], logprobs: [] }
  send('response.content_part.added', { ...at, part: part() })
  return {
    kind,
    add(delta) {
      text += delta
      if (kind === 'refusal') send('response.refusal.delta', { ...at, delta })
      else send('response.output_text.delta', { ...at, delta, logprobs: [] })
    },
    cite(annotation) {
      if (kind === 'refusal') return
      const annotation_index = annotations.length
      annotations.push(annotation)
      send('response.output_text.annotation.added', { ...at, annotation_index, annotation })
    },
    finish() {
      if (kind === 'refusal') send('response.refusal.done', { ...at, refusal: text })
      else send('response.output_text.done', { ...at, text, logprobs: [] })
      send('response.content_part.done', { ...at, part: part() })
      return part()
    },
  }
}

export interface OpenCall extends Open {
  readonly kind: 'function_call'
  add(delta: string): void
}
export function openCall(send: Send, place: Place, shell: FunctionCallItem): OpenCall {
  let args = ''
  return {
    kind: 'function_call',
    add(delta) {
      if (delta === '') return
      args += delta
      send('response.function_call_arguments.delta', { ...place, delta })
    },
    finish(status) {
      send('response.function_call_arguments.done', { ...place, name: shell.name, arguments: args })
      return { ...shell, arguments: args, status }
    },
  }
}

/** Items that come whole: their states pass, then they are done. */
export function openWhole(send: Send, place: Place, item: OutputItem, states: readonly string[]): Open {
  for (const state of states) send(`response.${item.type}.${state}`, { ...place })
  return { kind: item.type, finish: (_status: ItemStatus) => item }
}
