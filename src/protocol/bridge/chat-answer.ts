import type { ChatUsage, FinishReason, ToolCall, UrlCitation } from '../chat.ts'
import { isRecord } from '../guards.ts'
import type { JsonObject } from '../read.ts'
import type { ResponseObject } from '../responses.ts'
import { responsesUsage } from '../responses-usage.ts'

/** Reading a response whose items nobody has checked. */
export const textIn = (value: unknown): string => (typeof value === 'string' ? value : '')
export const recordsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isRecord) : []

const CALLS: Readonly<Record<string, (item: JsonObject) => ToolCall>> = {
  function_call: (item) => ({
    id: textIn(item['call_id']),
    type: 'function',
    function: { name: textIn(item['name']), arguments: textIn(item['arguments']) },
  }),
  custom_tool_call: (item) => ({
    id: textIn(item['call_id']),
    type: 'custom',
    custom: { name: textIn(item['name']), input: textIn(item['input']) },
  }),
}

/** A call of the client's; undefined for any other item. */
export function callOf(item: JsonObject): ToolCall | undefined {
  const type = textIn(item['type'])
  return Object.hasOwn(CALLS, type) ? CALLS[type]?.(item) : undefined
}

/** Flat here, nested in chat; `shift` is where the item's text begins in the message. */
export function citationOf(annotation: unknown, shift: number): UrlCitation | undefined {
  if (!isRecord(annotation) || annotation['type'] !== 'url_citation') return undefined
  const { start_index: start, end_index: end } = annotation
  return {
    type: 'url_citation',
    url_citation: {
      url: textIn(annotation['url']),
      title: textIn(annotation['title']),
      start_index: (typeof start === 'number' ? start : 0) + shift,
      end_index: (typeof end === 'number' ? end : 0) + shift,
    },
  }
}

export function finishOf(
  { status, incomplete_details: details }: ResponseObject,
  calls: number,
): FinishReason {
  if (status === 'incomplete') return details?.reason === 'content_filter' ? 'content_filter' : 'length'
  return calls > 0 ? 'tool_calls' : 'stop'
}

export function chatUsage(response: ResponseObject): ChatUsage | undefined {
  const { usage } = response
  if (usage === null || usage === undefined) return undefined
  const searches = responsesUsage(response)?.searches ?? 0
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.total_tokens,
    prompt_tokens_details: usage.input_tokens_details,
    completion_tokens_details: usage.output_tokens_details,
    // Its items tell of the searches there; chat's answer has no place for them.
    ...(searches > 0 && {
      server_tool_use: { grounded_prompts: 0, search_queries: 0, web_searches: searches },
    }),
  }
}

/** Chat's ids have a prefix of their own. */
export const chatId = (id: string): string => `chatcmpl-${id.replace(/^resp_/, '')}`
