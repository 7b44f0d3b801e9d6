import { arrayOf, given, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalid } from './errors.ts'
import type { Model } from './models.ts'

interface Case {
  body: JsonObject
  model: Model
  /** The effort that holds: the one asked for, or the model's own. */
  effort: string
}

type Rule = (request: Case) => Error | undefined

const DEFAULT_ONLY: readonly [string, number][] = [
  ['temperature', 1],
  ['top_p', 1],
  ['presence_penalty', 0],
  ['frequency_penalty', 0],
]

/** openai.md 2.3, last line. */
const SEARCH_REFUSES = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'n',
  'seed',
  'logprobs',
  'stop',
]

function unsupportedParameter(name: string, hint = ''): Error {
  return invalid(
    'unsupported_parameter',
    name,
    `Unsupported parameter: '${name}' is not supported with this model.${hint}`,
  )
}

function unsupportedValue(name: string, value: unknown, only: string): Error {
  const text = `Unsupported value: '${name}' does not support ${String(value)} with this model. ${only}`
  return invalid('unsupported_value', name, text)
}

function isReasoning({ model }: Case): boolean {
  return model.kind === 'reasoning'
}

/** openai.md 2.4: gpt-5.1 and later take sampling parameters when they do not reason. */
function samplingRefused({ model, effort }: Case): boolean {
  return model.kind === 'reasoning' && (model.sampling === 'never' || effort !== 'none')
}

function first(names: readonly string[], body: JsonObject): string | undefined {
  return names.find((name) => given(body, name))
}

