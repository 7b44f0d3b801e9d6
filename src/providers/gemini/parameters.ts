import { isRecord } from '../../protocol/guards.ts'
import type { Draft } from './draft.ts'
import { leaveOut, unsupported, unsupportedValue } from './draft.ts'
import { flagIn, integerIn, isAbsent, isList, objectIn, textIn } from './read.ts'

/** `read`: another file translates it; `hint`: nothing is lost but a wish; or a check of its own. */
type Rule = 'read' | 'hint' | ((draft: Draft) => void)

/** Every field of a chat request, once (gemini.md 4.1). A field that is not here is not sent: Google answers 400. */
const RULES: Readonly<Record<string, Rule>> = {
  model: 'read',
  messages: 'read',
  stream: (draft) => void flagIn(draft.request.stream, 'stream'),
  stream_options: checkStreamOptions,
  max_tokens: 'read',
  max_completion_tokens: 'read',
  temperature: 'read',
  top_p: 'read',
  top_k: 'read',
  n: checkSingle,
  stop: 'read',
  seed: 'read',
  presence_penalty: 'read',
  frequency_penalty: 'read',
  logprobs: refuseLogprobs,
  top_logprobs: refuseTopLogprobs,
  logit_bias: refuseLogitBias,
  response_format: 'read',
  tools: (draft) => listUnreadMembers(draft, 'tools'),
  functions: (draft) => listUnreadMembers(draft, 'functions'),
  tool_choice: 'read',
  function_call: 'read',
  parallel_tool_calls: 'read',
  reasoning_effort: 'read',
  reasoning: checkReasoning,
  include_reasoning: (draft) => void flagIn(draft.request['include_reasoning'], 'include_reasoning'),
  web_search_options: 'read',
  modalities: 'read',
  audio: 'read',
  service_tier: 'read',
  google: 'read',
  extra_body: checkExtraBody,
  store: (draft) => {
    if (flagIn(draft.request['store'], 'store') === true) leaveOut(draft, 'store')
  },
  user: 'hint',
  safety_identifier: 'hint',
  metadata: 'hint',
  prompt_cache_key: 'hint',
  prompt_cache_options: 'hint',
  prompt_cache_retention: 'hint',
  prediction: 'hint',
  verbosity: 'hint',
  moderation: 'hint',
}

/** Goes over the caller's fields: what no other file translates is checked, refused, or left out and listed. */
export function checkParameters(draft: Draft): void {
  for (const [name, value] of Object.entries(draft.request)) {
    if (isAbsent(value)) continue
    const rule = Object.hasOwn(RULES, name) ? (RULES[name] ?? 'hint') : 'hint'
    if (rule === 'hint') leaveOut(draft, name)
    else if (rule !== 'read') rule(draft)
  }
}

/** `n` is served by several calls, each of which asks for one choice; Google refuses `candidateCount` above 1. */
function checkSingle(draft: Draft): void {
  const n = integerIn(draft.request.n, 'n')
  if (n !== 1) throw unsupportedValue('n', "'n' must be 1 in a single call to this model.")
}
function refuseLogprobs(draft: Draft): void {
  if (flagIn(draft.request.logprobs, 'logprobs') === true) throw unsupported('logprobs')
}
function refuseTopLogprobs(draft: Draft): void {
  if (integerIn(draft.request.top_logprobs, 'top_logprobs') !== 0) throw unsupported('top_logprobs')
}
function refuseLogitBias(draft: Draft): void {
  const bias = objectIn(draft.request.logit_bias, 'logit_bias')
  if (bias !== undefined && Object.keys(bias).length > 0) throw unsupported('logit_bias')
}
function checkStreamOptions(draft: Draft): void {
  const options = objectIn(draft.request.stream_options, 'stream_options') ?? {}
  for (const [name, value] of Object.entries(options)) {
    const param = `stream_options.${name}`
    if (name === 'include_usage') flagIn(value, param)
    else if (!isAbsent(value) && value !== false) leaveOut(draft, param)
  }
}
/** `reasoning` of other gateways: what is read of it is in thinking.ts. */
function checkReasoning(draft: Draft): void {
  for (const [name, value] of Object.entries(objectIn(draft.request['reasoning'], 'reasoning') ?? {})) {
    if (name !== 'effort' && name !== 'summary' && !isAbsent(value)) leaveOut(draft, `reasoning.${name}`)
  }
}
const TOOL_MEMBERS: ReadonlySet<string> = new Set(['type', 'function', 'custom'])
const FUNCTION_MEMBERS: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict'])

/** Google answers 400 to members it does not know; types are checked where the tools are read. */
function listUnreadMembers(draft: Draft, field: 'tools' | 'functions'): void {
  const items: unknown = draft.request[field]
  if (!isList(items)) return
  for (const [i, item] of items.entries()) {
    if (field === 'functions')
      listUnread(draft, item, FUNCTION_MEMBERS, { parameter: field, at: `${field}[${i}]` })
    else if (isRecord(item)) {
      listUnread(draft, item, TOOL_MEMBERS, { parameter: 'tools', at: `tools[${i}]` })
      listUnread(draft, item['function'], FUNCTION_MEMBERS, {
        parameter: 'tools.function',
        at: `tools[${i}].function`,
      })
    }
  }
}
function listUnread(
  draft: Draft,
  value: unknown,
  read: ReadonlySet<string>,
  names: { parameter: string; at: string },
): void {
  if (!isRecord(value)) return
  for (const [name, inner] of Object.entries(value)) {
    if (!read.has(name) && !isAbsent(inner))
      leaveOut(draft, `${names.parameter}.${name}`, `${names.at}.${name}`)
  }
}
function checkExtraBody(draft: Draft): void {
  const extra = draft.request['extra_body']
  if (!isRecord(extra)) return leaveOut(draft, 'extra_body')
  for (const name of Object.keys(extra)) if (name !== 'google') leaveOut(draft, `extra_body.${name}`)
}

const TIERS: Readonly<Record<string, string | undefined>> = {
  auto: undefined,
  default: undefined,
  flex: 'flex',
  priority: 'priority',
}

/** `auto` must not become `priority`, which costs more; a tier that Google lacks is a hint. */
export function serviceTier(draft: Draft): string | undefined {
  const tier = textIn(draft.request.service_tier, 'service_tier')
  if (tier === undefined) return undefined
  if (Object.hasOwn(TIERS, tier)) return TIERS[tier]
  leaveOut(draft, 'service_tier')
  return undefined
}
