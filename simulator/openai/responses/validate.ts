import { arrayOf, given, isObject, objectOf, textOf } from '../../json.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { Exchange } from '../../types.ts'
import { invalid, missing, openaiError } from '../errors.ts'
import { checkField, checkType, checkValue } from '../fields.ts'
import type { Field } from '../fields.ts'
import { isShut, modelNamed } from '../models.ts'
import type { Model } from '../models.ts'
import { strictFault } from '../strict.ts'
import { checkItems } from './input.ts'
import type { Memory } from './memory.ts'

/** openai.md 3.1. */
const FIELDS: readonly Field[] = [
  { name: 'background', kind: 'boolean' },
  { name: 'context_management', kind: 'array' },
  { name: 'conversation', kind: 'string or object' },
  { name: 'include', kind: 'array' },
  { name: 'instructions', kind: 'string' },
  { name: 'max_output_tokens', kind: 'integer', min: 16 },
  { name: 'max_tool_calls', kind: 'integer', min: 1 },
  { name: 'metadata', kind: 'object', max: 16 },
  { name: 'moderation', kind: 'object' },
  { name: 'parallel_tool_calls', kind: 'boolean' },
  { name: 'previous_response_id', kind: 'string' },
  { name: 'prompt', kind: 'object' },
  { name: 'prompt_cache_key', kind: 'string', max: 64 },
  { name: 'prompt_cache_options', kind: 'object' },
  { name: 'prompt_cache_retention', kind: 'string' },
  { name: 'reasoning', kind: 'object' },
  { name: 'safety_identifier', kind: 'string', max: 64 },
  { name: 'service_tier', kind: 'string' },
  { name: 'store', kind: 'boolean' },
  { name: 'stream', kind: 'boolean' },
  { name: 'stream_options', kind: 'object' },
  { name: 'temperature', kind: 'decimal', min: 0, max: 2 },
  { name: 'text', kind: 'object' },
  { name: 'tool_choice', kind: 'string or object' },
  { name: 'tools', kind: 'array' },
  { name: 'top_logprobs', kind: 'integer', min: 0, max: 20 },
  { name: 'top_p', kind: 'decimal', min: 0, max: 1 },
  { name: 'truncation', kind: 'string', values: ['auto', 'disabled'] },
  { name: 'user', kind: 'string' },
]

/** openai.md 3.12: fields of chat that have no place here, refused like any field the server does not know. */
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

const INCLUDES = [
  'web_search_call.results',
  'web_search_call.action.sources',
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
]

/** The request as OpenAI judges it, and the model it is for. */
export function validate({ json, headers, settings }: Exchange, memory: Memory): Model {
  if (!(headers.get('content-type') ?? '').includes('application/json'))
    throw invalid('unsupported_content_type', null, 'Unsupported content type. Send application/json.')
  if (!isObject(json)) throw invalid(null, null, 'We could not parse the JSON body of your request.')
  const foreign = OF_CHAT.find((name) => given(json, name))
  if (foreign !== undefined) throw unknown(foreign)
  if (settings.strictUnknown) refuseUnknown(json)
  const model = responsesModel(json, settings.today)
  for (const field of FIELDS) checkField(json, field)
  for (const [index, value] of arrayOf(json['include']).entries())
    checkValue(value, INCLUDES, `include[${index}]`)
  checkState(json, memory)
  checkItems(json, memory)
  checkTools(json, model)
  checkFormat(json)
  checkReasoning(json, model)
  return model
}

function unknown(name: string): Error {
  return invalid('unknown_parameter', name, `Unknown parameter: '${name}'.`)
}

function refuseUnknown(body: JsonObject): void {
  const known = new Set(['model', 'input', ...FIELDS.map(({ name }) => name)])
  const stranger = Object.keys(body).find((name) => !known.has(name))
  if (stranger !== undefined) throw unknown(stranger)
}

function responsesModel(body: JsonObject, today: string): Model {
  if (!given(body, 'model')) throw missing('model')
  const id = textOf(body['model'])
  const model = modelNamed(id)
  if (model === undefined || isShut(model, today)) {
    const message = `The requested model '${id}' does not exist.`
    throw openaiError(400, { code: 'model_not_found', param: 'model', message })
  }
  if (!['chat', 'reasoning', 'responses'].includes(model.kind)) {
    const message = `The requested model '${id}' cannot be used with the Responses API.`
    throw openaiError(400, { code: 'unsupported_model', param: 'model', message })
  }
  return model
}

/** openai.md 3.7. */
function checkState(body: JsonObject, memory: Memory): void {
  const previous = body['previous_response_id']
  if (typeof previous === 'string') {
    if (given(body, 'conversation')) {
      const text = "'previous_response_id' and 'conversation' cannot be used together."
      throw invalid('mutually_exclusive_parameters', 'previous_response_id', text)
    }
    if (!memory.responses.has(previous)) {
      const text = `Previous response with id '${previous}' not found.`
      throw invalid('previous_response_not_found', 'previous_response_id', text)
    }
  }
  if (body['background'] === true && body['store'] === false)
    throw invalid('invalid_value', 'background', "'background' requires 'store' to be true.")
}

const TOOLS = [
  'function',
  'custom',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
  'file_search',
  'code_interpreter',
  'image_generation',
  'mcp',
  'computer',
  'computer_use_preview',
  'local_shell',
  'shell',
  'apply_patch',
  'namespace',
  'tool_search',
]
const NAME = /^[A-Za-z0-9_-]{1,64}$/

