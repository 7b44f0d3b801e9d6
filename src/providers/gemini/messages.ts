import type { Draft } from './draft.ts'
import { approximate, leaveOut, note } from './draft.ts'
import type { Call, History } from './assistant.ts'
import { assistantTurn } from './assistant.ts'
import { contentParts, requiredContent, TEXT_ONLY, USER_PARTS } from './parts.ts'
import type { Plan } from './plan.ts'
import type { JsonObject } from './read.ts'
import { invalidValue, isAbsent, listAt, nonEmptyTextAt, objectAt, textAt } from './read.ts'
import { bareCallId, signCurrentTurn } from './signatures.ts'
import type { ToolResult } from './tool-results.ts'
import { toolResult } from './tool-results.ts'
import type { Turns } from './turns.ts'
import { createTurns } from './turns.ts'
import type { RequestContent, RequestPart } from './wire.ts'

export interface Conversation {
  readonly contents: readonly RequestContent[]
  readonly system: readonly RequestPart[]
  /** Google's names of the functions that the history calls. */
  readonly called: ReadonlySet<string>
}

/** Calls that wait for their results; only the messages right after them may bring these. */
interface Step {
  readonly at: string
  readonly calls: readonly Call[]
  readonly results: Map<string, ToolResult>
}
interface Walk extends History {
  readonly turns: Turns
  readonly system: RequestPart[]
  readonly called: Set<string>
  step: Step | undefined
  started: boolean
}

type Reader = (message: JsonObject, at: string, walk: Walk) => void

const READERS: Readonly<Record<string, Reader>> = {
  system: readSystem,
  developer: readSystem,
  user: readUser,
  assistant: readAssistant,
  tool: (message, at, walk) => {
    const id = nonEmptyTextAt(message['tool_call_id'], `${at}.tool_call_id`)
    readResult(message, { at, key: bareCallId(id), param: `${at}.tool_call_id` }, walk)
  },
  function: (message, at, walk) => {
    const name = nonEmptyTextAt(message['name'], `${at}.name`)
    readResult(message, { at, key: name, param: `${at}.name` }, walk)
  },
}

/** The whole history in Google's order of turns, or `GatewayError` at the message that breaks it (gemini.md 4.2). */
export function encodeMessages(draft: Draft, plan: Plan): Conversation {
  const walk: Walk = {
    draft,
    plan,
    turns: createTurns(),
    system: [],
    usedIds: new Set(),
    called: new Set(),
    step: undefined,
    started: false,
  }
  for (const [i, item] of listAt(draft.request.messages, 'messages').entries()) {
    const at = `messages[${i}]`
    const message = objectAt(item, at)
    const role = textAt(message['role'], `${at}.role`)
    const reader = Object.hasOwn(READERS, role) ? READERS[role] : undefined
    if (reader === undefined) {
      throw invalidValue(`${at}.role`, `'${at}.role' must be one of: ${Object.keys(READERS).join(', ')}.`)
    }
    listUnread(message, role, at, draft)
    if (role !== 'tool' && role !== 'function') closeStep(walk)
    reader(message, at, walk)
  }
  closeStep(walk)
  return finish(walk)
}

/** What some reader reads, or what an answer of ours or of another gateway is known to have brought. */
const READ_MEMBERS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'audio',
  'images',
  'annotations',
  'is_error',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
  'extra_content',
  'provider_specific_fields',
])
/** Names tell results apart, and have no place at Google's otherwise. */
const NAMED_ROLES: ReadonlySet<string> = new Set(['tool', 'function'])

function listUnread(message: JsonObject, role: string, at: string, draft: Draft): void {
  for (const [name, value] of Object.entries(message)) {
    if (READ_MEMBERS.has(name) || isAbsent(value)) continue
    if (name !== 'name' || !NAMED_ROLES.has(role)) leaveOut(draft, `messages.${name}`, `${at}.${name}`)
  }
}

/** Google has one place for instructions: those given later move there, which changes where they stand. */
function readSystem(message: JsonObject, at: string, walk: Walk): void {
  const content = requiredContent(message['content'], `${at}.content`)
  const parts = contentParts(content, `${at}.content`, TEXT_ONLY, walk.draft)
  if (walk.started && parts.length > 0) {
    const message = 'Gemini takes instructions at the start of a conversation only.'
    approximate(walk.draft, { parameter: 'messages.system', what: 'hoisted', message, param: `${at}.role` })
  }
  walk.system.push(...parts)
}

