import type { ExtraContent } from '../chat.ts'
import { isRecord } from '../guards.ts'

type Google = NonNullable<ExtraContent['google']>

/** What a reasoning item of ours carries in `encrypted_content`: opaque to the caller, and given back by it. */
export interface Envelope {
  /** The call or image that it belongs to; absent: the message. */
  readonly on?: string | undefined
  readonly google: Google
}

/** The members that must come back to whoever made them; the others are for the caller's eyes. */
const KEPT = ['thought_signature_part', 'server_tool_parts'] as const

/** `undefined` where there is nothing that would have to come back. */
export function sealEnvelope(
  google: Google | undefined,
  { provider, on }: { readonly provider: string; readonly on?: string | undefined },
): string | undefined {
  const { thought_signature: signature, thought_signature_model: model, server_tool_parts } = google ?? {}
  if (google === undefined || (signature === undefined && server_tool_parts === undefined)) return undefined
  const kept = Object.fromEntries(KEPT.map((name) => [name, google[name]]))
  return toBase64Text(JSON.stringify({ v: 1, provider, model, signature, on, ...kept }))
}

/** Reads an envelope that came back; `undefined` for anything that is none of ours. */
export function openEnvelope(text: unknown): Envelope | undefined {
  const sealed = typeof text === 'string' ? parse(text) : undefined
  if (!isRecord(sealed) || sealed['v'] !== 1 || typeof sealed['provider'] !== 'string') return undefined
  const { model, signature, on, thought_signature_part: part, server_tool_parts: parts } = sealed
  return {
    ...(typeof on === 'string' && { on }),
    google: {
      ...(typeof signature === 'string' && { thought_signature: signature }),
      ...(typeof model === 'string' && { thought_signature_model: model }),
      ...((part === 'text' || part === 'empty_text') && { thought_signature_part: part }),
      ...(Array.isArray(parts) && { server_tool_parts: parts }),
    },
  }
}

/** Base64 knows bytes only: everything beyond ASCII is escaped first. */
function toBase64Text(json: string): string {
  return btoa(
    json.replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

function parse(text: string): unknown {
  // Of `{"v":1,`: nobody else's content begins like this, and most need not be decoded.
  if (!text.startsWith('eyJ2Ijox')) return undefined
  try {
    return JSON.parse(atob(text))
  } catch {
    return undefined
  }
}
