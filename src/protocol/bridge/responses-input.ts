import type { ChatMessage, ContentPart, ExtraContent, ToolCall } from '../chat.ts'
import { isRecord } from '../guards.ts'
import { invalidValue, type JsonObject, listAt, missing, nonEmptyTextAt, objectAt, textAt } from '../read.ts'
import type { ResponsesRequest } from '../responses.ts'
import { type Changes, unsupportedValue } from './changes.ts'
import { openEnvelope } from './envelope.ts'

/** An assistant's turn in the making. */
interface Turn extends ChatMessage {
  content: ContentPart[] | string | null
  tool_calls?: ToolCall[]
  images?: object[]
  extra_content?: ExtraContent
}
/** Where a message and its calls stand in the caller's input. */
export interface Origin {
  readonly path: string
  readonly calls: string[]
}
export interface ReadInput {
  readonly messages: readonly ChatMessage[]
  readonly origins: readonly Origin[]
}

interface Walk {
  readonly messages: ChatMessage[]
  readonly origins: Origin[]
  /** The turn that further items of the assistant join; none after anybody else has spoken. */
  turn: Turn | undefined
  /** Signatures by the id of the call or image that they stood on. */
  readonly signatures: ReadonlyMap<string, ExtraContent>
  /** A signature that came before the message it stood on. */
  waiting: ExtraContent | undefined
  readonly changes: Changes
}

/** The instructions and every item as chat messages, in order (openai.md 3.10). */
export function readInput(request: ResponsesRequest, changes: Changes): ReadInput {
  const items = itemsOf(request)
  const walk: Walk = {
    messages: [],
    origins: [],
    turn: undefined,
    signatures: signaturesOf(items),
    waiting: undefined,
    changes,
  }
  const { instructions } = request
  if (instructions !== undefined && instructions !== null && instructions !== '')
    say(walk, { role: 'system', content: textAt(instructions, 'instructions') }, 'instructions')
  for (const [i, item] of items.entries()) {
    const at = typeof request.input === 'string' ? 'input' : `input[${i}]`
    readItem(objectAt(item, at), at, walk)
  }
  return walk
}

function itemsOf({ input }: ResponsesRequest): readonly unknown[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  if (input === undefined || input === null) throw missing('input')
  if (input.length === 0) throw invalidValue('input', "'input' must not be empty.")
  return listAt(input, 'input')
}

function signaturesOf(items: readonly unknown[]): ReadonlyMap<string, ExtraContent> {
  const found = new Map<string, ExtraContent>()
  for (const item of items) {
    const envelope = isRecord(item) ? openEnvelope(item['encrypted_content']) : undefined
    if (envelope?.on !== undefined) found.set(envelope.on, { google: envelope.google })
  }
  return found
}

type Reader = (item: JsonObject, at: string, walk: Walk) => void
const READERS: Readonly<Record<string, Reader>> = {
  message: readMessage,
  function_call: readCall,
  function_call_output: readOutput,
  reasoning: readReasoning,
  image_generation_call: readImage,
  // The record of a search that a provider made for itself.
  web_search_call: (_item, _at, { changes }) => changes.note('input.web_search_call', 'dropped'),
}

function readItem(item: JsonObject, at: string, walk: Walk): void {
  const type = item['type'] ?? (item['role'] === undefined ? undefined : 'message')
  if (type === undefined) throw missing(`${at}.type`)
  const reader = typeof type === 'string' && Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (reader === undefined) throw unsupportedValue(`${at}.type`, type)
  reader(item, at, walk)
}

/** Anybody but the assistant ends the assistant's turn. */
function say(walk: Walk, message: ChatMessage, path: string): void {
  walk.turn = undefined
  walk.messages.push(message)
  walk.origins.push({ path, calls: [] })
}

function turnOf(walk: Walk, path: string): Turn {
  if (walk.turn === undefined) {
    const turn: Turn = { role: 'assistant', content: null }
    say(walk, turn, path)
    walk.turn = turn
    if (walk.waiting !== undefined) turn.extra_content = walk.waiting
    walk.waiting = undefined
  }
  return walk.turn
}

const ROLES: Readonly<Record<string, string>> = { user: 'user', system: 'system', developer: 'system' }