function readUser(message: JsonObject, at: string, walk: Walk): void {
  walk.started = true
  walk.turns.add(
    'user',
    contentParts(
      requiredContent(message['content'], `${at}.content`),
      `${at}.content`,
      USER_PARTS,
      walk.draft,
    ),
  )
}

function readAssistant(message: JsonObject, at: string, walk: Walk): void {
  walk.started = true
  const { parts, calls } = assistantTurn(message, at, walk)
  walk.turns.add('model', parts)
  if (calls.length > 0) walk.step = { at, calls, results: new Map() }
  for (const call of calls) walk.called.add(call.name)
}

/** Ids are looked up in the nearest assistant message only: clients use them again in later turns. */
function readResult(
  message: JsonObject,
  result: { at: string; key: string; param: string },
  walk: Walk,
): void {
  const { at, key, param } = result
  const call = walk.step?.calls.find((each) => each.key === key)
  if (walk.step === undefined || call === undefined) {
    throw invalidValue(
      param,
      `'${at}' answers a tool call that the assistant message before it does not make.`,
    )
  }
  if (walk.step.results.has(key))
    throw invalidValue(param, `'${at}' answers a tool call that already has its result.`)
  walk.step.results.set(key, toolResult(message, at, call, walk.draft))
}

/** Google demands exactly one result per call, in one content, in the order of the calls. */
function closeStep(walk: Walk): void {
  const { step } = walk
  if (step === undefined) return
  walk.step = undefined
  const results = step.calls.map((call, i) => {
    const result = step.results.get(call.key)
    if (result !== undefined) return result
    const param = `${step.at}.tool_calls[${i}].id`
    throw invalidValue(
      param,
      `The tool call '${printable(call.key)}' of '${step.at}' has no result: a tool message must follow for each call.`,
    )
  })
  walk.turns.addResults(results.map((result) => result.part))
  walk.turns.add(
    'user',
    results.flatMap((result) => result.following),
  )
}

/** From here on a trailing model turn, to be continued, is refused (gemini.md 2.2). */
const REFUSES_PREFILL = 3.7

function finish(walk: Walk): Conversation {
  const { draft, turns, called, system } = walk
  const inUserTurn = !draft.traits.systemInstruction
  if (inUserTurn && system.length > 0 && turns.contents.length > 0)
    note(draft, 'messages.system', 'moved_to_user')
  // Instructions alone are no conversation to Google.
  const alone = turns.contents.length === 0
  const contents = inUserTurn || alone ? withFirstUser(turns.contents, system) : turns.contents
  if (contents.length === 0) throw invalidValue('messages', "'messages' must have some content.")
  return {
    contents: signCurrentTurn(closed(opened(contents, draft), draft), draft),
    system: inUserTurn || alone ? [] : system,
    called,
  }
}

/** A history cut from its beginning may start with a call, which must follow a user's turn. */
function opened(contents: readonly RequestContent[], draft: Draft): readonly RequestContent[] {
  const [first] = contents
  if (first?.role !== 'model' || !first.parts.some((part) => part.functionCall !== undefined)) return contents
  note(draft, 'messages', 'user_turn_inserted')
  return [{ role: 'user', parts: [{ text: '…' }] }, ...contents]
}
function closed(contents: readonly RequestContent[], draft: Draft): readonly RequestContent[] {
  if (contents.at(-1)?.role !== 'model' || draft.traits.generation < REFUSES_PREFILL) return contents
  approximate(draft, {
    parameter: 'messages',
    what: 'user_turn_appended',
    message: 'This model does not continue an assistant message: the last message must be of another role.',
    param: `messages[${draft.request.messages.length - 1}].role`,
  })
  return [...contents, { role: 'user', parts: [{ text: 'Continue.' }] }]
}
function withFirstUser(
  contents: readonly RequestContent[],
  parts: readonly RequestPart[],
): readonly RequestContent[] {
  if (parts.length === 0) return contents
  const [first, ...rest] = contents
  if (first?.role !== 'user') return [{ role: 'user', parts }, ...contents]
  return [{ role: 'user', parts: [...parts, ...first.parts] }, ...rest]
}
function printable(id: string): string {
  return id.replace(/[^\w.:-]/g, '?').slice(0, 80)
}
