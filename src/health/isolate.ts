import type { Permit } from './admit.ts'
import { openForMs } from './admit.ts'
import {
  FRESH_TROUBLED_MS,
  LAZY_FLUSH_MS,
  LEASE_START_MS,
  RETRY_PER_SUCCESS,
  RETRY_REFRESH_MAX_MS,
  RETRY_REFRESH_MS,
  RETRY_TOKENS_MAX,
  URGENT_GAP_MS,
  WANT_GAP_MS,
} from './constants.ts'
import { type Gate, type Gates, mergeGates, rebase, shut } from './gates.ts'
import { NO_LATENCY, withSample } from './latency.ts'
import { epochOf, isUsable, type IsolateState, localOf, viewOfTarget, withLocal } from './isolate-state.ts'
import { beginTrial, LOCAL_CLOSED, observeLocal } from './local-breaker.ts'
import { handedOver, reportOf, takeBack, tally } from './pending.ts'
import { advance, timeAt, timeOf } from './steady.ts'
import type { Reply, Report, Snapshot } from './wire.ts'

export type IsolateEvent =
  /** A request was planned: which targets its isolate's own breaker kept it from, which need a lease, which refused it. */
  | {
      readonly kind: 'planned'
      readonly suppressed: readonly string[]
      readonly wanted: readonly string[]
      readonly refused: readonly string[]
    }
  | { readonly kind: 'began'; readonly permit: Permit }
  /** `failed`: the failure's weight, 0 for a success at the first meaningful event. */
  | { readonly kind: 'settled'; readonly permit: Permit; readonly failed: number }
  /** An attempt that says nothing about health: cancelled, refused by a limit, the caller's fault. */
  | { readonly kind: 'void'; readonly permit: Permit }
  | {
      readonly kind: 'measured'
      readonly target: string
      readonly promptTokens: number
      readonly ttftMs?: number
      readonly tokensPerS?: number
    }
  | { readonly kind: 'retried'; readonly target: string }
  | { readonly kind: 'shut'; readonly key: string; readonly gate: Gate }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly report: Report }
  | { readonly kind: 'lost'; readonly report: Report }

export interface IsolateStep {
  readonly state: IsolateState
  /** To be sent behind the response; the answer comes back as `reply` or `lost`. */
  readonly report: Report | undefined
}
type Random = () => number

/** The isolate's reducer. */
export function step(state: IsolateState, event: IsolateEvent, nowMs: number, random: Random): IsolateStep {
  const timed: IsolateState = { ...state, clock: advance(state.clock, nowMs) }
  const now = timeOf(timed.clock)
  switch (event.kind) {
    case 'planned':
      return onPlanned(timed, event, now, random)
    case 'began':
      return onBegan(timed, event.permit, now)
    case 'settled':
      return onSettled(timed, event, now, random)
    case 'void':
      return quiet(onVoid(timed, event.permit))
    case 'measured':
      return quiet(onMeasured(timed, event))
    case 'retried':
      return quiet(
        withLocal(timed, event.target, { retryTokens: Math.max(0, localOf(timed, event.target).retryTokens - 1) }),
      )
    case 'shut':
      return quiet(onShut(timed, event, now))
    case 'reply':
      return quiet(onReply(timed, event.reply, event.report, now))
    case 'lost':
      return quiet({ ...timed, misses: timed.misses + 1, pending: takeBack(timed.pending, event.report, now) })
  }
}

const quiet = (state: IsolateState): IsolateStep => ({ state, report: undefined })
const send = (state: IsolateState, now: number): IsolateStep => ({
  state: handedOver(state, now),
  report: reportOf(state, now),
})

/** Old enough to be refreshed, and no other report has just been sent for that. */
export function isRefreshDue(state: IsolateState, now: number): boolean {
  const fresh = state.snapshot?.freshMs ?? FRESH_TROUBLED_MS
  if (state.snapshot && now - state.snapshotAt < fresh) return false
  const pause = Math.min(RETRY_REFRESH_MAX_MS, RETRY_REFRESH_MS * 2 ** state.misses)
  return now - state.reportedAt >= Math.min(pause, state.misses === 0 ? fresh : pause)
}

/** Nothing usable to decide by, and this request is the one that asks: it may wait a moment for the answer. */
export function shouldWait(state: IsolateState, nowMs: number): boolean {
  const now = timeAt(state.clock, nowMs)
  return !isUsable(state, now) && isRefreshDue(state, now)
}

function maybeUrgent(state: IsolateState, now: number, random: Random): IsolateStep {
  const urgentShare = state.snapshot?.urgentShare ?? 1
  if (now - state.urgentAt < URGENT_GAP_MS || state.misses > 0 || random() >= urgentShare) return flushIfDue(state, now)
  return send({ ...state, urgentAt: now }, now)
}

function flushIfDue(state: IsolateState, now: number): IsolateStep {
  const due = state.pending.deltas.length > 0 && state.misses === 0 && now - state.reportedAt >= LAZY_FLUSH_MS
  return due ? send(state, now) : quiet(state)
}

function onPlanned(
  state: IsolateState,
  event: Extract<IsolateEvent, { kind: 'planned' }>,
  now: number,
  random: Random,
): IsolateStep {
  let next = state
  for (const target of event.suppressed) next = counted(next, target, { suppressed: 1 }, now)
  for (const target of event.refused) next = counted(next, target, { refused: 1 }, now)
  for (const target of event.wanted) next = want(next, target, now)
  if (isRefreshDue(next, now)) return send(next, now)
  if (next.pending.want.length > state.pending.want.length) return send(next, now)
  return event.suppressed.length > 0 ? maybeUrgent(next, now, random) : quiet(next)
}

