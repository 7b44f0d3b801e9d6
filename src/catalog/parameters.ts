import { card } from './card.ts'
import type { Allowed } from './model-card.ts'

/** What an OpenAI model accepts in Chat Completions; everything is `free` where no rule is known. */
export interface ParameterRules {
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  /** The role to send a system or developer message in. */
  readonly systemRole: 'keep' | 'developer' | 'user'
  /** `temperature` and `top_p`. */
  readonly sampling: Allowed
  /** `presence_penalty` and `frequency_penalty`. */
  readonly penalties: Allowed
  readonly stop: Allowed
  readonly seed: Allowed
  /** Function tools; where not `free`, the Responses API takes them. */
  readonly functionTools: Allowed
}

const FREE: ParameterRules = {
  maxTokensField: 'max_tokens',
  systemRole: 'keep',
  sampling: 'free',
  penalties: 'free',
  stop: 'free',
  seed: 'free',
  functionTools: 'free',
}

/** A reasoning model whose own rules are not known: only the renamed limit is certain. */
const RENAMED: ParameterRules = { ...FREE, maxTokensField: 'max_completion_tokens' }

const REASONING: ParameterRules = {
  ...RENAMED,
  systemRole: 'developer',
  sampling: 'never',
  penalties: 'never',
}

/** From 5.1 on, effort `none` switches reasoning off, and with it the ban on sampling parameters. */
const SWITCHABLE: ParameterRules = { ...REASONING, sampling: 'effort-none' }

const SEARCH: ParameterRules = {
  ...FREE,
  sampling: 'never',
  penalties: 'never',
  stop: 'never',
  seed: 'never',
}

/**
 * Known families, the first match decides (OpenAI's reasoning guide and the error texts of its API).
 * Ids are base names: a snapshot's date is taken off before.
 */
const RULES: readonly { readonly pattern: RegExp; readonly rules: ParameterRules }[] = [
  { pattern: /^o1-(?:preview|mini)$/, rules: { ...REASONING, systemRole: 'user', functionTools: 'never' } },
  { pattern: /-deep-research$|^computer-use-preview$/, rules: { ...REASONING, functionTools: 'never' } },
  { pattern: /^(?:o3|o4-mini)$/, rules: { ...REASONING, stop: 'never' } },
  { pattern: /^o[134](?:-mini|-pro)?$/, rules: REASONING },
  { pattern: /^gpt-4o(?:-mini)?-search-preview$/, rules: SEARCH },
  { pattern: /^gpt-5-search-api$/, rules: { ...SEARCH, maxTokensField: 'max_completion_tokens' } },
  { pattern: /^(?:gpt-[\d.]+-)?chat-latest$/, rules: FREE },
  { pattern: /^gpt-5(?:-mini|-nano|-pro|-codex)?$/, rules: REASONING },
  { pattern: /^gpt-5\.\d+-(?:pro|cyber|codex(?:-max|-mini)?)$/, rules: REASONING },
  { pattern: /^gpt-5\.[12]$/, rules: SWITCHABLE },
  { pattern: /^gpt-6\.1-terra$/, rules: { ...SWITCHABLE, functionTools: 'never' } },
  {
    pattern: /^gpt-(?:5\.[4-6](?:-[a-z]+)?|6-sol|6-luna)$/,
    rules: { ...SWITCHABLE, functionTools: 'effort-none' },
  },
  { pattern: /^gpt-6(?:-astra|\.[12]-sol)$/, rules: { ...REASONING, functionTools: 'never' } },
]

const REASONING_ID = /^o\d|^gpt-[5-9]/
const NOT_REASONING = /chat-latest$|^gpt-\d[\d.]*-search-api/
const SNAPSHOT_DATE = /-\d{4}-\d{2}-\d{2}$/

/** The model a snapshot or fine-tune is of, by which the rules go. */
function baseOf(id: string): string {
  const model = id.startsWith('ft:') ? (id.split(':')[1] ?? '') : id
  return card(model)?.id ?? model.replace(SNAPSHOT_DATE, '')
}

/** What an OpenAI id accepts in Chat Completions; unknown ids pass everything but `max_tokens`. */
export function parameterRules(id: string): ParameterRules {
  const base = baseOf(id)
  const known = RULES.find(({ pattern }) => pattern.test(base))
  return known?.rules ?? (isReasoning(id) ? RENAMED : FREE)
}

/** Whether an OpenAI id names a reasoning model. */
export function isReasoning(id: string): boolean {
  const base = baseOf(id)
  return REASONING_ID.test(base) && !NOT_REASONING.test(base)
}
