import { createTally } from '../lib/text-tally.ts'
import type { Observer, ServedBy } from './endpoint.ts'
import { isRecord } from './guards.ts'
import type { ResponseObject, ResponsesEvent } from './responses.ts'
import { responseServedBy, responsesUsage } from './responses-usage.ts'
import type { Usage } from './usage.ts'

/** Events that say no more than that the request arrived (openai.md 3.8). */
const BEFORE_ANYTHING: ReadonlySet<string> = new Set([
  'response.created',
  'response.in_progress',
  'keepalive',
])
/** Events after which nothing else may come; each carries the whole response. */
const TERMINAL: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
])

/** Deltas that are no text. */
const SOUND: ReadonlySet<string> = new Set(['response.audio.delta', 'response.output_audio.delta'])

/** Reads a stream of response events: when it begins to mean something, its terminal event, what it used. */
export function observeResponses(): Observer<ResponsesEvent> {
  let started = false
  let last: ResponseObject | undefined
  let usage: Usage | undefined
  let served: ServedBy | undefined
  let events = 0
  const text = createTally()
  return {
    see(event) {
      if (typeof event.type !== 'string') throw new TypeError('The event is not one of a response.')
      events = typeof event.sequence_number === 'number' ? event.sequence_number + 1 : events + 1
      const { response } = event
      if (event.type.endsWith('.delta') && !SOUND.has(event.type)) text.add(event['delta'])
      if (isRecord(response)) served = { ...served, ...defined(responseServedBy(response)) }
      if (!started && !BEFORE_ANYTHING.has(event.type) && !isShell(event)) started = true
      if (!TERMINAL.has(event.type) || !isRecord(response)) return
      last = response
      usage = responsesUsage(response)
    },
    get started() {
      return started
    },
    get complete() {
      return last !== undefined
    },
    get usage() {
      return usage
    },
    get writtenTokens() {
      return text.tokens
    },
    get served() {
      return served ?? {}
    },
    get answer() {
      return last
    },
    get events() {
      return events
    },
  }
}

/** Items that are text and nothing else. */
const TEXT_ITEMS: ReadonlySet<unknown> = new Set(['message', 'function_call', 'custom_tool_call'])
const TEXTS = ['text', 'refusal', 'name', 'arguments', 'input'] as const

/** The tokens of an answer's text, by its characters; none where it holds what is billed otherwise. */
export function writtenInOutput({ output }: Pick<ResponseObject, 'output'>): number {
  const items: readonly unknown[] = output
  const records = items.filter(isRecord)
  if (!records.every(({ type }) => TEXT_ITEMS.has(type))) return 0
  const text = createTally()
  for (const item of records) {
    const content: unknown = item['content']
    const parts: readonly unknown[] = Array.isArray(content) ? content : []
    for (const part of [item, ...parts.filter(isRecord)]) for (const name of TEXTS) text.add(part[name])
  }
  return text.tokens
}

/** An empty message that is about to be filled, as the first delta of a chat that only names the role. */
function isShell({ type, item, part }: ResponsesEvent): boolean {
  if (type === 'response.output_item.added') return isRecord(item) && item['type'] === 'message'
  return type === 'response.content_part.added' && isRecord(part)
}

function defined(served: ServedBy): ServedBy {
  return Object.fromEntries(Object.entries(served).filter(([, value]) => value !== undefined))
}
