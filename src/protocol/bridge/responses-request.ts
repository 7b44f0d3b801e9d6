import { GatewayError } from '../../errors.ts'
import type { ChatRequest, ChatWire } from '../chat.ts'
import { isAbsent, type JsonObject, objectIn } from '../read.ts'
import type { ResponsesRequest } from '../responses.ts'
import type { BridgeContext, Crossing } from './bridge.ts'
import { type Changes, createChanges, unsupportedParameter, unsupportedValue } from './changes.ts'
import { type Origin, readInput } from './responses-input.ts'
import { readChoice, readFormat, readTools, type ReadTools } from './responses-tools.ts'

/**
 * What is done with the caller's fields. `read`: another place looks at it, or it concerns the gateway alone;
 * `pass`: chat has it under the same name; a function refuses, or leaves out and lists. What is not here passes, and
 * is judged by the codec.
 */
type Rule = 'read' | 'pass' | ((value: unknown, changes: Changes) => void)
const unknown =
  (param: string): Rule =>
  () => {
    throw new GatewayError('unknown_parameter', `Unknown parameter: '${param}'.`, { param })
  }
const refused =
  (param: string): Rule =>
  () => {
    throw unsupportedParameter(param)
  }
const OF_CHAT = [
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'response_format',
  'reasoning_effort',
  'verbosity',
  'n',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'functions',
  'function_call',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
]
const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(OF_CHAT.map((name) => [name, unknown(name)])),
  model: 'read',
  input: 'read',
  instructions: 'read',
  previous_response_id: 'read',
  store: 'read',
  metadata: 'read',
  stream_options: 'read',
  max_output_tokens: 'read',
  parallel_tool_calls: 'read',
  tools: 'read',
  tool_choice: 'read',
  text: 'read',
  reasoning: 'read',
  include: 'read',
  top_logprobs: 'read',
  conversation: refused('conversation'),
  prompt: refused('prompt'),
  context_management: refused('context_management'),
  // Nobody works on it once the answer has been given; durable work comes later.
  background: (value) => {
    if (value === true) throw unsupportedValue('background', true)
  },
  truncation: (value) => {
    if (value !== 'disabled') throw unsupportedValue('truncation', value)
  },
  max_tool_calls: (_value, changes) => changes.leaveOut('max_tool_calls'),
}

/** A request for a response as one for a chat completion (openai.md 3.10, 3.12). */
export function toChatRequest(request: ResponsesRequest, context: BridgeContext): Crossing<ChatWire> {
  const changes = createChanges(context)
  const passed = passedFields(request, changes)
  const { messages, origins } = readInput(request, changes)
  const tools = readTools(request.tools, changes)
  const choice = readChoice(request.tool_choice, tools.tools.length)
  const text = objectIn(request.text, 'text')
  const format = readFormat(text)
  const { parallel_tool_calls: parallel, max_output_tokens: limit } = request
  const chat: ChatRequest = {
    ...passed,
    model: request.model,
    messages,
    ...(request.stream === true && { stream: true, stream_options: { include_usage: true } }),
    ...(!isAbsent(limit) && { max_completion_tokens: limit }),
    ...(tools.tools.length > 0 && { tools: tools.tools }),
    ...(tools.search !== undefined && { web_search_options: tools.search.options }),
    ...(choice !== undefined && { tool_choice: choice }),
    ...(!isAbsent(parallel) && tools.tools.length > 0 && { parallel_tool_calls: parallel }),
    ...(format !== undefined && { response_format: format }),
    ...(!isAbsent(text?.['verbosity']) && { verbosity: text?.['verbosity'] }),
    ...reasoningFields(request, changes),
    ...logprobFields(request),
  }
  return { request: chat, adapted: [...changes.list], renamed: (name) => renamed(name, origins, tools) }
}

function passedFields(request: ResponsesRequest, changes: Changes): JsonObject {
  const passed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(request)) {
    if (isAbsent(value)) continue
    const rule = Object.hasOwn(RULES, name) ? (RULES[name] ?? 'pass') : 'pass'
    if (rule === 'pass') passed[name] = value
    else if (rule !== 'read') rule(value, changes)
  }
  return passed
}

/** The older name of `summary` still works at OpenAI. */
function reasoningFields(request: ResponsesRequest, changes: Changes): JsonObject {
  const reasoning = objectIn(request.reasoning, 'reasoning')
  if (reasoning === undefined) return {}
  const { effort, summary, generate_summary: older, ...others } = reasoning
  for (const [name, value] of Object.entries(others)) {
    if (isAbsent(value)) continue
    changes.leaveOut(`reasoning.${name}`)
  }
  return {
    ...(!isAbsent(effort) && { reasoning_effort: effort }),
    ...(!isAbsent(summary ?? older) && { include_reasoning: true }),
  }
}

function logprobFields({ include, top_logprobs: top }: ResponsesRequest): JsonObject {
  const wanted = (include ?? []).includes('message.output_text.logprobs')
  if (!wanted && (isAbsent(top) || top === 0)) return {}
  return { logprobs: true, ...(!isAbsent(top) && { top_logprobs: top }) }
}

/** Chat's names and the caller's; the first that matches a place in the text replaces it. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\bmax_completion_tokens\b/g, 'max_output_tokens'],
  [/\bresponse_format\.json_schema\b/g, 'text.format'],
  [/\bresponse_format\b/g, 'text.format'],
  [/\breasoning_effort\b/g, 'reasoning.effort'],
  [/\binclude_reasoning\b/g, 'reasoning.summary'],
  [/(?<![.\w])verbosity\b/g, 'text.verbosity'],
  [/(?<![.\w])logprobs\b/g, 'top_logprobs'],
  [/(?<![.\w])messages\./g, 'input.'],
  [/\btool_choice\.(?:function|allowed_tools)\b/g, 'tool_choice'],
  [/\.image_url\.(?:url|detail)\b/g, '.image_url'],
  [/\.file\.(file_data|file_id|filename)\b/g, '.$1'],
  [/\.tool_call_id\b/g, '.call_id'],
]

function renamed(text: string, origins: readonly Origin[], tools: ReadTools): string {
  const placed = text
    .replaceAll(
      /\bmessages\[(\d+)\](?:\.tool_calls\[(\d+)\](?:\.function\b)?)?/g,
      (whole, message: string, call: string | undefined) => {
        const origin = origins[Number(message)]
        return (call === undefined ? undefined : origin?.calls[Number(call)]) ?? origin?.path ?? whole
      },
    )
    .replaceAll(
      /\btools\[(\d+)\](?:\.function\b)?/g,
      (whole, position: string) => `tools[${tools.positions[Number(position)] ?? whole}]`,
    )
    .replaceAll(/\bweb_search_options\b/g, `tools[${tools.search?.position ?? 0}]`)
  return NAMES.reduce((named, [pattern, name]) => named.replaceAll(pattern, name), placed)
}
