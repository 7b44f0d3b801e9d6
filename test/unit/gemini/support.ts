import type { ErrorCode } from '../../../src/errors.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { ChatChunk, ChatCompletion, ChatMessage, ChatRequest } from '../../../src/protocol/chat.ts'
import type { FailureKind } from '../../../src/providers/failure.ts'
import { UpstreamFailure } from '../../../src/providers/failure.ts'
import { gemini } from '../../../src/providers/gemini/index.ts'
import type { GenerateContentRequest } from '../../../src/providers/gemini/wire.ts'
import type { CodecContext, Notes } from '../../../src/providers/provider.ts'

export const NEWEST = 'gemini-3.8-flash'
/** The two generations between which most rules differ. */
export const OLD = 'gemini-2.5-flash'

const codec = gemini.codecs.chat
if (codec?.kind !== 'translation' || codec.events === undefined) throw new Error('Gemini has no chat codec.')
const { encode: encodeWith, decode: decodeWith, events: eventsWith } = codec

export function memory(): Notes & { readonly all: Map<string, string> } {
  const all = new Map<string, string>()
  return { all, get: (key) => all.get(key), set: (key, value) => void all.set(key, value) }
}

export type ContextOptions = Partial<CodecContext> & { readonly on?: string }

export function contextFor({ on = NEWEST, ...rest }: ContextOptions = {}): CodecContext {
  let turn = 0
  return {
    target: { id: `gemini/${on}`, provider: 'gemini', model: on, credential: 'GEMINI_API_KEY' },
    card: undefined,
    // Never the same id twice, and the same ids in every run.
    chance: { now: () => 1_790_000_000_000, random: () => (turn = (turn * 31 + 7) % 61) / 61 },
    strict: false,
    media: new Map(),
    notes: memory(),
    pseudonyms: {},
    ...rest,
  }
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

/** What a caller sends: any JSON, whatever the types say. */
export type Body = Record<string, unknown>

export function chat(body: Body = {}): ChatRequest {
  return deepFreeze({
    model: 'public-name',
    messages: [{ role: 'user', content: 'Hi' }],
    ...body,
  })
}

export interface Encoded {
  readonly path: string
  readonly body: GenerateContentRequest
  readonly adapted: readonly string[]
}

export function encode(body: Body = {}, options: ContextOptions = {}): Encoded {
  const upstream = encodeWith(chat(body), contextFor(options))
  if (typeof upstream.body !== 'string') throw new Error('The body is not text.')
  return { path: upstream.path, body: JSON.parse(upstream.body), adapted: upstream.adapted }
}
export function encodeMessages(
  messages: readonly unknown[],
  options: ContextOptions = {},
  body: Body = {},
): Encoded {
  return encode({ ...body, messages }, options)
}

export function refusal(body: Body, options: ContextOptions = {}): GatewayError {
  try {
    encode(body, options)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error(`Accepted: ${JSON.stringify(body)}`)
}
/** What a refused request is answered with. */
export function refused(
  body: Body,
  options: ContextOptions = {},
): { code: ErrorCode; param: string | undefined } {
  const error = refusal(body, options)
  return { code: error.code, param: error.detail.param }
}

export function decode(response: unknown, body: Body = {}, options: ContextOptions = {}): ChatCompletion {
  return decodeWith(response, chat(body), contextFor(options))
}
/** The only choice of a whole answer. */
export function answer(
  response: unknown,
  body: Body = {},
  options: ContextOptions = {},
): ChatCompletion['choices'][number] {
  const [choice] = decode(response, body, options).choices
  if (choice === undefined) throw new Error('No choice.')
  return choice
}

export function stream(
  events: readonly unknown[],
  body: Body = {},
  options: ContextOptions = {},
): ChatChunk[] {
  const chunks: ChatChunk[] = []
  const decoder = eventsWith?.(chat({ stream: true, ...body }), contextFor(options))
  if (decoder === undefined) throw new Error('No stream.')
  for (const event of events) decoder.push(JSON.stringify(event), (chunk) => chunks.push(chunk))
  decoder.end((chunk) => chunks.push(chunk))
  return chunks
}
/** The chunks that came before the failure, and the failure. */
export function failingStream(
  events: readonly unknown[],
  body: Body = {},
  options: ContextOptions = {},
): { chunks: ChatChunk[]; kind: FailureKind } {
  const chunks: ChatChunk[] = []
  const decoder = eventsWith?.(chat({ stream: true, ...body }), contextFor(options))
  const kind = failureKind(() => {
    for (const event of events) decoder?.push(JSON.stringify(event), (chunk) => chunks.push(chunk))
    decoder?.end((chunk) => chunks.push(chunk))
  })
  return { chunks, kind }
}
export function failureKind(work: () => unknown): FailureKind {
  try {
    work()
  } catch (error) {
    if (error instanceof UpstreamFailure) return error.failure.kind
    throw error
  }
  throw new Error('Nothing failed.')
}

export function candidate(parts: readonly unknown[], rest: Body = {}): Body {
  return { content: { role: 'model', parts }, ...rest }
}
/** A whole answer. */
export function whole(
  parts: readonly unknown[],
  rest: Body = {},
  finishReason: string | undefined = 'STOP',
): Body {
  return {
    candidates: [candidate(parts, { finishReason })],
    responseId: 'resp',
    modelVersion: NEWEST,
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 },
    ...rest,
  }
}
export function event(parts: readonly unknown[], rest: Body = {}): Body {
  return { candidates: [candidate(parts, rest)], responseId: 'resp', modelVersion: NEWEST }
}
export const END = event([{ text: '' }], { finishReason: 'STOP' })

export function user(content: unknown): ChatMessage {
  return { role: 'user', content } as ChatMessage
}
export function call(id: string, name = 'lookup', args: unknown = '{}', rest: Body = {}): Body {
  return { id, type: 'function', function: { name, arguments: args }, ...rest }
}
export function calling(calls: readonly Body[], rest: Body = {}): Body {
  return { role: 'assistant', content: null, tool_calls: calls, ...rest }
}
export function result(id: string, content: unknown = 'ok'): Body {
  return { role: 'tool', tool_call_id: id, content }
}
export function tool(name: string, rest: Body = {}): Body {
  return { type: 'function', function: { name, ...rest } }
}
export interface Assembled {
  readonly content: string
  readonly reasoning: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  readonly finish: string | null | undefined
}
/** All deltas of a stream put together as the official helpers do: strings appended, calls by index. */
export function assembled(chunks: readonly ChatChunk[]): Assembled {
  const choices = chunks.flatMap((chunk) => chunk.choices)
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const { index, id = '', function: fn } of choices.flatMap((choice) => choice.delta.tool_calls ?? [])) {
    const known = (calls[index] ??= { id: '', name: '', arguments: '' })
    known.id += id
    known.name += fn?.name ?? ''
    known.arguments += fn?.arguments ?? ''
  }
  return {
    content: choices.map((choice) => choice.delta.content ?? '').join(''),
    reasoning: choices.map((choice) => choice.delta.reasoning_content ?? '').join(''),
    calls,
    finish: choices.findLast((choice) => choice.finish_reason !== null)?.finish_reason,
  }
}
