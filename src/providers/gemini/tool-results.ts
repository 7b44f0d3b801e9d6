import { isRecord } from '../../protocol/guards.ts'
import type { Draft } from './draft.ts'
import { isMediaKind } from './media.ts'
import { contentParts, TOOL_PARTS } from './parts.ts'
import type { JsonObject } from './read.ts'
import { isAbsent } from './read.ts'
import type { Blob, RequestPart } from './wire.ts'

/** One tool's answer: the part for Google, and what of it has to follow in a content of its own. */
export interface ToolResult {
  readonly part: RequestPart
  readonly following: readonly RequestPart[]
}

export function toolResult(
  message: JsonObject,
  at: string,
  call: { id?: string; name: string },
  draft: Draft,
): ToolResult {
  const content = message['content']
  const parts = isAbsent(content) ? [] : contentParts(content, `${at}.content`, TOOL_PARTS, draft)
  const text = parts.map((part) => part.text ?? '').join('')
  const media = parts.filter((part) => part.text === undefined)
  const inside = draft.traits.generation >= 3 ? media.flatMap(insideResult) : []
  const outside = media.filter((part) => draft.traits.generation < 3 || insideResult(part).length === 0)
  return {
    part: {
      functionResponse: {
        ...(call.id !== undefined && { id: call.id }),
        name: call.name,
        response: message['is_error'] === true ? { error: text } : responseOf(text),
        ...(inside.length > 0 && { parts: inside }),
      },
    },
    following: outside.length === 0 ? [] : [{ text: `(image returned by tool ${call.name})` }, ...outside],
  }
}

/** From generation 3 on a result may hold pictures, PDF and plain text; 2.5 answers 400 to any. */
function insideResult(part: RequestPart): readonly { readonly inlineData: Blob }[] {
  const blob = part.inlineData
  if (blob === undefined) return []
  const fits =
    isMediaKind(blob.mimeType, 'image') ||
    blob.mimeType === 'application/pdf' ||
    blob.mimeType === 'text/plain'
  return fits ? [{ inlineData: blob }] : []
}

/** JSON.parse rounds integers beyond 2^53: such a result stays text. */
const LONG_NUMBER = /\d{16}/
/** Google reads a `$ref` key as a pointer to one of the result's media. */
const REFERENCE = '"$ref"'

/** Google takes an object only; anything else goes under `output`, which it treats as the result itself. */
function responseOf(text: string): JsonObject {
  const first = text.trimStart()[0]
  if (first === undefined || LONG_NUMBER.test(text)) return { output: text }
  if (!'{["-0123456789tfn'.includes(first) || text.includes(REFERENCE)) return { output: text }
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : { output: value }
  } catch {
    return { output: text }
  }
}
