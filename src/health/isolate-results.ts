import type { Permit } from './admit.ts'
import { RETRY_PER_SUCCESS, RETRY_TOKENS_MAX } from './constants.ts'
import { flushIfDue, type IsolateStep, maybeUrgent, quiet, send } from './isolate-send.ts'
import { epochOf, type IsolateState, localOf, viewOfTarget, withLocal } from './isolate-state.ts'
import { NO_LATENCY, withSample } from './latency.ts'
import { beginTrial, observeLocal } from './local-breaker.ts'
import { tally } from './pending.ts'
import type { LeaseResult } from './wire.ts'

type Random = () => number

export function onBegan(state: IsolateState, permit: Permit, now: number): IsolateStep {
  if (permit.kind === 'trial') {
    const { breaker } = localOf(state, permit.target)
    return quiet(withLocal(state, permit.target, { breaker: beginTrial(breaker, now) }))
  }
  if (permit.lease === undefined) return quiet(state)
  // At once: the object keeps the place of a trial only if it hears that it runs.
  const begun = withLocal(state, permit.target, { lease: undefined })
  return send({ ...begun, running: [...begun.running, permit.lease] }, now)
}

export function onSettled(
  state: IsolateState,
  event: { readonly permit: Permit; readonly failed: number },
  now: number,
  random: Random,
): IsolateStep {
  const { permit, failed } = event
  const { target, epoch, lease } = permit
  const added = failed > 0 ? { failed } : { ok: 1 }
  let next: IsolateState = { ...state, pending: tally(state.pending, { target, epoch }, added, now) }
  if (lease !== undefined) {
    return send(leaseDone(next, { target, lease, outcome: failed === 0 ? 'ok' : 'failed' }), now)
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
export function onVoid(state: IsolateState, permit: Permit, now: number): IsolateStep {
  const { target, lease } = permit
  if (lease !== undefined) return send(leaseDone(state, { target, lease, outcome: 'void' }), now)
  if (permit.kind !== 'trial') return quiet(state)
  return quiet(withLocal(state, target, { breaker: { ...localOf(state, target).breaker, trialAt: 0 } }))
}

const leaseDone = (state: IsolateState, result: LeaseResult): IsolateState => ({
  ...state,
  running: state.running.filter((id) => id !== result.lease),
  pending: { ...state.pending, done: [...state.pending.done, result] },
})

export interface Measured {
  readonly target: string
  readonly promptTokens: number
  readonly ttftMs?: number
  readonly tokensPerS?: number
}

export function onMeasured(state: IsolateState, event: Measured): IsolateState {
  const sums = withSample(state.pending.latency[event.target] ?? NO_LATENCY, event)
  return {
    ...state,
    pending: { ...state.pending, latency: { ...state.pending.latency, [event.target]: sums } },
  }
}
