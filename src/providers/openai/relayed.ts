import type { Wire } from '../../protocol/endpoint.ts'
import type { Adaptation, CodecContext, Passthrough, Patch } from '../provider.ts'

/** Fields that identify the caller's end users or steer the upstream's prompt cache. */
const IDENTIFYING = ['prompt_cache_key', 'user', 'safety_identifier']

/** A patch that is still being made. */
export interface Changes {
  readonly set: Record<string, unknown>
  readonly drop: string[]
  readonly adapted: Adaptation[]
}
type Fields = { readonly model: string } & Readonly<Record<string, unknown>>

/** What changes on every endpoint: the model's upstream id, and pseudonyms. */
export function commonChanges(request: Fields, { target, pseudonyms }: CodecContext): Changes {
  const changes: Changes = { set: {}, drop: [], adapted: [] }
  if (target.model !== request.model) changes.set['model'] = target.model
  for (const field of IDENTIFYING) {
    if (request[field] === undefined || !Object.hasOwn(pseudonyms, field)) continue
    const pseudonym = pseudonyms[field]
    if (pseudonym === undefined) changes.drop.push(field)
    else changes.set[field] = pseudonym
    changes.adapted.push(`${field}=${pseudonym === undefined ? 'dropped' : 'pseudonym'}`)
  }
  return changes
}

/** Undefined if nothing changes, so that the caller's own bytes are sent. */
export function toPatch(changes: Changes): Patch | undefined {
  return Object.keys(changes.set).length === 0 && changes.drop.length === 0 ? undefined : changes
}

/** An endpoint whose requests go to OpenAI as they are, but for what changes on every endpoint. */
export function relayed<W extends Wire & { readonly request: Fields }>(path: `/${string}`): Passthrough<W> {
  return { kind: 'passthrough', path, patch: (request, context) => toPatch(commonChanges(request, context)) }
}
