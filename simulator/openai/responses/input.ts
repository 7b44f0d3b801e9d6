import { arrayOf, given, isObject, objectOf, textOf } from '../../json.ts'
import type { Json, JsonObject } from '../../json.ts'
import { invalid, missing, openaiError } from '../errors.ts'
import { checkType, checkValue } from '../fields.ts'
import type { Memory } from './memory.ts'

/** A string is one user message; the items of the response that is gone on with come first: openai.md 3.1, 3.7. */
export function itemsOf(body: JsonObject, memory: Memory): JsonObject[] {
  const input = body['input']
  const own =
    typeof input === 'string'
      ? [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }]
      : arrayOf(input).map(objectOf)
  const before = memory.responses.get(textOf(body['previous_response_id']))
  return before === undefined ? own : [...before.input, ...before.output, ...own]
}

const ROLES: Record<string, readonly string[]> = {
  user: ['input_text', 'input_image', 'input_file'],
  system: ['input_text'],
  developer: ['input_text'],
  assistant: ['output_text', 'refusal'],
}
/** openai.md 9.1: an item's id tells its type, and the server looks. */
const PREFIXES: Record<string, string> = { message: 'msg', function_call: 'fc', reasoning: 'rs' }

/** What is checked of each item, by its type: openai.md 3.2. */
const ITEMS: Record<string, (item: JsonObject, path: string, body: JsonObject, memory: Memory) => void> = {
  message: checkMessage,
  function_call: (item, path) => required(item, path, ['call_id', 'name', 'arguments']),
  function_call_output: (item, path) => {
    required(item, path, ['call_id'])
    if (!given(item, 'output')) throw missing(`${path}.output`)
    checkType(item['output'] as Json, 'string or array', `${path}.output`)
    arrayOf(item['output']).forEach((part, index) =>
      checkValue(objectOf(part)['type'], ROLES['user'], `${path}.output[${index}].type`),
    )
  },
  custom_tool_call: (item, path) => required(item, path, ['call_id', 'name', 'input']),
  custom_tool_call_output: (item, path) => required(item, path, ['call_id']),
  reasoning: checkReasoning,
  web_search_call: (item, path) => required(item, path, ['id']),
  item_reference: (item, path, _body, memory) => {
    required(item, path, ['id'])
    if (!memory.items.has(textOf(item['id']))) throw notFound(item)
  },
}

/** `items` are all there are, `from` is where the caller's own begin. */
export function checkItems(body: JsonObject, memory: Memory): void {
  const input = body['input']
  if (!given(body, 'input')) throw missing('input')
  checkType(input as Json, 'string or array', 'input')
  arrayOf(input).forEach((item, index) => {
    const path = `input[${index}]`
    checkType(item, 'object', path)
    checkItem(objectOf(item), path, body, memory)
  })
  checkCalls(itemsOf(body, memory))
}

function checkItem(item: JsonObject, path: string, body: JsonObject, memory: Memory): void {
  const type = textOf(item['type']) || (given(item, 'role') ? 'message' : '')
  if (type === '') throw missing(`${path}.type`)
  checkValue(type, Object.keys(ITEMS), path)
  const prefix = PREFIXES[type]
  const id = textOf(item['id'])
  if (prefix !== undefined && given(item, 'id') && !id.startsWith(prefix)) {
    const text = `Invalid '${path}.id': '${id}'. Expected an ID that begins with '${prefix}'.`
    throw invalid('invalid_value', `${path}.id`, text)
  }
  if (textOf(item['call_id']).length > 64)
    throw invalid('string_above_max_length', `${path}.call_id`, `Invalid '${path}.call_id': string too long.`)
  ITEMS[type]?.(item, path, body, memory)
}

function required(item: JsonObject, path: string, names: readonly string[]): void {
  for (const name of names) {
    if (!given(item, name)) throw missing(`${path}.${name}`)
    checkType(item[name] as Json, 'string', `${path}.${name}`)
  }
}

function checkMessage(item: JsonObject, path: string): void {
  if (!given(item, 'role')) throw missing(`${path}.role`)
  checkValue(item['role'], Object.keys(ROLES), `${path}.role`)
  if (!given(item, 'content')) throw missing(`${path}.content`)
  checkType(item['content'] as Json, 'string or array', `${path}.content`)
  const allowed = ROLES[textOf(item['role'])] ?? []
  arrayOf(item['content']).forEach((part, index) =>
    checkPart(objectOf(part), `${path}.content[${index}]`, allowed),
  )
}

function checkPart(part: JsonObject, path: string, allowed: readonly string[]): void {
  checkValue(part['type'], allowed, path)
  const type = textOf(part['type'])
  if (type === 'input_text' || type === 'output_text') required(part, path, ['text'])
  if (type === 'refusal') required(part, path, ['refusal'])
  if (type === 'input_image') {
    // Flat here, nested in chat: openai.md 3.12.
    if (!given(part, 'image_url') && !given(part, 'file_id')) throw missing(`${path}.image_url`)
    if (given(part, 'image_url')) checkType(part['image_url'] as Json, 'string', `${path}.image_url`)
  }
  if (type === 'input_file' && !['file_id', 'file_data', 'file_url'].some((name) => given(part, name)))
    throw missing(`${path}.file_id`)
}

/** openai.md 3.2, rules: a bare reasoning id must be known, an encrypted one must be OpenAI's own. */
function checkReasoning(item: JsonObject, path: string, _body: JsonObject, memory: Memory): void {
  required(item, path, ['id'])
  if (!Array.isArray(item['summary'])) throw missing(`${path}.summary`)
  const encrypted = item['encrypted_content']
  if (typeof encrypted !== 'string') {
    if (!memory.items.has(textOf(item['id']))) throw notFound(item)
    return
  }
  if (!encrypted.startsWith('gAAA')) {
    const text = `The encrypted content for item ${textOf(item['id'])} could not be verified.`
    throw invalid('invalid_encrypted_content', null, text)
  }
}

function notFound(item: JsonObject): Error {
  const text = `Item with id '${textOf(item['id'])}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`
  return openaiError(404, { param: 'input', message: text })
}

/** Outputs match their calls by call_id, and every call needs one: openai.md 3.2. */
function checkCalls(items: readonly JsonObject[]): void {
  const open = new Set<string>()
  for (const item of items) {
    const type = textOf(item['type'])
    const callId = textOf(item['call_id'])
    if (type === 'function_call' || type === 'custom_tool_call') open.add(callId)
    if (type !== 'function_call_output' && type !== 'custom_tool_call_output') continue
    if (!open.delete(callId))
      throw invalid(null, 'input', `No tool call found for function call output with call_id ${callId}.`)
  }
  const [waiting] = open
  if (waiting !== undefined)
    throw invalid(null, 'input', `No tool output found for function call ${waiting}.`)
}

/** All text of one item's content, whatever its parts. */
export function contentText(content: Json | undefined): string {
  return typeof content === 'string'
    ? content
    : arrayOf(content)
        .filter(isObject)
        .map((part) => textOf(part['text']))
        .filter((text) => text !== '')
        .join(' ')
}

/** Where a directive may stand. */
export function inputText(input: Json | undefined): string {
  if (typeof input === 'string') return input
  return contentText(
    objectOf(arrayOf(input).findLast((item) => objectOf(item)['role'] === 'user'))['content'],
  )
}
