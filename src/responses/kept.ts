import { isRecord } from '../protocol/guards.ts'
import type { Item, ResponseObject } from '../protocol/responses.ts'
import { type Due, readDue } from './due.ts'
import { isResponse } from './is-response.ts'

/** What is known of a response that was made earlier. `cacheName`: where the cache has it, if it does. */
export type Kept = { readonly cacheName?: string | undefined } &
  /** It lies at the account that made it; only that account can show it, or go on from it. */
  (
    | {
        readonly kind: 'relayed'
        readonly provider: string
        readonly credential: string
        /** Its usage is not booked yet. */
        readonly due?: Due | undefined
      }
    /** A bridge made it, and it lies here. `input` is all that it answered, of earlier responses, too. */
    | { readonly kind: 'held'; readonly input: readonly Item[]; readonly response: ResponseObject }
  )

export function writeKept(kept: Kept): string {
  return JSON.stringify(kept)
}

/** Undefined for what no version of this gateway has written. */
export function readKept(text: string): Kept | undefined {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) return undefined
  const { kind, provider, credential, input, response, cacheName } = value
  const cached = typeof cacheName === 'string' ? { cacheName } : {}
  const due = readDue(value['due'])
  if (kind === 'relayed' && typeof provider === 'string' && typeof credential === 'string')
    return { kind, provider, credential, ...cached, ...(due !== undefined && { due }) }
  if (kind === 'held' && Array.isArray(input) && isResponse(response))
    return { kind, input: input.filter(isRecord), response, ...cached }
  return undefined
}

/** Where a response of one tenant lies; another tenant's question for the same id leads elsewhere. */
export function keyOf(tenant: string, id: string): string {
  return `${tenant.length}:${tenant}${id}`
}

/** Spread over so many objects that none is a bottleneck, and few enough to keep an eye on. */
const SHARDS = 64

export function shardOf(key: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return `responses-${(hash >>> 0) % SHARDS}`
}
