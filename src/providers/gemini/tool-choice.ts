import type { ChatRequest } from '../../protocol/chat.ts'
import { isRecord } from '../../protocol/guards.ts'
import { unsupportedValue } from './draft.ts'
import type { JsonObject } from './read.ts'
import { invalidValue, isAbsent, listAt, nonEmptyTextAt, objectAt, textAt } from './read.ts'

/** `tool_choice` and its legacy form, read. `names` are the caller's, in the order given. */
export interface Choice {
  readonly mode: 'auto' | 'none' | 'required'
  readonly names?: readonly string[]
  /** One function by name, which leaves the model nothing to decide. */
  readonly single?: true
}

const WORDS: Readonly<Record<string, Choice>> = {
  auto: { mode: 'auto' },
  none: { mode: 'none' },
  required: { mode: 'required' },
}

export function readChoice(request: ChatRequest, declared: ReadonlySet<string>): Choice {
  const legacy = isAbsent(request.tool_choice) && !isAbsent(request.function_call)
  const param = legacy ? 'function_call' : 'tool_choice'
  const choice = legacy ? legacyChoice(request.function_call) : currentChoice(request.tool_choice)
  if (choice.mode === 'required' && declared.size === 0) {
    throw invalidValue(param, `'${param}' demands a call, but there are no functions to call.`)
  }
  for (const name of choice.names ?? []) {
    if (!declared.has(name))
      throw invalidValue(param, `'${param}' names a function that is not among the tools.`)
  }
  return choice
}

function legacyChoice(value: unknown): Choice {
  if (typeof value === 'string') return word(value, 'function_call')
  const name = objectAt(value, 'function_call')['name']
  return { mode: 'required', names: [nonEmptyTextAt(name, 'function_call.name')], single: true }
}

function currentChoice(value: unknown): Choice {
  if (isAbsent(value)) return { mode: 'auto' }
  if (typeof value === 'string') return word(value, 'tool_choice')
  const choice = objectAt(value, 'tool_choice')
  const type = textAt(choice['type'], 'tool_choice.type')
  if (type === 'function')
    return { mode: 'required', names: [functionName(choice, 'tool_choice')], single: true }
  if (type === 'allowed_tools')
    return allowedTools(objectAt(choice['allowed_tools'], 'tool_choice.allowed_tools'))
  throw unsupportedValue(
    'tool_choice.type',
    `'tool_choice.type' must be function or allowed_tools with this model.`,
  )
}
function word(value: string, param: string): Choice {
  const choice = Object.hasOwn(WORDS, value) ? WORDS[value] : undefined
  if (choice === undefined) throw invalidValue(param, `'${param}' must be auto, none, required or an object.`)
  return choice
}
function functionName(entry: JsonObject, param: string): string {
  const at = `${param}.function`
  return nonEmptyTextAt(objectAt(entry['function'], at)['name'], `${at}.name`)
}
function allowedTools(allowed: JsonObject): Choice {
  const at = 'tool_choice.allowed_tools'
  const mode = textAt(allowed['mode'], `${at}.mode`)
  if (mode !== 'auto' && mode !== 'required')
    throw invalidValue(`${at}.mode`, `'${at}.mode' must be auto or required.`)
  const names = listAt(allowed['tools'], `${at}.tools`).map((item, i) => {
    const param = `${at}.tools[${i}]`
    const entry = objectAt(item, param)
    if (entry['type'] !== 'function' || !isRecord(entry['function'])) {
      throw unsupportedValue(`${param}.type`, `'${param}.type' must be function with this model.`)
    }
    return functionName(entry, param)
  })
  if (names.length === 0) throw invalidValue(`${at}.tools`, `'${at}.tools' must not be empty.`)
  return { mode, names }
}