/** One rule, one reason; the reference section beside each. */
const RULES: readonly Rule[] = [
  // 2.1 max_tokens: deprecated, and refused by reasoning models.
  (request) =>
    isReasoning(request) && given(request.body, 'max_tokens')
      ? unsupportedParameter('max_tokens', " Use 'max_completion_tokens' instead.")
      : undefined,
  // 2.1 max_tokens: sending both.
  ({ body }) =>
    given(body, 'max_tokens') && given(body, 'max_completion_tokens')
      ? invalid(
          'invalid_parameter_combination',
          'max_tokens',
          "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        )
      : undefined,
  // 2.1 temperature, top_p, penalties: only the default on reasoning models.
  (request) => {
    if (!samplingRefused(request)) return undefined
    const broken = DEFAULT_ONLY.find(
      ([name, value]) => given(request.body, name) && request.body[name] !== value,
    )
    if (broken === undefined) return undefined
    return unsupportedValue(
      broken[0],
      request.body[broken[0]],
      `Only the default (${broken[1]}) value is supported.`,
    )
  },
  // 2.1 logit_bias: reasoning models reject it, with any effort.
  (request) =>
    isReasoning(request) && given(request.body, 'logit_bias')
      ? unsupportedParameter('logit_bias')
      : undefined,
  // 2.1 logprobs: 5.1 and later take them with effort none; audio and search models never.
  (request) => {
    const refused =
      samplingRefused(request) || request.model.kind === 'audio' || request.model.kind === 'search'
    const asked = request.body['logprobs'] === true ? 'logprobs' : first(['top_logprobs'], request.body)
    return refused && asked !== undefined && request.model.kind !== 'search'
      ? unsupportedParameter(asked)
      : undefined
  },
  // 2.1 top_logprobs needs logprobs.
  ({ body }) =>
    given(body, 'top_logprobs') && body['logprobs'] !== true
      ? invalid(
          null,
          'top_logprobs',
          "Invalid value for 'top_logprobs': 'top_logprobs' is only allowed when 'logprobs' is true.",
        )
      : undefined,
  // 2.1 stop: unsupported on o3, o4-mini and gpt-5 and later.
  ({ body, model }) =>
    model.noStop === true && given(body, 'stop') ? unsupportedParameter('stop') : undefined,
  // 2.1 n: o1 rejects others than 1.
  ({ body, model }) =>
    model.oneChoice === true && Number(body['n'] ?? 1) > 1
      ? unsupportedValue('n', body['n'], 'Only the default (1) value is supported.')
      : undefined,
  // 2.1 n: 1 with audio and search.
  ({ body, model }) =>
    (model.kind === 'audio' || given(body, 'prediction')) && Number(body['n'] ?? 1) > 1
      ? unsupportedValue('n', body['n'], 'Only the default (1) value is supported.')
      : undefined,
  // 2.1 reasoning_effort: non-reasoning models reject the field; 2.4 the values of each model.
  ({ body, model }) => {
    if (!given(body, 'reasoning_effort')) return undefined
    const efforts = model.efforts ?? []
    if (efforts.length === 0) {
      return invalid(
        'unsupported_parameter',
        'reasoning_effort',
        'Unrecognized request argument supplied: reasoning_effort',
      )
    }
    if (efforts.includes(textOf(body['reasoning_effort']))) return undefined
    const listed = efforts.map((each) => `'${each}'`).join(', ')
    return unsupportedValue(
      'reasoning_effort',
      `'${textOf(body['reasoning_effort'])}'`,
      `Supported values are: ${listed}.`,
    )
  },
  // 2.4 function tools on Chat.
  ({ body, model, effort }) => {
    if (model.kind !== 'reasoning' || !(given(body, 'tools') || given(body, 'functions'))) return undefined
    if (model.tools === 'yes' || (model.tools === 'effort-none' && effort === 'none')) return undefined
    if (model.efforts?.length === 0) return unsupportedParameter('tools')
    const text = `Function tools with reasoning_effort are not supported for ${model.id} in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.`
    return invalid(null, 'reasoning_effort', text)
  },
  // 2.1 parallel_tool_calls: o1 and o3-mini reject the field.
  ({ body, model }) =>
    model.noParallel === true && given(body, 'parallel_tool_calls')
      ? unsupportedParameter('parallel_tool_calls')
      : undefined,
  // 2.1 functions: o-series reject.
  ({ body, model }) =>
    /^o\d/.test(model.id) && given(body, 'functions') ? unsupportedParameter('functions') : undefined,
  // 2.6 custom tools: gpt-5 and later.
  ({ body, model }) => {
    const index = arrayOf(body['tools']).findIndex((tool) => objectOf(tool)['type'] === 'custom')
    if (index < 0 || (model.kind === 'reasoning' && !/^o\d/.test(model.id))) return undefined
    return invalid(
      'invalid_value',
      `tools[${index}].type`,
      "Invalid value: 'custom'. Supported values are: 'function'.",
    )
  },
  // 2.1 prediction: gpt-4o and gpt-4.1 only.
  ({ body, model }) =>
    model.kind !== 'chat' && given(body, 'prediction') ? unsupportedParameter('prediction') : undefined,
  // 2.1 verbosity: medium or nothing before gpt-5.
  ({ body, model }) =>
    model.kind !== 'reasoning' && given(body, 'verbosity') && body['verbosity'] !== 'medium'
      ? unsupportedValue('verbosity', `'${textOf(body['verbosity'])}'`, "Supported values are: 'medium'.")
      : undefined,
  // 2.1 stream_options: only with stream.
  ({ body }) =>
    given(body, 'stream_options') && body['stream'] !== true
      ? invalid(
          null,
          'stream_options',
          "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )
      : undefined,
  // 2.3 and 1.4: search-preview models.
  ({ body, model }) => {
    const name = model.kind === 'search' ? first(SEARCH_REFUSES, body) : undefined
    return name === undefined
      ? undefined
      : invalid(null, null, `Model incompatible request argument supplied: ${name}`)
  },
  // 2.1 web_search_options: only search models.
  ({ body, model }) =>
    model.kind !== 'search' && given(body, 'web_search_options')
      ? unsupportedParameter('web_search_options')
      : undefined,
  // 2.1 audio and modalities: only audio models; audio is required with audio output.
  ({ body, model }) => {
    const spoken = arrayOf(body['modalities']).includes('audio')
    if (model.kind !== 'audio' && (spoken || given(body, 'audio'))) {
      return invalid(
        'unsupported_value',
        'modalities',
        'This model does not support the requested modalities.',
      )
    }
    return spoken && !given(body, 'audio')
      ? invalid('missing_required_parameter', 'audio', "Missing required parameter: 'audio'.")
      : undefined
  },
  // 2.1 audio.format: streaming accepts only pcm16.
  ({ body }) => {
    const format = objectOf(body['audio'])['format']
    return body['stream'] === true && format !== undefined && format !== 'pcm16'
      ? unsupportedValue('audio.format', `'${textOf(format)}'`, "Only 'pcm16' is supported when stream=true.")
      : undefined
  },
  // 2.1 metadata: keys of up to 64, values of up to 512 characters.
  ({ body }) => {
    const long = Object.entries(objectOf(body['metadata'])).find(
      ([key, value]) => key.length > 64 || textOf(value).length > 512,
    )
    return long === undefined
      ? undefined
      : invalid(
          'string_above_max_length',
          `metadata.${long[0]}`,
          `Invalid 'metadata.${long[0]}': string too long.`,
        )
  },
]

export function checkModelRules(body: JsonObject, model: Model): void {
  const effort = textOf(body['reasoning_effort']) || (model.effort ?? '')
  for (const rule of RULES) {
    const refusal = rule({ body, model, effort })
    if (refusal !== undefined) throw refusal
  }
}
