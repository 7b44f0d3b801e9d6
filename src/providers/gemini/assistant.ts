import { isRecord } from '../../protocol/guards.ts'
import type { Draft } from './draft.ts'
import { note, unsupportedValue } from './draft.ts'
import { mediaPart } from './media.ts'
import { ASSISTANT_PARTS, contentParts } from './parts.ts'
import type { Plan } from './plan.ts'
import type { JsonObject } from './read.ts'
import { invalidValue, isAbsent, isList, listIn, nonEmptyTextAt, objectAt, textAt, textIn } from './read.ts'
import { wrapArguments } from './schema/index.ts'
import { bareCallId, callSignature, imageSignature, signTexts } from './signatures.ts'
import type { RequestPart } from './wire.ts'

/** A call in the history, which a tool message must answer. */
export interface Call {
  /** As tool messages name it; a legacy call is known by its function's name. */
  readonly key: string
  readonly id?: string
  /** The function, by Google's name. */
  readonly name: string
  readonly part: RequestPart
}
export interface AssistantTurn {
  readonly parts: readonly RequestPart[]
  readonly calls: readonly Call[]
}
export interface History {
  readonly draft: Draft
  readonly plan: Plan
  /** Ids sent so far: one that comes again in a later step is sent under another. */
  readonly usedIds: Set<string>
}

/** Texts first, then the calls, in one content: Google refuses two model contents in a row when one has calls. */
export function assistantTurn(message: JsonObject, at: string, history: History): AssistantTurn {
  const { draft } = history
  const calls = readCalls(message, at, history)
  const content = message['content']
  const texts = isAbsent(content) ? [] : [...contentParts(content, `${at}.content`, ASSISTANT_PARTS, draft)]
  const refusal = textIn(message['refusal'], `${at}.refusal`)
  if (refusal !== undefined && refusal !== '') texts.push({ text: refusal })
  const images = (listIn(message['images'], `${at}.images`) ?? []).map((image, i) =>
    imagePart(image, `${at}.images[${i}]`, draft),
  )
  noteLeftOut(message, at, texts.length + images.length + calls.length > 0, draft)
  return {
    parts: [
      ...serverToolParts(message, draft),
      ...signTexts(texts, message, calls.length > 0, draft),
      ...images,
      ...calls.map((call) => call.part),
    ],
    calls,
  }
}

/** Summaries of thoughts are no history, and a spoken answer can be named only to the provider that gave it. */
function noteLeftOut(message: JsonObject, at: string, hasOther: boolean, draft: Draft): void {
  for (const name of ['reasoning_content', 'reasoning']) {
    if (!isAbsent(message[name])) note(draft, `messages.${name}`, 'dropped')
  }
  if (isAbsent(message['audio'])) return
  if (!hasOther || draft.context.strict) {
    throw unsupportedValue(
      `${at}.audio`,
      `'${at}.audio' cannot be looked up with this model; send its transcript as content.`,
    )
  }
  note(draft, 'messages.audio', 'dropped')
}

function imagePart(value: unknown, at: string, draft: Draft): RequestPart {
  const image = objectAt(value, at)
  const param = `${at}.image_url.url`
  const url = nonEmptyTextAt(objectAt(image['image_url'], `${at}.image_url`)['url'], param)
  const part = mediaPart(
    url,
    param,
    { kinds: ['image'], badUrl: 'invalid_image_url', badType: 'invalid_image' },
    draft,
  )
  const thoughtSignature = imageSignature(image, draft)
  return thoughtSignature === undefined ? part : { ...part, thoughtSignature }
}

const SERVER_TOOL_KEYS: ReadonlySet<string> = new Set(['toolCall', 'toolResponse', 'thoughtSignature'])

/** What Google's own tools did, as an earlier answer gave it: it must come back as it was. */
function serverToolParts(message: JsonObject, draft: Draft): readonly RequestPart[] {
  const extra = message['extra_content']
  const google = isRecord(extra) ? extra['google'] : undefined
  const parts = isRecord(google) ? google['server_tool_parts'] : undefined
  if (!isList(parts) || draft.traits.generation < 3) return []
  return parts.filter(isRecord).filter((part) => Object.keys(part).every((key) => SERVER_TOOL_KEYS.has(key)))
}

function readCalls(message: JsonObject, at: string, history: History): readonly Call[] {
  const items = listIn(message['tool_calls'], `${at}.tool_calls`) ?? []
  const legacy = message['function_call']
  if (isAbsent(legacy)) {
    const calls = items.map((item, i) =>
      readCall(message, objectAt(item, `${at}.tool_calls[${i}]`), i, {
        at: `${at}.tool_calls[${i}]`,
        history,
      }),
    )
    refuseTwins(calls, at)
    return calls
  }
  if (items.length > 0)
    throw invalidValue(`${at}.function_call`, `'${at}' has both tool_calls and function_call.`)
  const call = objectAt(legacy, `${at}.function_call`)
  const name = nonEmptyTextAt(call['name'], `${at}.function_call.name`)
  const part = functionCall(
    { name, arguments: call['arguments'], param: `${at}.function_call.arguments` },
    history,
  )
  return [
    {
      key: name,
      name: part.name,
      part: signed({ functionCall: part }, callSignature(call, message, 0, history.draft)),
    },
  ]
}
function readCall(
  message: JsonObject,
  call: JsonObject,
  position: number,
  where: { at: string; history: History },
): Call {
  const { at, history } = where
  if (!isAbsent(call['type']) && call['type'] !== 'function') {
    throw unsupportedValue(`${at}.type`, `'${at}.type' must be function with this model.`)
  }
  const key = bareCallId(nonEmptyTextAt(call['id'], `${at}.id`))
  const spec = objectAt(call['function'], `${at}.function`)
  const name = nonEmptyTextAt(spec['name'], `${at}.function.name`)
  const args = functionCall(
    { name, arguments: spec['arguments'], param: `${at}.function.arguments` },
    history,
  )
  const id = freshId(key, history.usedIds)
  const signature = callSignature(call, message, position, history.draft)
  return { key, id, name: args.name, part: signed({ functionCall: { id, ...args } }, signature) }
}
function signed(part: RequestPart, thoughtSignature: string | undefined): RequestPart {
  return thoughtSignature === undefined ? part : { ...part, thoughtSignature }
}
function refuseTwins(calls: readonly Call[], at: string): void {
  const seen = new Set<string>()
  for (const [i, { key }] of calls.entries()) {
    if (seen.has(key))
      throw invalidValue(`${at}.tool_calls[${i}].id`, `Two tool calls of '${at}' have the same id.`)
    seen.add(key)
  }
}
/** Deterministic, so that the prompt stays the same from turn to turn and Google's cache can hit. */
function freshId(id: string, used: Set<string>): string {
  let fresh = id
  for (let count = 2; used.has(fresh); count++) fresh = `${id}_${count}`
  used.add(fresh)
  return fresh
}

function functionCall(
  call: { name: string; arguments: unknown; param: string },
  { plan }: History,
): { name: string; args: JsonObject } {
  const name = plan.names.toGemini(call.name)
  // Some clients leave the arguments of a call without any empty or out.
  const text = isAbsent(call.arguments) ? '' : textAt(call.arguments, call.param)
  const value = text.trim() === '' ? {} : parsed(text, call.param)
  if (plan.declared.get(call.name)?.parameters.wrapped === true) return { name, args: wrapArguments(value) }
  if (isRecord(value)) return { name, args: value }
  throw invalidValue(call.param, `'${call.param}' must be a JSON object.`)
}
function parsed(text: string, param: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    throw invalidValue(param, `'${param}' is not valid JSON.`)
  }
}