function checkTools(body: JsonObject, model: Model): void {
  const tools = arrayOf(body['tools']).map(objectOf)
  tools.forEach((tool, index) => checkTool(tool, `tools[${index}]`))
  if (given(body, 'tool_choice')) checkChoice(body, tools)
  if (!/deep-research/.test(model.id)) return
  if (tools.some((tool) => /^(?:web_search|file_search|mcp)/.test(textOf(tool['type'])))) return
  const text =
    "Deep research models require at least one of 'web_search_preview', 'mcp', or 'file_search' tools."
  throw invalid(null, 'tools', text)
}

/** openai.md 3.3: flat, where chat nests. */
function checkTool(tool: JsonObject, path: string): void {
  if (!given(tool, 'type')) throw missing(`${path}.type`)
  checkValue(tool['type'], TOOLS, `${path}.type`)
  if (tool['type'] !== 'function' && tool['type'] !== 'custom') return
  if (!given(tool, 'name')) throw missing(`${path}.name`)
  if (!NAME.test(textOf(tool['name']))) {
    const text = `Invalid '${path}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`
    throw invalid('invalid_value', `${path}.name`, text)
  }
  if (tool['type'] !== 'function' || !given(tool, 'parameters')) return
  checkType(tool['parameters'] as Json, 'object', `${path}.parameters`)
  const fault = tool['strict'] === true ? strictFault(objectOf(tool['parameters'])) : undefined
  if (fault === undefined) return
  const text = `Invalid schema for function '${textOf(tool['name'])}': ${fault}`
  throw invalid('invalid_function_parameters', `${path}.parameters`, text)
}

function checkChoice(body: JsonObject, tools: readonly JsonObject[]): void {
  const choice = body['tool_choice']
  if (typeof choice === 'string') checkValue(choice, ['none', 'auto', 'required'], 'tool_choice')
  if (choice === 'required' && tools.length === 0)
    throw invalid(null, 'tool_choice', "Tool choice 'required' must be specified with 'tools' parameter.")
  if (!isObject(choice)) return
  checkValue(choice['type'], ['allowed_tools', ...TOOLS], 'tool_choice.type')
  const chosen = choice['type'] === 'allowed_tools' ? arrayOf(choice['tools']).map(objectOf) : [choice]
  const stranger = chosen.find(
    ({ type, name }) => !tools.some((tool) => tool['type'] === type && tool['name'] === name),
  )
  if (stranger === undefined) return
  const text = `Tool choice '${textOf(stranger['name']) || textOf(stranger['type'])}' not found in 'tools' parameter.`
  throw invalid('invalid_value', 'tool_choice', text)
}

/** openai.md 3.1, text: flat, where chat nests under json_schema. */
function checkFormat(body: JsonObject): void {
  const format = objectOf(body['text'])['format']
  if (!isObject(format)) return
  checkValue(format['type'], ['text', 'json_object', 'json_schema'], 'text.format.type')
  if (format['type'] !== 'json_schema') return
  for (const name of ['name', 'schema']) if (!given(format, name)) throw missing(`text.format.${name}`)
  const fault = format['strict'] === true ? strictFault(objectOf(format['schema'])) : undefined
  if (fault === undefined) return
  const text = `Invalid schema for response_format '${textOf(format['name'])}': ${fault}`
  throw invalid('invalid_json_schema', 'text.format.schema', text)
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

function checkReasoning(body: JsonObject, model: Model): void {
  const reasoning = objectOf(body['reasoning'])
  const { effort } = reasoning
  if (model.kind === 'chat' && (given(reasoning, 'effort') || given(reasoning, 'summary'))) {
    const name = given(reasoning, 'effort') ? 'reasoning.effort' : 'reasoning.summary'
    throw unsupported(name)
  }
  if (given(reasoning, 'effort')) checkValue(effort, EFFORTS, 'reasoning.effort')
  if (given(reasoning, 'effort') && model.efforts !== undefined && !model.efforts.includes(textOf(effort))) {
    const listed = model.efforts.map((each) => `'${each}'`).join(', ')
    const text = `Unsupported value: '${textOf(effort)}' is not supported with the '${model.id}' model. Supported values are: ${listed}.`
    throw invalid('unsupported_value', 'reasoning.effort', text)
  }
  if (given(reasoning, 'summary'))
    checkValue(reasoning['summary'], ['auto', 'concise', 'detailed'], 'reasoning.summary')
  checkSampling(body, model)
}

function checkSampling(body: JsonObject, model: Model): void {
  if (model.kind === 'chat' || effortOf(body, model) === 'none') return
  const sampled = ['temperature', 'top_p'].find((name) => given(body, name) && body[name] !== 1)
  if (sampled !== undefined) throw unsupported(sampled)
}

function unsupported(name: string): Error {
  return invalid(
    'unsupported_parameter',
    name,
    `Unsupported parameter: '${name}' is not supported with this model.`,
  )
}

/** The effort that holds: the one asked for, or the model's own. */
export function effortOf(body: JsonObject, model: Model): string {
  if (model.kind === 'chat') return 'none'
  return textOf(objectOf(body['reasoning'])['effort']) || (model.effort ?? 'medium')
}
