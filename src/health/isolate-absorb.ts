import { LEASE_START_MS } from './constants.ts'
import { type Gate, type Gates, mergeGates, rebase, shut } from './gates.ts'
import { isUsable, type IsolateState, withLocal } from './isolate-state.ts'
import { LOCAL_CLOSED } from './local-breaker.ts'
import { timeAt } from './steady.ts'
import type { Reply, Report, Snapshot } from './wire.ts'

/** `slow_down` is kept to oneself: the fleet is to go slower, not to stop. */
export function onShut(
  state: IsolateState,
  event: { readonly key: string; readonly gate: Gate },
  now: number,
): IsolateState {
  const gates = shut(rebase(state.gates, now, now), event.key, event.gate)
  if (event.gate.reason === 'slow_down') return { ...state, gates }
  return {
    ...state,
    gates,
    pending: { ...state.pending, gates: shut(state.pending.gates, event.key, event.gate) },
  }
}

/** Gates that the object has been told of are its own from now on: it may open them earlier. */
const handOver = (gates: Gates, told: Gates): Gates =>
  Object.keys(told).length === 0
    ? gates
    : Object.fromEntries(Object.entries(gates).filter(([key, gate]) => told[key]?.until !== gate.until))

/** Replies overtake one another; an older word, or that of a replaced object, changes nothing. */
function isOlder(held: Snapshot | undefined, came: Snapshot): boolean {
  if (!held) return false
  return came.generation === held.generation ? came.at < held.at : came.generation < held.generation
}

export function onReply(state: IsolateState, reply: Reply, report: Report, now: number): IsolateState {
  const { snapshot, leases } = reply
  let next: IsolateState = {
    ...state,
    misses: 0,
    unanswered: state.unanswered - 1,
    gates: handOver(state.gates, report.gates),
  }
  if (!isOlder(state.snapshot, snapshot)) {
    for (const [id, view] of Object.entries(snapshot.targets)) {
      const changed = (state.snapshot?.targets[id]?.epoch ?? 0) !== view.epoch
      // A new epoch that is closed: old local back-offs would hold the recovery back.
      if (changed && view.phase === 'closed') next = withLocal(next, id, { breaker: LOCAL_CLOSED })
    }
    next = { ...next, snapshot, snapshotAt: now }
  }
  for (const lease of leases)
    next = withLocal(next, lease.target, { lease: { id: lease.id, startBefore: now + LEASE_START_MS } })
  return next
}

/** Gates seen here and gates that the object knows of, by this isolate's clock. */
export function gatesOf(state: IsolateState, nowMs: number): Gates {
  const now = timeAt(state.clock, nowMs)
  const { snapshot } = state
  if (!snapshot || !isUsable(state, now)) return state.gates
  const shift = state.snapshotAt - snapshot.at
  const known = Object.entries(snapshot.gates).map(([key, gate]): [string, Gate] => [
    key,
    { ...gate, until: gate.until + shift },
  ])
  return known.length === 0 ? state.gates : mergeGates(Object.fromEntries(known), state.gates)
}
