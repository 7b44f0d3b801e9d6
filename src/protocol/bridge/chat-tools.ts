import type { ResponseFormat } from '../chat.ts'
import { isAbsent, type JsonObject, listAt, nonEmptyTextAt, objectAt, objectIn, textAt } from '../read.ts'
import { unsupportedValue } from './changes.ts'

/** Nested in chat, flat here (openai.md 3.3). */
export function flatTools(tools: unknown, search: unknown): readonly JsonObject[] {
  const flat = (isAbsent(tools) ? [] : listAt(tools, 'tools')).map((item, i) =>
    flatTool(objectAt(item, `tools[${i}]`), `tools[${i}]`),
  )
  return isAbsent(search) ? flat : [...flat, searchTool(objectAt(search, 'web_search_options'))]
}

/** Left out, `strict` means no in chat and yes in Responses (openai.md 2.4), so it is always said. */
function flatTool(tool: JsonObject, at: string): JsonObject {
  const type = textAt(tool['type'], `${at}.type`)
  if (type !== 'function' && type !== 'custom') throw unsupportedValue(`${at}.type`, type)
  const declared = objectAt(tool[type], `${at}.${type}`)
  nonEmptyTextAt(declared['name'], `${at}.${type}.name`)
  if (type === 'function') {
    const { parameters = null, strict } = declared
    return { ...declared, type, parameters, strict: strict === true }
  }
  const format = objectIn(declared['format'], `${at}.custom.format`)
  const { grammar, ...rest } = format ?? {}
  return {
    ...declared,
    type,
    ...(format && { format: { ...rest, ...objectIn(grammar, `${at}.custom.format.grammar`) } }),
  }
}

function searchTool({ search_context_size: size, user_location: location }: JsonObject): JsonObject {
  const place = objectIn(location, 'web_search_options.user_location')
  const approximate = objectIn(place?.['approximate'], 'web_search_options.user_location.approximate')
  return {
    type: 'web_search',
    ...(!isAbsent(size) && { search_context_size: size }),
    ...(approximate && { user_location: { type: 'approximate', ...approximate } }),
  }
}

export function flatChoice(value: unknown): unknown {
  if (isAbsent(value)) return undefined
  if (typeof value === 'string') return value
  const choice = objectAt(value, 'tool_choice')
  const type = textAt(choice['type'], 'tool_choice.type')
  if (type !== 'allowed_tools') return named(choice, 'tool_choice')
  const { mode, tools } = objectAt(choice['allowed_tools'], 'tool_choice.allowed_tools')
  const at = 'tool_choice.allowed_tools.tools'
  return {
    type,
    mode,
    tools: listAt(tools, at).map((item, i) => named(objectAt(item, `${at}[${i}]`), `${at}[${i}]`)),
  }
}
function named(choice: JsonObject, at: string): JsonObject {
  const type = textAt(choice['type'], `${at}.type`)
  return { type, name: nonEmptyTextAt(objectAt(choice[type], `${at}.${type}`)['name'], `${at}.${type}.name`) }
}

export function flatFormat(format: ResponseFormat | null | undefined): JsonObject | undefined {
  if (isAbsent(format)) return undefined
  if (format.type !== 'json_schema') return { type: format.type }
  const { strict, ...rest } = objectAt(format.json_schema, 'response_format.json_schema')
  return { type: format.type, ...rest, strict: strict === true }
}
