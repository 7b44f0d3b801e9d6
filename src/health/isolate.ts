import { openForMs, type Permit } from './admit.ts'
import { DEMAND_HALF_LIFE_MS, WANT_GAP_MS } from './constants.ts'
import type { Gate } from './gates.ts'
import { onReply, onShut } from './isolate-absorb.ts'
import { type Measured, onBegan, onMeasured, onSettled, onVoid } from './isolate-results.ts'
import { type IsolateStep, isRefreshDue, maybeUrgent, quiet, send } from './isolate-send.ts'
import { epochOf, type IsolateState, localOf, viewOfTarget, withLocal } from './isolate-state.ts'
import { takeBack, tally, type Tally } from './pending.ts'
import { decay } from './statistics.ts'
import { advance, timeOf } from './steady.ts'
import type { Reply, Report } from './wire.ts'

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
  | ({ readonly kind: 'measured' } & Measured)
  | { readonly kind: 'retried'; readonly target: string }
  | { readonly kind: 'shut'; readonly key: string; readonly gate: Gate }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly report: Report }
  | { readonly kind: 'lost'; readonly report: Report }

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
      return onVoid(timed, event.permit, now)
    case 'measured':
      return quiet(onMeasured(timed, event))
    case 'retried':
      return quiet(
        withLocal(timed, event.target, {
          retryTokens: Math.max(0, localOf(timed, event.target).retryTokens - 1),
        }),
      )
    case 'shut':
      return quiet(onShut(timed, event, now))
    case 'reply':
      return quiet(onReply(timed, event.reply, event.report, now))
    case 'lost':
      return quiet({
        ...timed,
        misses: timed.misses + 1,
        unanswered: timed.unanswered - 1,
        pending: takeBack(timed.pending, event.report, now),
      })
  }
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

const counted = (state: IsolateState, target: string, added: Tally, now: number): IsolateState => ({
  ...state,
  pending: tally(state.pending, { target, epoch: epochOf(state, target, now) }, added, now),
})

/** Asks for a permit, once a second at most, once the open interval is over. */
function want(before: IsolateState, target: string, now: number): IsolateState {
  const view = viewOfTarget(before, target, now)
  const state = demanded(before, target, now)
  const local = localOf(state, target)
  if (!view || openForMs(state, view.openUntil, now) > 0) return state
  if (now - local.wantedAt < WANT_GAP_MS || state.pending.want.includes(target)) return state
  const asked = withLocal(state, target, { wantedAt: now })
  return { ...asked, pending: { ...asked.pending, want: [...asked.pending.want, target] } }
}

function demanded(state: IsolateState, target: string, now: number): IsolateState {
  const { demand, demandAt } = localOf(state, target)
  return withLocal(state, target, {
    demand: 1 + demand * decay(now - demandAt, DEMAND_HALF_LIFE_MS),
    demandAt: now,
  })
}
