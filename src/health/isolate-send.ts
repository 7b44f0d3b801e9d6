import {
  ASK_AGAIN_MS,
  FRESH_TROUBLED_MS,
  LAZY_FLUSH_MS,
  RETRY_REFRESH_MAX_MS,
  RETRY_REFRESH_MS,
  STALE_MS,
  URGENT_GAP_MS,
} from './constants.ts'
import type { IsolateState } from './isolate-state.ts'
import { handedOver, reportOf } from './pending.ts'
import { timeAt } from './steady.ts'
import type { Report } from './wire.ts'

export interface IsolateStep {
  readonly state: IsolateState
  /** To be sent behind the response; the answer comes back as `reply` or `lost`. */
  readonly report: Report | undefined
}
export const quiet = (state: IsolateState): IsolateStep => ({ state, report: undefined })
export const send = (state: IsolateState, now: number): IsolateStep => ({
  state: handedOver(state, now),
  report: reportOf(state, now),
})

/** Old enough to be refreshed, and no other report has just been sent for that. */
export function isRefreshDue(state: IsolateState, now: number): boolean {
  const fresh = state.snapshot?.freshMs ?? FRESH_TROUBLED_MS
  if (state.snapshot && now - state.snapshotAt < fresh) return false
  if (state.misses === 0 && state.unanswered === 1) return now - state.reportedAt >= ASK_AGAIN_MS
  const pause = Math.min(RETRY_REFRESH_MAX_MS, RETRY_REFRESH_MS * 2 ** state.misses)
  return now - state.reportedAt >= Math.min(pause, state.misses === 0 ? fresh : pause)
}

/** No copy, or one that is old news, and this request is the one that asks: it may wait a moment for the answer. */
export function shouldWait(state: IsolateState, nowMs: number): boolean {
  const now = timeAt(state.clock, nowMs)
  const recent = state.snapshot !== undefined && now - state.snapshotAt < STALE_MS
  return !recent && isRefreshDue(state, now)
}

export function maybeUrgent(state: IsolateState, now: number, random: () => number): IsolateStep {
  const urgentShare = state.snapshot?.urgentShare ?? 1
  if (now - state.urgentAt < URGENT_GAP_MS || state.misses > 0 || random() >= urgentShare)
    return flushIfDue(state, now)
  return send({ ...state, urgentAt: now }, now)
}

export function flushIfDue(state: IsolateState, now: number): IsolateStep {
  const due = state.pending.deltas.length > 0 && state.misses === 0 && now - state.reportedAt >= LAZY_FLUSH_MS
  return due ? send(state, now) : quiet(state)
}
