import { chatReplay, isChatChunk } from '../protocol/chat-replay.ts'
import type { ChatCompletion, ChatWire } from '../protocol/chat.ts'
import { completionsReplay } from '../protocol/completions-replay.ts'
import type { Endpoint, Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import { imagesReplay } from '../protocol/images-replay.ts'
import type { EndpointId, Wires } from '../protocol/index.ts'
import { responsesReplay } from '../protocol/responses-replay.ts'
import type { Item, ResponseObject, ResponsesRequest, ResponsesWire } from '../protocol/responses.ts'
import type { SpeechEvent } from '../protocol/speech.ts'
import type { Meaning } from './key.ts'

/** A stream from a whole answer, and the other way round. */
export interface Replay<W extends Wire> {
  readonly isEvent: (value: unknown) => value is W['event']
  readonly toEvents: (response: W['response']) => readonly W['event'][]
  /** Undefined if the events are no whole answer. */
  readonly toResponse: (events: readonly W['event'][]) => W['response'] | undefined
}

/** Streams of which no whole answer can be made, nor they of one. */
export interface Streams<W extends Wire> {
  readonly isEvent: (value: unknown) => value is W['event']
  /** Whether a stream that came whole is one to give again. */
  readonly keeps: (events: readonly W['event'][]) => boolean
}

/** What the cache needs to know of an endpoint. */
export interface Cacheable<W extends Wire> {
  /** `ownDefaults`: nobody but OpenAI may serve, whose defaults are known. */
  readonly meaning: (request: W['request'], ownDefaults: boolean) => Meaning
  /** Whether the request says all that it is answered by; absent: always. */
  readonly saysAll?: (request: W['request']) => boolean
  /** Whether the answer can be asked for again by its id; absent: never. */
  readonly isStored?: (request: W['request']) => boolean
  /** Whether an answer that came whole is one to give again. */
  readonly keeps: (response: W['response']) => boolean
  /** Without it the form of the answer is part of the key. */
  readonly replay?: Replay<W>
  /** Without either, streams are not cached. */
  readonly streams?: Streams<W>
}

/**
 * Names of end users and corners of the provider's own cache: they steer abuse tracking, routing and retention at
 * the provider, and no model sees them. `metadata` labels what the provider stores; without `store` it does nothing.
 */
const UNSEEN = ['user', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention'] as const
/** Delivery, not content: the cache makes either form from the other. */
const DELIVERY = ['stream', 'stream_options'] as const

/** True of every provider: the API's own words for "nothing". */
const CHAT_DEFAULTS: Readonly<Record<string, unknown>> = {
  n: 1,
  stop: null,
  seed: null,
  logprobs: false,
  top_logprobs: null,
  logit_bias: null,
  presence_penalty: 0,
  frequency_penalty: 0,
  max_tokens: null,
  max_completion_tokens: null,
  response_format: { type: 'text' },
  modalities: ['text'],
  audio: null,
  prediction: null,
  tools: null,
  functions: null,
  reasoning_effort: null,
  verbosity: null,
  web_search_options: null,
  temperature: null,
  top_p: null,
  service_tier: null,
  parallel_tool_calls: null,
  tool_choice: null,
  function_call: null,
  store: false,
  metadata: null,
}
/** OpenAI's. Gemini samples otherwise when told nothing, and vendors differ. */
const OPENAI_DEFAULTS = { temperature: 1, top_p: 1, service_tier: 'auto' }

const chat: Cacheable<ChatWire> = {
  meaning: (request, ownDefaults) => ({
    ignored: [...DELIVERY, ...UNSEEN, ...(request['store'] === true ? [] : ['metadata'])],
    defaults: {
      ...CHAT_DEFAULTS,
      ...(ownDefaults && OPENAI_DEFAULTS),
      ...(hasTools(request.tools) && {
        tool_choice: 'auto',
        ...(ownDefaults && { parallel_tool_calls: true }),
      }),
    },
  }),
  keeps: (response) => response.choices.every(isWhole),
  replay: { isEvent: isChatChunk, ...chatReplay },
}
const hasTools = (tools: unknown): boolean => Array.isArray(tools) && tools.length > 0

/** Ended by itself. Not a refusal, which is not to be repeated for days; nor sound, which can be referred to for an hour only. */
function isWhole({ finish_reason: reason, message }: ChatCompletion['choices'][number]): boolean {
  const refused = typeof message?.refusal === 'string' && message.refusal !== ''
  const hasSound = message?.audio !== undefined && message.audio !== null
  return ENDED.has(reason) && !refused && !hasSound
}
const ENDED: ReadonlySet<string> = new Set(['stop', 'tool_calls', 'function_call'])

/**
 * A response repeats its request: names of end users and labels come back in it, so that they matter here. Written
 * out or not, a default comes back as the same.
 */
const RESPONSES_DEFAULTS: Readonly<Record<string, unknown>> = {
  background: false,
  conversation: null,
  include: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: null,
  parallel_tool_calls: null,
  previous_response_id: null,
  prompt: null,
  prompt_cache_key: null,
  prompt_cache_retention: null,
  reasoning: null,
  safety_identifier: null,
  service_tier: null,
  store: true,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: null,
  top_logprobs: null,
  top_p: null,
  truncation: 'disabled',
  user: null,
}

const responses: Cacheable<ResponsesWire> = {
  meaning: (_, ownDefaults) => ({
    ignored: DELIVERY,
    defaults: {
      ...RESPONSES_DEFAULTS,
      ...(ownDefaults && { ...OPENAI_DEFAULTS, parallel_tool_calls: true }),
    },
  }),
  saysAll: ({ background, conversation, previous_response_id: previous }: ResponsesRequest) =>
    background !== true && isNothing(conversation) && isNothing(previous),
  isStored: ({ store }) => store !== false,
  keeps: isWholeResponse,
  replay: responsesReplay,
}
const isNothing = (value: unknown): boolean => value === undefined || value === null

/** Ended by itself, and of items that mean the same whenever they are read. */
function isWholeResponse({ status, error, incomplete_details, output }: ResponseObject): boolean {
  return (
    status === 'completed' &&
    isNothing(error) &&
    isNothing(incomplete_details) &&
    output.every((item) => LASTING.has(item.type ?? '') && !isRefused(item))
  )
}
/** Not those that did something elsewhere, wait for something, or lie in a container that is gone in minutes. */
const LASTING: ReadonlySet<string> = new Set([
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
  'web_search_call',
  'file_search_call',
  'image_generation_call',
])

function isRefused(item: Item & { readonly content?: unknown }): boolean {
  return (
    Array.isArray(item.content) && item.content.some((part) => isRecord(part) && part['type'] === 'refusal')
  )
}

const simple = (
  ignored: readonly string[],
  defaults: Readonly<Record<string, unknown>>,
): { meaning: () => Meaning } => ({ meaning: () => ({ ignored, defaults }) })

const cacheables: { readonly [E in EndpointId]?: Cacheable<Wires[E]> } = {
  chat,
  responses,
  completions: {
    ...simple([...DELIVERY, ...UNSEEN], { n: 1, echo: false, best_of: null, suffix: null, stop: null }),
    keeps: ({ choices }) => choices.every(({ finish_reason: reason }) => reason === 'stop'),
    replay: completionsReplay,
  },
  embeddings: {
    ...simple(UNSEEN, { encoding_format: 'float', dimensions: null }),
    keeps: () => true,
  },
  moderations: { ...simple([], {}), keeps: () => true },
  images: {
    ...simple([...DELIVERY, ...UNSEEN], { n: 1, size: null, quality: null, background: null }),
    // An address of a picture is good for an hour.
    keeps: ({ data }) => data.every(({ url }) => url === undefined || url === null),
    replay: imagesReplay,
  },
  speech: {
    ...simple([], { speed: 1, instructions: null, stream_format: 'audio' }),
    keeps: () => true,
    // The last event says what was used; sound does not.
    streams: { isEvent: isSpeechEvent, keeps: (events) => events.some(({ audio = '' }) => audio !== '') },
  },
}

function isSpeechEvent(value: unknown): value is SpeechEvent {
  return isRecord(value) && typeof value['type'] === 'string'
}

/** Undefined where answers are never kept: uploads, and secrets made for one client. */
export function cacheableOf<E extends EndpointId>(id: E): Cacheable<Wires[E]> | undefined {
  return cacheables[id]
}

/** The form that a request's answer comes in, or `any` where each can be made of the other; undefined: not cached. */
export function formOf<E extends EndpointId>(
  { replay, streams, saysAll }: Cacheable<Wires[E]>,
  endpoint: Endpoint<Wires[E]>,
  request: Wires[E]['request'],
): 'json' | 'bytes' | 'events' | 'any' | undefined {
  if (saysAll?.(request) === false) return undefined
  if (replay !== undefined) return 'any'
  const answer = endpoint.answer(request)
  return answer === 'events' && streams === undefined ? undefined : answer
}
