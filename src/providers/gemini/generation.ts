import { GatewayError } from '../../errors.ts'
import type { Draft } from './draft.ts'
import { approximate, leaveOut, note, unsupportedValue } from './draft.ts'
import type { Extensions } from './extensions.ts'
import { formatSchema } from './format.ts'
import { speechConfig } from './modalities.ts'
import type { Plan } from './plan.ts'
import { integerIn, invalidValue, isAbsent, listAt, numberIn, textAt } from './read.ts'
import { thinkingConfig } from './thinking.ts'
import type { GenerationConfig } from './wire.ts'

/** Everything of gemini.md 4.1 that ends in `generationConfig`. */
export function generationConfig(draft: Draft, plan: Plan, extensions: Extensions): GenerationConfig {
  const limit = maxOutputTokens(draft)
  const thinking = thinkingConfig(draft, limit)
  const { mediaResolution, imageConfig } = extensions
  return {
    ...sampling(draft),
    ...(limit !== undefined && { maxOutputTokens: limit }),
    ...stopSequences(draft),
    ...seed(draft),
    ...penalty(draft, 'presence_penalty', 'presencePenalty'),
    ...penalty(draft, 'frequency_penalty', 'frequencyPenalty'),
    ...jsonOutput(draft, plan),
    ...speechConfig(draft),
    ...(thinking !== undefined && { thinkingConfig: thinking }),
    ...(mediaResolution !== undefined && { mediaResolution }),
    ...(imageConfig !== undefined && { imageConfig }),
  }
}

function sampling(draft: Draft): GenerationConfig {
  const { request } = draft
  const temperature = temperatureIn(draft)
  const topP = numberIn(request.top_p, 'top_p')
  const topK = integerIn(request['top_k'], 'top_k')
  if (topP !== undefined && (topP < 0 || topP > 1))
    throw invalidValue('top_p', "'top_p' must be between 0 and 1.")
  if (topK !== undefined && topK < 1) throw invalidValue('top_k', "'top_k' must be at least 1.")
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  }
}
function temperatureIn(draft: Draft): number | undefined {
  const temperature = numberIn(draft.request.temperature, 'temperature')
  if (temperature === undefined || (temperature >= 0 && temperature <= 2)) return temperature
  approximate(draft, {
    parameter: 'temperature',
    what: 'clamped',
    message: "'temperature' must be between 0 and 2.",
  })
  return Math.min(2, Math.max(0, temperature))
}

/** `max_completion_tokens` counts thinking, as Google's limit does. */
function maxOutputTokens(draft: Draft): number | undefined {
  const { request, context } = draft
  const current = limitIn(request.max_completion_tokens, 'max_completion_tokens')
  const legacy = limitIn(request.max_tokens, 'max_tokens')
  const wanted = current ?? legacy
  const most = context.card?.maxOutputTokens
  if (wanted === undefined || most === undefined || wanted <= most) return wanted
  const parameter = current === undefined ? 'max_tokens' : 'max_completion_tokens'
  approximate(draft, {
    parameter,
    what: 'clamped',
    message: `'${parameter}' is more than the ${most} tokens this model can answer with.`,
  })
  return most
}
function limitIn(value: unknown, param: string): number | undefined {
  const limit = integerIn(value, param)
  if (limit !== undefined && limit < 1) throw invalidValue(param, `'${param}' must be at least 1.`)
  return limit
}

const MOST_STOPS = 5
function stopSequences(draft: Draft): GenerationConfig {
  const { stop } = draft.request
  if (isAbsent(stop)) return {}
  const all =
    typeof stop === 'string' ? [stop] : listAt(stop, 'stop').map((each, i) => textAt(each, `stop[${i}]`))
  const stopSequences = all.filter((each) => each !== '')
  if (stopSequences.length < all.length) note(draft, 'stop', 'empty_dropped')
  if (stopSequences.length > MOST_STOPS) {
    throw new GatewayError(
      'too_many_items',
      `'stop' takes at most ${MOST_STOPS} sequences with this model.`,
      { param: 'stop' },
    )
  }
  return stopSequences.length > 0 ? { stopSequences } : {}
}

/** Google's is an int32, OpenAI's an int64: the low bits are as good a seed, and the same every time. */
function seed(draft: Draft): GenerationConfig {
  const wanted = integerIn(draft.request.seed, 'seed')
  if (wanted === undefined) return {}
  const folded = wanted | 0
  if (folded !== wanted) note(draft, 'seed', 'folded')
  return { seed: folded }
}

/** Google's range ends below 2. */
const HIGHEST_PENALTY = 1.999

function penalty(
  draft: Draft,
  parameter: 'presence_penalty' | 'frequency_penalty',
  field: keyof GenerationConfig,
): GenerationConfig {
  const value = numberIn(draft.request[parameter], parameter)
  if (value === undefined || value === 0) return {}
  if (value < -2 || value > 2) throw invalidValue(parameter, `'${parameter}' must be between -2 and 2.`)
  if (draft.traits.penalties) return { [field]: Math.min(value, HIGHEST_PENALTY) }
  leaveOut(draft, parameter)
  return {}
}

function jsonOutput(draft: Draft, plan: Plan): GenerationConfig {
  const { format, synthetic, choice } = plan
  // A call by name leaves no answer to have a form; Google refuses the two together.
  if (format.kind === 'text' || synthetic !== undefined || choice.single === true) return {}
  if (draft.traits.output !== 'text') {
    throw unsupportedValue(
      'response_format',
      'JSON output is not supported with a model that answers in images or audio.',
    )
  }
  return {
    responseMimeType: 'application/json',
    responseJsonSchema: formatSchema(format),
  }
}
