import { parameterRules, type ParameterRules } from '../../catalog/parameters.ts'
import type { ChatRequest } from '../../protocol/chat.ts'
import type { CodecContext, Patch } from '../provider.ts'
import { commonChanges, patchOf } from './patch.ts'
import { withoutSignatures } from './history.ts'

/**
 * Hints that some models refuse, and the value that says nothing: it may stay (openai.md 2.1). What changes the
 * answer's shape or content (`n`, `logprobs`, `logit_bias`) is never left out: OpenAI's server refuses it by name.
 */
const RESTRICTED: readonly {
  readonly field: string
  readonly rule: keyof ParameterRules
  readonly neutral?: unknown
}[] = [
  { field: 'temperature', rule: 'sampling', neutral: 1 },
  { field: 'top_p', rule: 'sampling', neutral: 1 },
  { field: 'presence_penalty', rule: 'penalties', neutral: 0 },
  { field: 'frequency_penalty', rule: 'penalties', neutral: 0 },
  { field: 'stop', rule: 'stop' },
  { field: 'seed', rule: 'seed' },
]
/**
 * What must change in a request before OpenAI's server takes it: the model's upstream id, usage on streams, the
 * rules of known model families, pseudonyms. Everything else, known or not, is the caller's and stays. In strict
 * mode the family rules are left to the server, which refuses what it cannot honour.
 */
export function patchChat(request: ChatRequest, context: CodecContext): Patch | undefined {
  const changes = commonChanges(request, context)
  const { set, drop, adapted } = changes
  if (request.stream === true && request.stream_options?.include_usage !== true) {
    set['stream_options'] = { ...request.stream_options, include_usage: true }
  }
  const messages = withoutSignatures(request.messages)
  if (messages !== undefined) {
    set['messages'] = messages
    adapted.push('thought_signature=dropped')
  }
  if (!context.strict) familyRules()
  return patchOf(changes)

  function familyRules(): void {
    const rules = parameterRules(context.target.model)
    if (rules.maxTokensField === 'max_completion_tokens' && isSet(request.max_tokens)) {
      drop.push('max_tokens')
      if (!isSet(request.max_completion_tokens)) set['max_completion_tokens'] = request.max_tokens
      adapted.push('max_tokens=renamed')
    }
    for (const { field, rule, neutral } of RESTRICTED) {
      if (!isSet(request[field]) || request[field] === neutral || permits(rules[rule], request, context))
        continue
      drop.push(field)
      adapted.push(`${field}=dropped`)
    }
    if (rules.systemRole === 'user' && request.messages.some(isInstruction)) {
      set['messages'] = (messages ?? request.messages).map((message) =>
        isInstruction(message) ? { ...message, role: 'user' } : message,
      )
      adapted.push('messages=system-as-user')
    }
  }
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null
const isInstruction = (message: { readonly role: string }): boolean =>
  message.role === 'system' || message.role === 'developer'

/** `effort-none`: only while the model does not reason; where its default is unknown, the server decides. */
function permits(rule: string, request: ChatRequest, { card }: CodecContext): boolean {
  if (rule !== 'never' && rule !== 'effort-none') return true
  if (rule === 'never') return false
  const byDefault = card?.reasoning?.kind === 'effort' ? card.reasoning.default : undefined
  const effort = request.reasoning_effort ?? byDefault
  return effort === undefined || effort === 'none'
}
