import type { ChatRequest } from '../chat.ts'
import { isAbsent, type JsonObject } from '../read.ts'
import type { ResponsesWire } from '../responses.ts'
import type { BridgeContext, Crossing } from './bridge.ts'
import { type Changes, createChanges, unsupportedParameter, unsupportedValue } from './changes.ts'
import { readMessages } from './chat-messages.ts'
import { flatChoice, flatFormat, flatTools } from './chat-tools.ts'

/** What is done with a field: as for the bridge in the other direction. What is not here passes as it is. */
type Rule = 'read' | 'pass' | ((value: unknown, changes: Changes) => void)
const refused =
  (param: string): Rule =>
  () => {
    throw unsupportedParameter(param)
  }
/** A hint; some values of it ask for nothing. */
const hint =
  (param: string, neutral?: unknown): Rule =>
  (value, changes) => {
    if (value !== neutral) changes.leaveOut(param)
  }
const RULES: Readonly<Record<string, Rule>> = {
  model: 'read',
  messages: 'read',
  stream: 'read',
  stream_options: 'read',
  max_tokens: 'read',
  max_completion_tokens: 'read',
  response_format: 'read',
  reasoning_effort: 'read',
  include_reasoning: 'read',
  verbosity: 'read',
  tools: 'read',
  tool_choice: 'read',
  web_search_options: 'read',
  logprobs: 'read',
  top_logprobs: 'read',
  // A stored completion and a stored response are different things: neither is asked for.
  store: hint('store', false),
  // Several answers are several calls.
  n: 'read',
  stop: refused('stop'),
  functions: refused('functions'),
  function_call: refused('function_call'),
  audio: refused('audio'),
  modalities: (value) => {
    if (!Array.isArray(value) || value.some((each) => each !== 'text'))
      throw unsupportedValue('modalities', value)
  },
  seed: hint('seed'),
  logit_bias: hint('logit_bias'),
  presence_penalty: hint('presence_penalty', 0),
  frequency_penalty: hint('frequency_penalty', 0),
  prediction: hint('prediction'),
}

/** openai.md 3.1. */
const LEAST_OUTPUT_TOKENS = 16

/** A chat request as one for a response that nobody keeps (openai.md 2.4, 3.12). */
export function toResponsesRequest(request: ChatRequest, context: BridgeContext): Crossing<ResponsesWire> {
  const changes = createChanges(context)
  const passed = passedFields(request, changes)
  const { items, origins } = readMessages(request, context)
  const tools = flatTools(request.tools, request.web_search_options)
  const choice = flatChoice(request.tool_choice)
  return {
    request: {
      ...passed,
      model: request.model,
      input: items,
      store: false,
      ...(request.stream === true && { stream: true }),
      ...limitField(request, changes),
      ...(tools.length > 0 && { tools }),
      ...(choice !== undefined && { tool_choice: choice }),
      ...textField(request),
      ...reasoningField(request),
      ...includeFields(request),
    },
    adapted: [...changes.list],
    renamed: (text) => renamed(text, origins),
  }
}

function passedFields(request: ChatRequest, changes: Changes): JsonObject {
  const passed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(request)) {
    if (isAbsent(value)) continue
    const rule = Object.hasOwn(RULES, name) ? (RULES[name] ?? 'pass') : 'pass'
    if (rule === 'pass') passed[name] = value
    else if (rule !== 'read') rule(value, changes)
  }
  return passed
}

function limitField(request: ChatRequest, changes: Changes): JsonObject {
  const limit = request.max_completion_tokens ?? request.max_tokens
  if (isAbsent(limit)) return {}
  if (typeof limit !== 'number' || limit >= LEAST_OUTPUT_TOKENS) return { max_output_tokens: limit }
  changes.note('max_completion_tokens', 'raised')
  return { max_output_tokens: LEAST_OUTPUT_TOKENS }
}

function textField(request: ChatRequest): JsonObject {
  const format = flatFormat(request.response_format)
  const { verbosity } = request
  if (format === undefined && isAbsent(verbosity)) return {}
  return { text: { ...(format && { format }), ...(!isAbsent(verbosity) && { verbosity }) } }
}

function reasoningField(request: ChatRequest): JsonObject {
  const effort = request.reasoning_effort
  const summary = wantsThoughts(request) ? 'auto' : undefined
  if (isAbsent(effort) && summary === undefined) return {}
  return { reasoning: { ...(!isAbsent(effort) && { effort }), ...(summary && { summary }) } }
}

/** An extension that several gateways share. */
export function wantsThoughts(request: ChatRequest): boolean {
  return request['include_reasoning'] === true
}

function includeFields({ logprobs, top_logprobs: top }: ChatRequest): JsonObject {
  const wanted = logprobs === true
  return {
    include: ['reasoning.encrypted_content', ...(wanted ? ['message.output_text.logprobs'] : [])],
    ...(wanted && !isAbsent(top) && { top_logprobs: top }),
  }
}

/** The server's names and the caller's. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\bmax_output_tokens\b/g, 'max_completion_tokens'],
  [/\btext\.format\b/g, 'response_format'],
  [/\btext\.verbosity\b/g, 'verbosity'],
  [/\breasoning\.effort\b/g, 'reasoning_effort'],
]

function renamed(text: string, origins: readonly number[]): string {
  const placed = text.replaceAll(/\binput\[(\d+)\]/g, (whole, item: string) => {
    const message = origins[Number(item)]
    return message === undefined ? whole : `messages[${message}]`
  })
  return NAMES.reduce((named, [pattern, name]) => named.replaceAll(pattern, name), placed)
}
