import type { Adaptation, CodecContext, Patch } from '../provider.ts'

/** A patch in the making. */
export interface Changes {
  readonly set: Record<string, unknown>
  readonly drop: string[]
  readonly adapted: Adaptation[]
}

/** Fields that identify the caller's end users or steer the upstream's prompt cache. */
const IDENTIFYING = ['prompt_cache_key', 'user', 'safety_identifier']

/** What every relayed request needs changed: the model's upstream id, and pseudonyms. */
export function commonChanges(
  request: { readonly model: string; readonly [field: string]: unknown },
  { target, pseudonyms }: CodecContext,
): Changes {
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

/** `undefined` where nothing changes, so that the caller's own bytes are sent. */
export function patchOf(changes: Changes): Patch | undefined {
  const { set, drop, adapted } = changes
  return Object.keys(set).length === 0 && drop.length === 0 && adapted.length === 0 ? undefined : changes
}
