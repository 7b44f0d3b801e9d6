import { arrayOf, given, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { invalid, missing } from './errors.ts'
import { checkType, checkValue } from './fields.ts'
import { strictFault } from './strict.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** openai.md 2.6. */
export function checkTools(body: JsonObject): void {
  const tools = arrayOf(body['tools']).map(objectOf)
  tools.forEach((tool, index) => checkTool(tool, `tools[${index}]`))
  arrayOf(body['functions']).forEach((each, index) => checkFunction(objectOf(each), `functions[${index}]`))
  if (given(body, 'tool_choice')) checkChoice(body, namesOf(tools))
  if (given(body, 'parallel_tool_calls') && !given(body, 'tools')) {
    const text =
      "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified."
    throw invalid(null, 'parallel_tool_calls', text)
  }
  if (given(body, 'functions') && given(body, 'tools')) {
    throw invalid(null, 'functions', "'functions' and 'tools' cannot both be given.")
  }
}

function namesOf(tools: readonly JsonObject[]): string[] {
  return tools.map((tool) => textOf(objectOf(tool['function'] ?? tool['custom'])['name']))
}

function checkTool(tool: JsonObject, path: string): void {
  if (!given(tool, 'type')) throw missing(`${path}.type`)
  checkValue(tool['type'], ['function', 'custom'], `${path}.type`)
  const type = textOf(tool['type'])
  if (!isObject(tool[type])) throw missing(`${path}.${type}`)
  if (type === 'function') checkFunction(tool[type], `${path}.function`)
  else checkName(tool[type], `${path}.custom`)
}

function checkName(declared: JsonObject, path: string): void {
  if (!given(declared, 'name')) throw missing(`${path}.name`)
  if (NAME.test(textOf(declared['name']))) return
  const text = `Invalid '${path}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`
  throw invalid('invalid_value', `${path}.name`, text)
}

function checkFunction(declared: JsonObject, path: string): void {
  checkName(declared, path)
  if (!given(declared, 'parameters')) return
  checkType(declared['parameters'] as Json, 'object', `${path}.parameters`)
  const schema = objectOf(declared['parameters'])
  const fault = rootFault(schema) ?? (declared['strict'] === true ? strictFault(schema) : undefined)
  if (fault === undefined) return
  const text = `Invalid schema for function '${textOf(declared['name'])}': ${fault}`
  throw invalid('invalid_function_parameters', `${path}.parameters`, text)
}

/** Function parameters are an object at the root even without strict. `{}` counts as "no arguments". */
function rootFault(schema: JsonObject): string | undefined {
  if (schema['type'] === 'object' || Object.keys(schema).length === 0) return undefined
  return `schema must be a JSON Schema of 'type: "object"', got 'type: "${textOf(schema['type']) || 'None'}"'.`
}

function checkChoice(body: JsonObject, names: readonly string[]): void {
  const choice = body['tool_choice']
  if (typeof choice === 'string') checkValue(choice, ['none', 'auto', 'required'], 'tool_choice')
  if (names.length === 0 && choice !== 'none') {
    throw invalid(
      null,
      'tool_choice',
      "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
    )
  }
  if (!isObject(choice)) return
  checkValue(choice['type'], ['function', 'custom', 'allowed_tools'], 'tool_choice.type')
  const type = textOf(choice['type'])
  const detail = objectOf(choice[type])
  if (!isObject(choice[type])) throw missing(`tool_choice.${type}`)
  if (type === 'allowed_tools')
    checkValue(detail['mode'], ['auto', 'required'], 'tool_choice.allowed_tools.mode')
  const chosen =
    type === 'allowed_tools' ? namesOf(arrayOf(detail['tools']).map(objectOf)) : [textOf(detail['name'])]
  const stranger = chosen.find((name) => !names.includes(name))
  if (stranger === undefined) return
  throw invalid(
    null,
    'tool_choice',
    `Invalid value for 'tool_choice': tool '${stranger}' not found in 'tools' parameter.`,
  )
}
