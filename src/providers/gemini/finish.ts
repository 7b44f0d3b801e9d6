import type { FinishReason } from '../../protocol/chat.ts'
import type { FailureKind } from '../failure.ts'
import { UpstreamFailure } from '../failure.ts'

type Row =
  | { readonly finish: FinishReason }
  | { readonly failure: FailureKind }
  | { readonly finishIfContent: FinishReason }

const FILTERED: Row = { finish: 'content_filter' }
const MISSPOKEN: Row = { failure: 'misspoken' }
const UNKNOWN: Row = { finishIfContent: 'stop' }

/** gemini.md 3.2. A reason that is not here is new, and treated as OTHER. */
const REASONS: Readonly<Record<string, Row>> = {
  STOP: { finish: 'stop' },
  MAX_TOKENS: { finish: 'length' },
  CONTINUATION: { finish: 'length' },
  SAFETY: FILTERED,
  PROHIBITED_CONTENT: FILTERED,
  BLOCKLIST: FILTERED,
  SPII: FILTERED,
  RECITATION: FILTERED,
  LANGUAGE: FILTERED,
  ESCALATION: FILTERED,
  PUP_LIMITED_DISABLED: FILTERED,
  IMAGE_SAFETY: FILTERED,
  IMAGE_PROHIBITED_CONTENT: FILTERED,
  IMAGE_RECITATION: FILTERED,
  NO_IMAGE: { finish: 'stop' },
  IMAGE_OTHER: { finish: 'stop' },
  MALFORMED_FUNCTION_CALL: MISSPOKEN,
  MALFORMED_RESPONSE: MISSPOKEN,
  UNEXPECTED_TOOL_CALL: MISSPOKEN,
  TOO_MANY_TOOL_CALLS: MISSPOKEN,
  MISSING_THOUGHT_SIGNATURE: { failure: 'bad_request' },
  OTHER: UNKNOWN,
  FINISH_REASON_UNSPECIFIED: UNKNOWN,
}
export const UNSPECIFIED = 'FINISH_REASON_UNSPECIFIED'

/** Throws `UpstreamFailure` for a reason that makes the answer none, as soon as it is seen. */
export function refuseFailedFinish(reason: string): void {
  const row = rowOf(reason)
  if ('failure' in row)
    throw new UpstreamFailure({
      kind: row.failure,
      message: `Gemini ended its answer with ${shown(reason)}.`,
    })
}

/** OpenAI's reason for one that is no failure; throws if there is nothing to finish. */
export function finishFor(reason: string, hasContent: boolean): FinishReason {
  const row = rowOf(reason)
  if ('finish' in row) return row.finish
  if ('finishIfContent' in row && hasContent) return row.finishIfContent
  throw new UpstreamFailure({ kind: 'empty', message: `Gemini answered nothing, with ${shown(reason)}.` })
}
function rowOf(reason: string): Row {
  return Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? UNKNOWN) : UNKNOWN
}
function shown(reason: string): string {
  return reason.replace(/[^A-Z0-9_]/gi, '').slice(0, 60)
}

/** Its two spellings are no block, nor is an empty `promptFeedback`. */
const NO_BLOCK: ReadonlySet<string> = new Set(['', 'BLOCK_REASON_UNSPECIFIED', 'BLOCKED_REASON_UNSPECIFIED'])

export function blockReason(reason: unknown): string | undefined {
  return typeof reason === 'string' && !NO_BLOCK.has(reason) ? shown(reason) : undefined
}
