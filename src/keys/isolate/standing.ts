import { FRESHNESS, freshnessOf, mayServeStale } from '../freshness.ts'
import type { Isolate } from './isolate.ts'
import type { Defer, HeldKey } from './key-ring.ts'
import { refresh } from './key-view.ts'
import { authorize, type Denial, type Wanted } from '../record.ts'

/**
 * Why what began with a key may not go on, as far as is known at this moment; undefined: it may. Asks nobody while the
 * isolate's copy is fresh; an older one is refreshed behind the caller, who is told through `heard` that more is known.
 */
export type Standing = (wanted: Omit<Wanted, 'now'>, heard: () => void) => Denial | 'unavailable' | undefined

/** What is asked again only once it should have been answered. */
const ASK_MS = 2_000

/** For what lasts longer than a request. */
export function standingOf(isolate: Isolate, { key, hash }: HeldKey, defer: Defer): Standing {
  const { timers, freshness = FRESHNESS } = isolate.ports
  const since = timers.now()
  let askedAt = -Infinity

  function renew(heard: () => void): void {
    const now = timers.now()
    if (now - askedAt < ASK_MS) return
    askedAt = now
    defer(refresh(isolate, key.id, hash).then(heard, () => undefined))
  }

  return (wanted, heard) => {
    const now = timers.now()
    const copy = isolate.copies.get(hash)
    if (freshnessOf(copy, now, freshness) !== 'fresh') renew(heard)
    if (!mayServeStale(copy?.at ?? since, now, freshness)) return 'unavailable'
    const known = copy === undefined ? key : copy.key
    return known === undefined ? 'revoked' : authorize(known, { ...wanted, now })
  }
}
