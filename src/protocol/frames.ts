import type { BytesAnswer } from './endpoint.ts'
import { isRecord } from './guards.ts'

/** An event without a name: chat and completions. */
export function dataFrame(_event: unknown, data: string): string {
  return `data: ${data}\n\n`
}

/** An event whose `type` is its name too: every endpoint but chat and completions. */
export function typedFrame({ type }: { readonly type: string }, data: string): string {
  return `event: ${type}\ndata: ${data}\n\n`
}

/** An error that stands in the place of an event: an `error` member that is not empty (openai.md 1.8). */
export function topLevelError(event: unknown): unknown {
  const error = isRecord(event) ? event['error'] : undefined
  return error === undefined || error === null || error === false || error === '' ? undefined : event
}

/** For endpoints that only ever answer in JSON. */
export function jsonBytes(response: object): BytesAnswer {
  return { contentType: 'application/json', bytes: new TextEncoder().encode(JSON.stringify(response)) }
}