function readMessage(item: JsonObject, at: string, walk: Walk): void {
  const role = textAt(item['role'], `${at}.role`)
  const content = contentOf(item['content'], `${at}.content`)
  if (role === 'assistant') {
    const turn = turnOf(walk, at)
    turn.content = turn.content === null ? content : [...partsOf(turn.content), ...partsOf(content)]
    return
  }
  const name = Object.hasOwn(ROLES, role) ? ROLES[role] : undefined
  if (name === undefined)
    throw invalidValue(`${at}.role`, `'${at}.role' must be user, assistant, system or developer.`)
  say(walk, { role: name, content }, at)
}
const partsOf = (content: string | ContentPart[]): ContentPart[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content

function readCall(item: JsonObject, at: string, walk: Walk): void {
  const id = nonEmptyTextAt(item['call_id'], `${at}.call_id`)
  const extra = walk.signatures.get(id)
  const turn = turnOf(walk, at)
  turn.tool_calls ??= []
  turn.tool_calls.push({
    id,
    type: 'function',
    function: {
      name: nonEmptyTextAt(item['name'], `${at}.name`),
      arguments: textAt(item['arguments'], `${at}.arguments`),
    },
    ...(extra && { extra_content: extra }),
  })
  walk.origins.at(-1)?.calls.push(at)
}

function readOutput(item: JsonObject, at: string, walk: Walk): void {
  const id = nonEmptyTextAt(item['call_id'], `${at}.call_id`)
  say(walk, { role: 'tool', tool_call_id: id, content: contentOf(item['output'], `${at}.output`) }, at)
}

/** What was thought is no history; the signature with it goes back to the part that it stood on. */
function readReasoning(item: JsonObject, _at: string, walk: Walk): void {
  const envelope = openEnvelope(item['encrypted_content'])
  if (envelope === undefined) return walk.changes.note('input.reasoning', 'dropped')
  if (envelope.on !== undefined) return
  const extra = { google: envelope.google }
  if (walk.turn === undefined) walk.waiting = extra
  else walk.turn.extra_content = extra
}

function readImage(item: JsonObject, at: string, walk: Walk): void {
  const turn = turnOf(walk, at)
  const extra = walk.signatures.get(String(item['id']))
  turn.images ??= []
  turn.images.push({
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${nonEmptyTextAt(item['result'], `${at}.result`)}` },
    ...(extra && { extra_content: extra }),
  })
}

function contentOf(value: unknown, at: string): string | ContentPart[] {
  if (typeof value === 'string') return value
  return listAt(value, at).map((part, i) => partOf(objectAt(part, `${at}[${i}]`), `${at}[${i}]`))
}

/** Flat here, nested in chat; what is inside is for the codec to judge. */
const PARTS: Readonly<Record<string, (part: JsonObject, at: string) => ContentPart>> = {
  input_text: textPart,
  output_text: textPart,
  text: textPart,
  refusal: (part, at) => ({ type: 'refusal', refusal: textAt(part['refusal'], `${at}.refusal`) }),
  input_image: (part, at) => {
    if (typeof part['file_id'] === 'string') throw unsupportedValue(`${at}.file_id`, part['file_id'])
    const { detail } = part
    return {
      type: 'image_url',
      image_url: {
        url: nonEmptyTextAt(part['image_url'], `${at}.image_url`),
        ...(typeof detail === 'string' && { detail }),
      },
    }
  },
  input_file: (part, at) => {
    const { filename, file_id: id, file_data: data, file_url: url } = part
    if (typeof id === 'string') return { type: 'file', file: { file_id: id } }
    return {
      type: 'file',
      file: {
        file_data: nonEmptyTextAt(data ?? url, `${at}.${data === undefined ? 'file_url' : 'file_data'}`),
        ...(typeof filename === 'string' && { filename }),
      },
    }
  },
}
function textPart(part: JsonObject, at: string): ContentPart {
  return { type: 'text', text: textAt(part['text'], `${at}.text`) }
}
function partOf(part: JsonObject, at: string): ContentPart {
  const type = textAt(part['type'], `${at}.type`)
  const reader = Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
  if (reader === undefined) throw unsupportedValue(`${at}.type`, type)
  return reader(part, at)
}
