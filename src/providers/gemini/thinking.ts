import type { ChatRequest } from '../../protocol/chat.ts'
import { isRecord } from '../../protocol/guards.ts'
import type { Draft } from './draft.ts'
import { approximate, leaveOut, note } from './draft.ts'
import type { Level, Thinking } from './model.ts'
import { integerIn, invalidValue, isAbsent, textIn } from './read.ts'
import { googleOptions, googleThinking } from './extensions.ts'
import type { ThinkingConfig } from './wire.ts'

type Effort = 'none' | Level | 'max'

interface EffortRow {
  /** Tokens of budget; `lowest` and `max` are the model's own. */
  readonly budget: number | 'lowest' | 'max'
  /** Levels to try, best first; the first row of the model's list that is among them is sent. */
  readonly levels: readonly Level[]
}

/** gemini.md 4.7, which follows Google's own compatibility table. */
const EFFORTS: Readonly<Record<Effort, EffortRow>> = {
  none: { budget: 'lowest', levels: ['minimal', 'low', 'high'] },
  minimal: { budget: 1024, levels: ['minimal', 'low', 'high'] },
  low: { budget: 1024, levels: ['low', 'minimal', 'high'] },
  medium: { budget: 8192, levels: ['medium', 'high'] },
  high: { budget: 24_576, levels: ['high'] },
  xhigh: { budget: 'max', levels: ['xhigh', 'high'] },
  max: { budget: 'max', levels: ['xhigh', 'high'] },
}

/** Below this a legacy `max_tokens` was meant for visible text; thinking would use it up (gemini.md 4.8). */
const SMALL_MAX_TOKENS = 1024

/** Summaries are asked for by `include_reasoning`, `reasoning.summary` or Google's own option. */
export function wantsThoughts(request: ChatRequest): boolean {
  if (request['include_reasoning'] === true) return true
  const reasoning = request['reasoning']
  if (isRecord(reasoning) && !isAbsent(reasoning['summary'])) return true
  return googleThinking(googleOptions(request))?.includeThoughts === true
}

export function thinkingConfig(
  draft: Draft,
  maxOutputTokens: number | undefined,
): ThinkingConfig | undefined {
  const { request, traits } = draft
  const effort = readEffort(request)
  const own = googleThinking(googleOptions(request))
  if (own !== undefined && effort !== undefined) {
    throw invalidValue(
      'reasoning_effort',
      "'reasoning_effort' and 'google.thinking_config' must not be used together.",
    )
  }
  const control = own ?? effortControl(effort, draft, maxOutputTokens)
  const thoughts = wantsThoughts(request)
  if (traits.thinking.kind === 'none') {
    if (own !== undefined) leaveOut(draft, 'google.thinking_config')
    else if (thoughts) leaveOut(draft, 'include_reasoning')
    return undefined
  }
  if (control === undefined && !thoughts) return undefined
  return { ...control, ...(thoughts && { includeThoughts: true }) }
}

function readEffort(request: ChatRequest): Effort | undefined {
  const direct = textIn(request.reasoning_effort, 'reasoning_effort')
  const nested = isRecord(request['reasoning'])
    ? textIn(request['reasoning']['effort'], 'reasoning.effort')
    : undefined
  const effort = direct ?? nested
  if (effort === undefined) return undefined
  if (isEffort(effort)) return effort
  throw invalidValue(
    'reasoning_effort',
    `'reasoning_effort' must be one of: ${Object.keys(EFFORTS).join(', ')}.`,
  )
}
function isEffort(text: string): text is Effort {
  return Object.hasOwn(EFFORTS, text)
}

function effortControl(
  effort: Effort | undefined,
  draft: Draft,
  maxOutputTokens: number | undefined,
): ThinkingConfig | undefined {
  if (effort === undefined) return loweredForSmallAnswer(draft)
  const { thinking } = draft.traits
  if (thinking.kind === 'none') {
    if (effort !== 'none') leaveOut(draft, 'reasoning_effort')
    return undefined
  }
  return thinking.kind === 'level'
    ? levelFor(effort, thinking, draft)
    : budgetFor(effort, thinking, draft, maxOutputTokens)
}

function levelFor(effort: Effort, thinking: Thinking & { kind: 'level' }, draft: Draft): ThinkingConfig {
  const level = EFFORTS[effort].levels.find((each) => thinking.levels.includes(each)) ?? 'high'
  if (level !== effort) adapt(effort, level, draft)
  return { thinkingLevel: level }
}
function budgetFor(
  effort: Effort,
  thinking: Thinking & { kind: 'budget' },
  draft: Draft,
  maxOutputTokens: number | undefined,
): ThinkingConfig {
  const { budget } = EFFORTS[effort]
  const wanted = budget === 'lowest' ? thinking.lowest : budget === 'max' ? thinking.max : budget
  if (effort === 'none' && wanted > 0) adapt(effort, String(wanted), draft)
  // The answer's limit holds the thinking too: a budget as large as it leaves no word.
  if (maxOutputTokens === undefined || wanted === 0 || wanted < maxOutputTokens)
    return { thinkingBudget: wanted }
  const fitting = Math.max(thinking.lowest, Math.floor(maxOutputTokens / 2))
  note(draft, 'reasoning_effort', 'lowered')
  return { thinkingBudget: Math.min(wanted, fitting) }
}
function adapt(effort: Effort, what: string, draft: Draft): void {
  approximate(draft, {
    parameter: 'reasoning_effort',
    what,
    message: `'reasoning_effort' ${effort} is not supported with this model.`,
  })
}

/** Clients of models that do not think send `max_tokens` for the visible answer: think as little as possible. */
function loweredForSmallAnswer(draft: Draft): ThinkingConfig | undefined {
  const { request, traits } = draft
  const { thinking } = traits
  if (!isAbsent(request.max_completion_tokens) || thinking.kind === 'none' || thinking.idle === true)
    return undefined
  const limit = integerIn(request.max_tokens, 'max_tokens')
  if (limit === undefined || limit >= SMALL_MAX_TOKENS) return undefined
  note(draft, 'reasoning_effort', 'lowered')
  return thinking.kind === 'budget'
    ? { thinkingBudget: thinking.lowest }
    : { thinkingLevel: thinking.levels[0] ?? 'low' }
}