const counted = (
  state: IsolateState,
  target: string,
  added: Parameters<typeof tally>[2],
  now: number,
): IsolateState => ({
  ...state,
  pending: tally(state.pending, { target, epoch: epochOf(state, target, now) }, added, now),
})

/** Asks for a permit, once a second at most, once the open interval is over. */
function want(state: IsolateState, target: string, now: number): IsolateState {
  const view = viewOfTarget(state, target, now)
  const local = localOf(state, target)
  if (!view || openForMs(state, view.openUntil, now) > 0) return state
  if (now - local.wantedAt < WANT_GAP_MS || state.pending.want.includes(target)) return state
  const asked = withLocal(state, target, { wantedAt: now })
  return { ...asked, pending: { ...asked.pending, want: [...asked.pending.want, target] } }
}

function onBegan(state: IsolateState, permit: Permit, now: number): IsolateStep {
  if (permit.kind === 'trial') {
    const { breaker } = localOf(state, permit.target)
    return quiet(withLocal(state, permit.target, { breaker: beginTrial(breaker, now) }))
  }
  if (permit.lease === undefined) return quiet(state)
  // At once: the object keeps the place of a trial only if it hears that it runs.
  const begun = withLocal(state, permit.target, { lease: undefined })
  return send({ ...begun, running: [...begun.running, permit.lease] }, now)
}

function onSettled(
  state: IsolateState,
  event: Extract<IsolateEvent, { kind: 'settled' }>,
  now: number,
  random: Random,
): IsolateStep {
  const { permit, failed } = event
  const { target, epoch, lease } = permit
  const added = failed > 0 ? { failed } : { ok: 1 }
  let next: IsolateState = { ...state, pending: tally(state.pending, { target, epoch }, added, now) }
  if (lease !== undefined) {
    next = { ...next, running: next.running.filter((id) => id !== lease) }
    next = { ...next, pending: { ...next.pending, done: [...next.pending.done, { target, lease, ok: failed === 0 }] } }
    return send(next, now)
  }
  next = observe(next, permit, failed, { now, random })
  return failed > 0 && isNews(state, permit, now) ? maybeUrgent(next, now, random) : flushIfDue(next, now)
}

/** Failures of a target that is known to be out, or of an earlier epoch, can wait for the next report. */
function isNews(state: IsolateState, permit: Permit, now: number): boolean {
  const view = viewOfTarget(state, permit.target, now)
  return !view || (view.phase === 'closed' && view.epoch === permit.epoch)
}

/** A result of an earlier epoch moves the local breaker as little as the object's. */
function observe(
  state: IsolateState,
  permit: Permit,
  failed: number,
  chance: { readonly now: number; readonly random: Random },
): IsolateState {
  const local = localOf(state, permit.target)
  const retryTokens =
    failed > 0 ? local.retryTokens : Math.min(RETRY_TOKENS_MAX, local.retryTokens + RETRY_PER_SUCCESS)
  const current = permit.epoch === epochOf(state, permit.target, chance.now)
  const breaker = current ? observeLocal(local.breaker, failed, chance.now, chance.random) : local.breaker
  if (breaker === local.breaker && retryTokens === local.retryTokens) return state
  return withLocal(state, permit.target, { breaker, retryTokens })
}

/** The place is free again, and nothing was learnt. */
function onVoid(state: IsolateState, permit: Permit): IsolateState {
  const freed = { ...state, running: state.running.filter((id) => id !== permit.lease) }
  if (permit.kind !== 'trial') return freed
  return withLocal(freed, permit.target, { breaker: { ...localOf(freed, permit.target).breaker, trialAt: 0 } })
}

function onMeasured(state: IsolateState, event: Extract<IsolateEvent, { kind: 'measured' }>): IsolateState {
  const sums = withSample(state.pending.latency[event.target] ?? NO_LATENCY, event)
  return { ...state, pending: { ...state.pending, latency: { ...state.pending.latency, [event.target]: sums } } }
}

/** Replies overtake one another; an older word, or that of a replaced object, changes nothing. */
function isOlder(held: Snapshot | undefined, came: Snapshot): boolean {
  if (!held) return false
  return came.generation === held.generation ? came.at < held.at : came.generation < held.generation
}

/** `slow_down` is kept to oneself: the fleet is to go slower, not to stop. */
function onShut(state: IsolateState, event: Extract<IsolateEvent, { kind: 'shut' }>, now: number): IsolateState {
  const gates = shut(rebase(state.gates, now, now), event.key, event.gate)
  if (event.gate.reason === 'slow_down') return { ...state, gates }
  return { ...state, gates, pending: { ...state.pending, gates: shut(state.pending.gates, event.key, event.gate) } }
}

/** Gates that the object has been told of are its own from now on: it may open them earlier. */
const handOver = (gates: Gates, told: Gates): Gates =>
  Object.keys(told).length === 0
    ? gates
    : Object.fromEntries(Object.entries(gates).filter(([key, gate]) => told[key]?.until !== gate.until))

function onReply(state: IsolateState, reply: Reply, report: Report, now: number): IsolateState {
  const { snapshot, leases } = reply
  let next: IsolateState = { ...state, misses: 0, gates: handOver(state.gates, report.gates) }
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
