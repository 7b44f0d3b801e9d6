import { GatewayError } from '../../errors.ts'
import type { ChatRequest } from '../../protocol/chat.ts'
import { unsupportedValue } from './draft.ts'
import type { Format } from './format.ts'
import { ANY_OBJECT, readFormat, SCHEMA_PARAM } from './format.ts'
import type { Traits } from './model.ts'
import type { Names } from './names.ts'
import { createNames, uniqueName } from './names.ts'
import type { JsonObject } from './read.ts'
import { flagIn, invalidValue, isAbsent, listIn, nonEmptyTextAt, objectAt, objectIn, textIn } from './read.ts'
import type { GeminiParameters } from './schema/index.ts'
import { toParameters } from './schema/index.ts'
import { wantsThoughts } from './thinking.ts'
import type { Choice } from './tool-choice.ts'
import { readChoice } from './tool-choice.ts'

export interface DeclaredFunction {
  readonly name: string
  readonly description: string | undefined
  readonly parameters: GeminiParameters
  readonly strict: boolean
  readonly param: string
}

export interface Synthetic {
  readonly name: string
  readonly parameters: GeminiParameters
}

/** What a request says about tools and the form of the answer; the same going out and coming back. */
export interface Plan {
  readonly declared: ReadonlyMap<string, DeclaredFunction>
  readonly names: Names
  readonly choice: Choice
  readonly format: Format
  /**
   * The function, by its name at Google, through which the model gives the JSON answer: generations before 3
   * refuse JSON output beside functions, and all refuse it beside a forced call (gemini.md 4.4).
   */
  readonly synthetic: Synthetic | undefined
  /** Answered by `function_call` instead of `tool_calls`. */
  readonly legacy: boolean
  readonly firstCallOnly: boolean
  /** Thought summaries were asked for. */
  readonly thoughts: boolean
}

/** Google's own limit. */
const MOST_FUNCTIONS = 512
const SYNTHETIC_NAME = 'json_response'

export function planTools(request: ChatRequest, traits: Traits): Plan {
  const declared = readFunctions(request)
  const choice = readChoice(request, new Set(declared.keys()))
  const format = readFormat(request)
  const legacy = !isAbsent(request.functions)
  const synthetic = syntheticFor(declared, choice, format, traits)
  return {
    declared,
    names: createNames(synthetic === undefined ? [...declared.keys()] : [...declared.keys(), synthetic.name]),
    choice,
    format,
    synthetic,
    legacy,
    // The legacy form holds one call.
    firstCallOnly: legacy || flagIn(request.parallel_tool_calls, 'parallel_tool_calls') === false,
    thoughts: wantsThoughts(request),
  }
}
function syntheticFor(
  declared: Plan['declared'],
  choice: Choice,
  format: Format,
  traits: Traits,
): Synthetic | undefined {
  if (format.kind === 'text' || declared.size === 0 || choice.mode === 'none' || choice.single === true)
    return undefined
  if (traits.generation >= 3 && choice.mode !== 'required') return undefined
  const code = 'invalid_json_schema'
  return {
    name: uniqueName(SYNTHETIC_NAME, declared),
    parameters: toParameters(format.schema ?? ANY_OBJECT, SCHEMA_PARAM, { code }),
  }
}

function readFunctions(request: ChatRequest): ReadonlyMap<string, DeclaredFunction> {
  const tools = listIn(request.tools, 'tools')
  const legacy = listIn(request.functions, 'functions')
  if (tools !== undefined && legacy !== undefined) {
    throw invalidValue('functions', "'functions' and 'tools' must not be used together.")
  }
  const read = tools === undefined ? (legacy ?? []).map(legacyFunction) : tools.map(toolFunction)
  if (read.length > MOST_FUNCTIONS) {
    throw new GatewayError('too_many_items', `Gemini takes at most ${MOST_FUNCTIONS} functions.`, {
      param: 'tools',
    })
  }
  const declared = new Map<string, DeclaredFunction>()
  for (const each of read) {
    if (declared.has(each.name))
      throw invalidValue(`${each.param}.name`, `'${each.param}.name' is declared twice.`)
    declared.set(each.name, each)
  }
  return declared
}
function toolFunction(item: unknown, i: number): DeclaredFunction {
  const at = `tools[${i}]`
  const tool = objectAt(item, at)
  const type = nonEmptyTextAt(tool['type'], `${at}.type`)
  if (type !== 'function')
    throw unsupportedValue(`${at}.type`, `'${at}.type' must be function with this model.`)
  return readFunction(objectAt(tool['function'], `${at}.function`), `${at}.function`)
}
function legacyFunction(item: unknown, i: number): DeclaredFunction {
  const at = `functions[${i}]`
  return readFunction(objectAt(item, at), at)
}
function readFunction(definition: JsonObject, param: string): DeclaredFunction {
  return {
    name: nonEmptyTextAt(definition['name'], `${param}.name`),
    description: textIn(definition['description'], `${param}.description`),
    parameters: toParameters(
      objectIn(definition['parameters'], `${param}.parameters`),
      `${param}.parameters`,
    ),
    strict: flagIn(definition['strict'], `${param}.strict`) ?? false,
    param,
  }
}
