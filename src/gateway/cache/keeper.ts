import type { EndpointId } from '../../protocol/index.ts'
import type { Dropped } from '../../router/plan.ts'
import type { Won } from '../failover.ts'
import type { Resolved } from '../plan/candidates.ts'
import { idOf, type Planning, type Ranked } from '../plan/planning.ts'
import type { Attempted, Ports, Scope, Settled } from '../types.ts'
import type { Keyed } from './identity.ts'
import { keptOf } from './replay.ts'

/** Takes down an answer that has left whole. */
export type Keep<E extends EndpointId> = (won: Won<E>, planning: Planning, settled: Settled) => void

/** Only answers that are what the route promises: not those of a target that had to stand in for a better one. */
export function keeper<E extends EndpointId>(
  { timers, config }: Ports,
  { defer }: Scope,
  resolved: Resolved,
  about: Keyed<E> & { readonly ttlSeconds: number; readonly failover: boolean },
): Keep<E> {
  const { cache, key, cacheable, failover } = about
  const retentionSeconds = about.isStored ? config.responses.retentionDays * 86_400 : Infinity
  const ttlSeconds = Math.min(about.ttlSeconds, retentionSeconds)
  return ({ ranked, adapted, begun: { answer } }, planning, { facts, attempts, usage }) => {
    if (facts === undefined || (!failover && stoodIn(ranked, planning, resolved, attempts))) return
    const kept = keptOf(answer, cacheable)
    if (kept === undefined) return
    const storedAt = timers.now()
    const freshUntil = storedAt + ttlSeconds * 1_000
    const { served } = facts
    cache.keep(key, { ...kept, storedAt, freshUntil, target: ranked.target, served, usage, adapted }, defer)
  }
}

/** What a request lacks or costs is the same each time; health and gates are not. */
const LASTING: readonly Dropped[] = ['endpoint', 'capability', 'context', 'price']

function stoodIn(
  { target: { id }, priority }: Ranked,
  { plan, strategy }: Planning,
  { targets, sticky }: Resolved,
  attempts: readonly Attempted[],
): boolean {
  const unfit = new Set(plan.dropped.filter(({ why }) => LASTING.includes(why)).map((each) => each.id))
  // Other strategies, and stickiness, choose among the targets of one priority: there, nobody is second.
  const isListed = strategy === 'priority' && !sticky
  const place = targets.findIndex(({ target }) => target.id === id)
  return (
    attempts.some(({ target }) => target.id !== id) ||
    targets.some(
      ({ target, priority: other }, at) =>
        (other < priority || (isListed && other === priority && at < place)) &&
        target.id !== id &&
        !unfit.has(idOf({ target })),
    )
  )
}
