import * as z from 'zod'
import { textTokens } from '../lib/text-tally.ts'
import type { ChatUsage, FinishReason } from './chat.ts'
import { observeChat } from './chat-observer.ts'
import { answerUsage, servedBy } from './chat-usage.ts'
import type { Endpoint, Observer } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { plain } from './plain.ts'
import { pricedUsage } from './priced-usage.ts'
import { trimUsage } from './trim-usage.ts'

/** The legacy endpoint (openai.md 5.6): its own models are gone, and it lives on over chat. */
export interface CompletionsRequest {
  readonly model: string
  readonly prompt: string | readonly string[]
  readonly stream?: boolean | null | undefined
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined
  readonly n?: number | null | undefined
  readonly seed?: number | null | undefined
  readonly max_tokens?: number | null | undefined
  readonly logprobs?: number | null | undefined
  readonly [field: string]: unknown
}
interface CompletionLogprobs {
  readonly tokens: readonly string[]
  readonly token_logprobs: readonly number[]
  readonly top_logprobs: readonly Readonly<Record<string, number>>[]
  readonly text_offset: readonly number[]
}
export interface CompletionChoice {
  readonly text: string
  readonly index: number
  readonly logprobs: CompletionLogprobs | null
  readonly finish_reason: FinishReason | null
}
/** A whole answer, or one event of a stream: both have this shape. */
export interface Completion {
  readonly id: string
  readonly object: 'text_completion'
  readonly created: number
  readonly model: string
  readonly choices: readonly CompletionChoice[]
  readonly usage?: ChatUsage | null | undefined
  readonly model_version?: string | undefined
  readonly service_tier?: string | null | undefined
}
export interface CompletionsWire {
  readonly request: CompletionsRequest
  readonly response: Completion
  readonly event: Completion
}

const TOKENS = 'it must be text: token ids mean nothing to the models that serve this endpoint now'

export const completions: Endpoint<CompletionsWire> = {
  ...plain,
  path: '/completions',
  capability: undefined,
  doneMarker: true,
  envelope: z.looseObject({
    model: modelId,
    prompt: z.union([z.string(), z.array(z.string()).min(1)], TOKENS),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    n: z.number().int().min(1).max(128).nullish(),
    seed: z.number().int().nullish(),
    max_tokens: z.number().int().min(0).nullish(),
    logprobs: z.number().int().min(0).max(5).nullish(),
  }),
  check: refuseRoutingFields,
  answer: (request) => (request.stream === true ? 'events' : 'json'),
  answers: (body): body is Completion =>
    'choices' in body && Array.isArray(body.choices) && body.choices.length > 0,
  usage: (response) => answerUsage(response.usage, servedBy(response)),
  written: ({ choices }) => textTokens(choices.map(({ text }) => text).join('')),
  served: servedBy,
  observe,
  priced: pricedUsage,
  trim: trimUsage,
}

/** The same rules as for chat: a text is the content of a delta. */
function observe(): Observer<Completion> {
  const chat = observeChat()
  return {
    see: (event) =>
      chat.see({
        ...event,
        object: 'chat.completion.chunk',
        choices: event.choices.map(({ text, index, finish_reason }) => ({
          index,
          delta: { content: text },
          finish_reason,
        })),
      }),
    get started() {
      return chat.started
    },
    get complete() {
      return chat.complete
    },
    get usage() {
      return chat.usage
    },
    get writtenTokens() {
      return chat.writtenTokens
    },
    get served() {
      return chat.served
    },
  }
}
