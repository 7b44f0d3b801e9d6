import type { ChatRequest } from '../chat.ts'
import { isRecord } from '../guards.ts'
import { isAbsent, type JsonObject, listAt, listIn, nonEmptyTextAt, objectAt, textAt } from '../read.ts'
import type { BridgeContext } from './bridge.ts'
import { unsupportedValue } from './changes.ts'
import { recallReasoning } from './reasoning-notes.ts'

export interface ReadMessages {
  readonly items: readonly JsonObject[]
  /** The message that each item was made of. */
  readonly origins: readonly number[]
}

interface Walk {
  readonly items: JsonObject[]
  readonly origins: number[]
  /** Ids of the calls of custom tools, whose results have a type of their own. */
  readonly custom: Set<string>
  readonly context: BridgeContext
}

/** Messages as items, in order (openai.md 2.4). */
export function readMessages(request: ChatRequest, context: BridgeContext): ReadMessages {
  const walk: Walk = { items: [], origins: [], custom: new Set(), context }
  for (const [i, item] of request.messages.entries()) {
    const at = `messages[${i}]`
    const message = objectAt(item, at)
    const role = textAt(message['role'], `${at}.role`)
    const reader = Object.hasOwn(READERS, role) ? READERS[role] : undefined
    if (reader === undefined) throw unsupportedValue(`${at}.role`, role)
    walk.items.push(...reader(message, at, walk))
    while (walk.origins.length < walk.items.length) walk.origins.push(i)
  }
  return walk
}

type Reader = (message: JsonObject, at: string, walk: Walk) => readonly JsonObject[]
const READERS: Readonly<Record<string, Reader>> = {
  system: readSpoken,
  developer: readSpoken,
  user: readSpoken,
  assistant: readAssistant,
  tool: readResult,
}

function readSpoken({ role, content }: JsonObject, at: string): readonly JsonObject[] {
  return [{ role, content: contentOf(content, `${at}.content`, INPUT_PARTS) }]
}

function readAssistant(message: JsonObject, at: string, walk: Walk): readonly JsonObject[] {
  if (!isAbsent(message['function_call'])) throw unsupportedValue(`${at}.function_call`, 'function_call')
  const calls = (listIn(message['tool_calls'], `${at}.tool_calls`) ?? []).map((call, i) =>
    readCall(objectAt(call, `${at}.tool_calls[${i}]`), `${at}.tool_calls[${i}]`, walk),
  )
  const first = calls[0]?.['call_id']
  const thoughts = typeof first === 'string' ? recallReasoning(walk.context, first) : []
  return [...thoughts, ...spoken(message, at), ...calls]
}

function spoken({ content, refusal }: JsonObject, at: string): readonly JsonObject[] {
  const parts = isAbsent(content) || content === '' ? [] : partsOf(content, `${at}.content`)
  if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'refusal', refusal })
  return parts.length === 0 ? [] : [{ type: 'message', role: 'assistant', content: parts }]
}
function partsOf(content: unknown, at: string): JsonObject[] {
  const read = contentOf(content, at, OUTPUT_PARTS)
  return typeof read === 'string' ? [outputText(read)] : [...read]
}
const outputText = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [] })

function readCall(call: JsonObject, at: string, { custom }: Walk): JsonObject {
  const call_id = callIdOf(call['id'], `${at}.id`)
  const type = textAt(call['type'] ?? 'function', `${at}.type`)
  if (type !== 'function' && type !== 'custom') throw unsupportedValue(`${at}.type`, type)
  const called = objectAt(call[type], `${at}.${type}`)
  const name = nonEmptyTextAt(called['name'], `${at}.${type}.name`)
  if (type === 'function')
    return {
      type: 'function_call',
      call_id,
      name,
      arguments: textAt(called['arguments'] ?? '{}', `${at}.function.arguments`),
    }
  custom.add(call_id)
  return { type: 'custom_tool_call', call_id, name, input: textAt(called['input'], `${at}.custom.input`) }
}

function readResult(message: JsonObject, at: string, { custom }: Walk): readonly JsonObject[] {
  const call_id = callIdOf(message['tool_call_id'], `${at}.tool_call_id`)
  const type = custom.has(call_id) ? 'custom_tool_call_output' : 'function_call_output'
  return [{ type, call_id, output: contentOf(message['content'], `${at}.content`, INPUT_PARTS) }]
}

/** Responses takes 64 characters; other gateways write more into the id, behind what makes it unique. */
function callIdOf(value: unknown, at: string): string {
  return nonEmptyTextAt(value, at).slice(0, 64)
}

type Parts = Readonly<Record<string, (part: JsonObject, at: string) => JsonObject>>

function contentOf(content: unknown, at: string, parts: Parts): string | readonly JsonObject[] {
  if (typeof content === 'string') return content
  return listAt(content ?? undefined, at).map((item, i) => {
    const part = objectAt(item, `${at}[${i}]`)
    const type = textAt(part['type'], `${at}[${i}].type`)
    const reader = Object.hasOwn(parts, type) ? parts[type] : undefined
    if (reader === undefined) throw unsupportedValue(`${at}[${i}].type`, type)
    return reader(part, `${at}[${i}]`)
  })
}

/** Nested in chat, flat here; what is inside is for the server to judge. Responses takes no sound. */
const INPUT_PARTS: Parts = {
  text: ({ text }, at) => ({ type: 'input_text', text: textAt(text, `${at}.text`) }),
  image_url: ({ image_url: image }, at) => {
    if (!isRecord(image)) return { type: 'input_image', image_url: textAt(image, `${at}.image_url`) }
    const { url, detail } = image
    return {
      type: 'input_image',
      image_url: nonEmptyTextAt(url, `${at}.image_url.url`),
      detail: typeof detail === 'string' ? detail : 'auto',
    }
  },
  file: ({ file }, at) => ({ type: 'input_file', ...objectAt(file, `${at}.file`) }),
}
const OUTPUT_PARTS: Parts = {
  text: ({ text }, at) => outputText(textAt(text, `${at}.text`)),
  refusal: ({ refusal }, at) => ({ type: 'refusal', refusal: textAt(refusal, `${at}.refusal`) }),
}
