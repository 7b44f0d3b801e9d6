import { isRecord } from '../../protocol/guards.ts'
import type { Notes } from '../provider.ts'
import type { Draft } from './draft.ts'
import { note } from './draft.ts'
import { signatureFamily } from './model.ts'
import type { JsonObject } from './read.ts'
import { isList } from './read.ts'
import type { RequestContent, RequestPart } from './wire.ts'

/** Documented for calls that never had a signature; costs quality, spares the 400 (gemini.md 4.6). */
const SENTINEL = 'skip_thought_signature_validator'
const SENTINELS: ReadonlySet<string> = new Set([SENTINEL, 'context_engineering_is_the_way_to_go'])

/** LiteLLM carries the signature in the tool-call id. */
const ID_SUFFIX = '__thought__'

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

interface Signature {
  readonly value: string
  /** Who made it, as far as the carrier says. */
  readonly family?: string | undefined
}

/** The tool-call id as other providers and Google see it, without a signature in it. */
export function bareCallId(id: string): string {
  const at = id.indexOf(ID_SUFFIX)
  return at < 0 ? id : id.slice(0, at)
}

/** The signature that the caller kept for one call, in any of the known dialects; else what this isolate noted. */
export function callSignature(
  call: JsonObject,
  message: JsonObject,
  position: number,
  draft: Draft,
): string | undefined {
  const id = typeof call['id'] === 'string' ? call['id'] : ''
  const noted = readNote(draft.context.notes, bareCallId(id))
  const kept = kinds(call, message, position, id).find((found) => found !== undefined)
  if (kept === undefined) return usable(noted, draft)
  // The note knows the origin that a client may have stripped.
  const family = kept.family ?? (noted?.value === kept.value ? noted.family : undefined)
  return usable({ value: kept.value, family }, draft)
}
function kinds(
  call: JsonObject,
  message: JsonObject,
  position: number,
  id: string,
): readonly (Signature | undefined)[] {
  return [
    googleSignature(call),
    inId(id),
    field(member(call, 'function'), 'thought_signature'),
    field(member(call, 'provider_specific_fields'), 'thought_signature'),
    field(member(member(call, 'function'), 'provider_specific_fields'), 'thought_signature'),
    reasoningDetail(message, id, position),
    position === 0 && signedPart(message) === undefined ? messageLevel(message) : undefined,
  ]
}

/**
 * A message's text parts with the signature that the answer's text came with. An unmarked one next to tool
 * calls is another gateway's way to carry the call's.
 */
export function signTexts(
  texts: readonly RequestPart[],
  message: JsonObject,
  hasCalls: boolean,
  draft: Draft,
): readonly RequestPart[] {
  const part = signedPart(message)
  if (hasCalls && part === undefined) return texts
  const thoughtSignature = usable(messageLevel(message) ?? reasoningDetail(message, undefined, 0), draft)
  if (thoughtSignature === undefined) return texts
  const last = texts.at(-1)
  if (last === undefined || part === 'empty_text') return [...texts, { text: '', thoughtSignature }]
  return [...texts.slice(0, -1), { ...last, thoughtSignature }]
}
/** Our own mark for where the signature stood: it must go back to the same part. */
function signedPart(message: JsonObject): unknown {
  return member(member(message, 'extra_content'), 'google')['thought_signature_part']
}
/** The signature of anything that has an `extra_content` of its own, e.g. an image. */
export function ownSignature(carrier: JsonObject, draft: Draft): string | undefined {
  return usable(googleSignature(carrier), draft)
}

