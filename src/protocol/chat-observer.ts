import type { ChatChunk, ChatCompletion, ChunkChoice } from './chat.ts'
import { createTally, type Tally } from '../lib/text-tally.ts'
import { answerUsage, servedBy } from './chat-usage.ts'
import type { Observer, ServedBy } from './endpoint.ts'
import { isRecord } from './guards.ts'
import type { Usage } from './usage.ts'

/**
 * Reads a stream of chat chunks: when it begins to mean something, whether every choice has ended, what it used.
 * A role-only delta means nothing yet (resilience.md 3.1).
 */
export function observeChat(): Observer<ChatChunk> {
  const open = new Set<number>()
  let seen = 0
  let started = false
  let audio = false
  let usage: Usage | undefined
  const text = createTally()
  let served: ServedBy | undefined

  function choice(part: ChunkChoice): void {
    const index = isRecord(part) ? (part.index ?? 0) : undefined
    if (!isIndex(index)) throw new TypeError('The event has a choice that cannot be one.')
    for (; seen <= index; seen++) open.add(seen)
    if (part.finish_reason !== null && part.finish_reason !== undefined) {
      open.delete(index)
      started = true
    }
    if (!started && meaningful(part)) started = true
    if (part.delta?.audio !== undefined) audio = true
    if (isRecord(part.delta)) tally(part.delta, text)
  }

  return {
    see(event) {
      if (!Array.isArray(event.choices)) throw new TypeError('The event is not a chat completion chunk.')
      served = servedSoFar(served, event)
      if (event.usage !== null && event.usage !== undefined) usage = answerUsage(event.usage, served)
      for (const part of event.choices) choice(part)
    },
    get started() {
      return started
    },
    get complete() {
      // An audio answer may end without a finish reason (openai.md 2.8).
      return audio || (seen > 0 && open.size === 0)
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
  }
}

/** The first event names a model; what really served, and at which tier, may only come with the usage. */
function servedSoFar(known: ServedBy | undefined, event: ChatChunk): ServedBy {
  const same = event.model_version === undefined && (event.service_tier ?? known?.tier) === known?.tier
  if (known !== undefined && same) return known
  const said = servedBy(event)
  if (known === undefined) return said
  const model = typeof event.model_version === 'string' ? said.model : known.model
  return { model, tier: said.tier ?? known.tier }
}

/** OpenAI's `n` ends at 128. Whoever counts up to an index of an upstream must know that it is one. */
const isIndex = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 128

const TEXTS = ['content', 'refusal', 'reasoning_content'] as const

/** Counts what the model wrote in a delta: its texts, and the arguments of its calls. */
function tally(delta: Readonly<Record<string, unknown>>, text: Tally): void {
  for (const name of TEXTS) text.add(delta[name])
  const calls = delta['tool_calls']
  if (!Array.isArray(calls)) return
  for (const call of calls) {
    const called: unknown = isRecord(call) ? call['function'] : undefined
    if (!isRecord(called)) continue
    text.add(called['name'])
    text.add(called['arguments'])
  }
}

/** The same of a whole answer. */
export function writtenIn({ choices }: Pick<ChatCompletion, 'choices'>): number {
  const text = createTally()
  for (const { message } of choices) if (isRecord(message)) tally(message, text)
  return text.tokens
}

function meaningful({ delta }: ChunkChoice): boolean {
  if (delta === undefined || delta === null) return false
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'role' || value === null || value === undefined || value === '') continue
    if (Array.isArray(value) && value.length === 0) continue
    return true
  }
  return false
}
