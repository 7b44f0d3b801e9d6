import type { ResponseFormat, Tool, ToolChoice } from '../chat.ts'
import { isAbsent, type JsonObject, listAt, nonEmptyTextAt, objectAt, objectIn, textAt } from '../read.ts'
import { type Changes, unsupportedParameter, unsupportedValue } from './changes.ts'

export interface ReadTools {
  readonly tools: readonly Tool[]
  /** Which of the caller's tools each one was. */
  readonly positions: readonly number[]
  readonly search: { readonly options: JsonObject; readonly position: number } | undefined
}

const SEARCH = /^web_search(?:_preview)?(?:_\d{4}_\d{2}_\d{2})?$/

/** Function tools, and a web search as chat's own option; every other tool runs at OpenAI only. */
export function readTools(value: unknown, changes: Changes): ReadTools {
  const tools: Tool[] = []
  const positions: number[] = []
  let search: ReadTools['search']
  for (const [i, item] of (isAbsent(value) ? [] : listAt(value, 'tools')).entries()) {
    const at = `tools[${i}]`
    const tool = objectAt(item, at)
    const type = textAt(tool['type'], `${at}.type`)
    if (type === 'function') {
      tools.push(functionTool(tool, at))
      positions.push(i)
    } else if (SEARCH.test(type)) search = { options: searchOptions(tool, at, changes), position: i }
    else throw unsupportedValue(`${at}.type`, type, " Use 'function' or 'web_search'.")
  }
  return { tools, positions, search }
}

/** `strict` stays as it is: left out, a translating codec decides for itself. */
function functionTool(tool: JsonObject, at: string): Tool {
  const { description, parameters, strict } = tool
  return {
    type: 'function',
    function: {
      name: nonEmptyTextAt(tool['name'], `${at}.name`),
      ...(typeof description === 'string' && { description }),
      ...(!isAbsent(parameters) && { parameters }),
      ...(typeof strict === 'boolean' && { strict }),
    },
  }
}

/** Where to search is a demand; how much of it to read is a hint, which chat has a place for. */
function searchOptions(tool: JsonObject, at: string, changes: Changes): JsonObject {
  if (!isAbsent(tool['filters'])) throw unsupportedParameter(`${at}.filters`)
  if (tool['external_web_access'] === false) throw unsupportedParameter(`${at}.external_web_access`)
  const { search_context_size: size, user_location: place } = tool
  if (!isAbsent(place)) changes.leaveOut('tools.user_location', `${at}.user_location`)
  if (!isAbsent(size) && size !== 'medium')
    changes.leaveOut('tools.search_context_size', `${at}.search_context_size`)
  return {}
}

/** Flat here, nested in chat (openai.md 3.3). */
export function readChoice(value: unknown, functions: number): ToolChoice | undefined {
  if (isAbsent(value)) return undefined
  // A search is the model's own decision, so there is nothing to choose from.
  if (value === 'auto' || value === 'none' || value === 'required')
    return functions === 0 && value === 'auto' ? undefined : value
  if (typeof value === 'string') throw unsupportedValue('tool_choice', value)
  const choice = objectAt(value, 'tool_choice')
  const type = textAt(choice['type'], 'tool_choice.type')
  if (type === 'function')
    return { type, function: { name: nonEmptyTextAt(choice['name'], 'tool_choice.name') } }
  if (type !== 'allowed_tools') throw unsupportedValue('tool_choice.type', type)
  const mode = choice['mode'] === 'required' ? 'required' : 'auto'
  const tools = listAt(choice['tools'], 'tool_choice.tools').map((item, i) => {
    const at = `tool_choice.tools[${i}]`
    const tool = objectAt(item, at)
    if (tool['type'] !== 'function') throw unsupportedValue(`${at}.type`, tool['type'])
    return { type: 'function', function: { name: nonEmptyTextAt(tool['name'], `${at}.name`) } }
  })
  return { type, allowed_tools: { mode, tools } }
}

/** `text.format`: flat here, nested under `json_schema` in chat. */
export function readFormat(text: JsonObject | undefined): ResponseFormat | undefined {
  const format = objectIn(text?.['format'], 'text.format')
  if (format === undefined) return undefined
  const type = textAt(format['type'], 'text.format.type')
  if (type === 'text' || type === 'json_object') return { type }
  if (type !== 'json_schema') throw unsupportedValue('text.format.type', type)
  const { description, schema, strict } = format
  return {
    type,
    json_schema: {
      name: nonEmptyTextAt(format['name'], 'text.format.name'),
      schema: objectAt(schema, 'text.format.schema'),
      ...(typeof description === 'string' && { description }),
      ...(typeof strict === 'boolean' && { strict }),
    },
  }
}