function messageLevel(message: JsonObject): Signature | undefined {
  const listed = member(message, 'provider_specific_fields')['thought_signatures']
  const first: unknown = isList(listed) ? listed[0] : undefined
  return googleSignature(message) ?? (typeof first === 'string' ? { value: first } : undefined)
}
function googleSignature(carrier: JsonObject): Signature | undefined {
  const google = member(member(carrier, 'extra_content'), 'google')
  const family = google['thought_signature_model']
  const found = field(google, 'thought_signature')
  return found && typeof family === 'string' ? { value: found.value, family } : found
}
function inId(id: string): Signature | undefined {
  const at = id.indexOf(ID_SUFFIX)
  return at < 0 ? undefined : { value: id.slice(at + ID_SUFFIX.length) }
}
/** OpenRouter: `reasoning_details` entries that are encrypted, Google's, and of this call if they name one. */
function reasoningDetail(
  message: JsonObject,
  id: string | undefined,
  position: number,
): Signature | undefined {
  const details = message['reasoning_details']
  if (!isList(details)) return undefined
  const encrypted = details.filter(isRecord).filter((detail) => detail['type'] === 'reasoning.encrypted')
  const named = encrypted.find((detail) => id !== undefined && detail['id'] === id)
  const chosen =
    named ?? (position === 0 ? encrypted.find((detail) => typeof detail['id'] !== 'string') : undefined)
  const { format, data } = chosen ?? {}
  if (typeof data !== 'string') return undefined
  const foreign = typeof format === 'string' && !format.startsWith('google')
  return { value: data, family: foreign ? format : undefined }
}
function member(value: JsonObject, name: string): JsonObject {
  const found = value[name]
  return isRecord(found) ? found : {}
}
function field(value: JsonObject, name: string): Signature | undefined {
  const found = value[name]
  return typeof found === 'string' && found !== '' ? { value: found } : undefined
}

/** A cut or foreign signature is a 400 ("Corrupted thought signature"): worse than none. */
function usable(signature: Signature | undefined, draft: Draft): string | undefined {
  if (signature === undefined || !signs(draft)) return undefined
  const { value, family } = signature
  if (SENTINELS.has(value)) return draft.traits.generation >= 3 ? value : undefined
  const readable = signatureFamily(draft.traits.model)
  if (family !== undefined && readable !== undefined && family !== readable) return undefined
  return isBase64(value) ? value : undefined
}
function isBase64(value: string): boolean {
  const fits = value.endsWith('=') ? value.length % 4 === 0 : value.length % 4 !== 1
  return fits && BASE64.test(value)
}
function signs(draft: Draft): boolean {
  return draft.traits.generation >= 2.5
}

const NOTE_PREFIX = 'thought_signature:'

/** Remembered by tool-call id, for the clients that drop the fields they do not know. */
export function rememberSignature(
  notes: Notes,
  callId: string,
  signature: string,
  family: string | undefined,
): void {
  notes.set(NOTE_PREFIX + callId, `${family ?? ''} ${signature}`)
}
function readNote(notes: Notes, callId: string): Signature | undefined {
  const text = callId === '' ? undefined : notes.get(NOTE_PREFIX + callId)
  if (text === undefined) return undefined
  const space = text.indexOf(' ')
  return { family: text.slice(0, space) || undefined, value: text.slice(space + 1) }
}

/**
 * From generation 3 on Google demands a signature on the first call of every step since the last user content
 * that is more than tool results. Where none came back, the sentinel goes in.
 */
export function signCurrentTurn(
  contents: readonly RequestContent[],
  draft: Draft,
): readonly RequestContent[] {
  if (draft.traits.generation < 3) return contents
  const turn = contents.findLastIndex((content) => content.role === 'user' && !content.parts.every(isResult))
  return contents.map((content, i) =>
    i > turn && content.role === 'model' ? signStep(content, draft) : content,
  )
}
function signStep(content: RequestContent, draft: Draft): RequestContent {
  const first = content.parts.findIndex((part) => part.functionCall !== undefined)
  const call = content.parts[first]
  if (call === undefined || call.thoughtSignature !== undefined) return content
  note(draft, 'thought_signature', 'sentinel')
  return { role: content.role, parts: content.parts.with(first, { ...call, thoughtSignature: SENTINEL }) }
}
function isResult(part: RequestPart): boolean {
  return part.functionResponse !== undefined
}

/** For image parts of an edited picture's history, which Google's image models demand signed as well. */
export function imageSignature(carrier: JsonObject, draft: Draft): string | undefined {
  const own = ownSignature(carrier, draft)
  if (own !== undefined || draft.traits.output !== 'image' || draft.traits.generation < 3) return own
  note(draft, 'thought_signature', 'sentinel')
  return SENTINEL
}
