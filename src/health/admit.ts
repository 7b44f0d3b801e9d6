import { LOCAL_PANIC_SHARE, RETRY_SHARE_UNKNOWN } from './constants.ts'
import { type IsolateState, epochOf, localOf, viewOfTarget } from './isolate-state.ts'
import { localAdmission } from './local-breaker.ts'
import { timeAt } from './steady.ts'
import type { TargetView } from './wire.ts'

/** How an attempt is let through; goes with it, and comes back with its result. */
export interface Permit {
  readonly target: string
  readonly epoch: number
  readonly kind: 'normal' | 'lease' | 'trial' | 'panic'
  readonly lease?: string
}

/** What health says about one target now. */
export type Admission = Granted | Refusal
export interface Granted {
  readonly verdict: 'yes' | 'probe'
  readonly permit: Permit
}
export interface Refusal {
  readonly verdict: 'no'
  /** `open`: for everybody; `local`: this isolate's own breaker; `ramp`, `spill`: not this request. */
  readonly why: 'open' | 'local' | 'ramp' | 'spill'
  /** Probability with which it may be tried all the same when no target of the route is admitted. */
  readonly panicShare: number
  readonly panicPermit: Permit
  readonly retryAfterMs: number
}

/** Synchronous, changes nothing, a handful of property reads. */
export function admit(state: IsolateState, target: string, nowMs: number, random: () => number): Admission {
  const now = timeAt(state.clock, nowMs)
  const view = viewOfTarget(state, target, now)
  const at: Where = { target, epoch: epochOf(state, target, now), now }
  return (view && fleetVerdict(state, view, at, random)) ?? ownVerdict(state, view, at)
}

interface Where {
  readonly target: string
  readonly epoch: number
  readonly now: number
}

const no = (at: Where, why: Refusal['why'], panicShare: number, retryAfterMs: number): Admission => ({
  verdict: 'no',
  why,
  panicShare,
  panicPermit: { target: at.target, epoch: at.epoch, kind: 'panic' },
  retryAfterMs: Math.max(0, retryAfterMs),
})

/** The whole fleet's breaker; undefined: no objection. */
function fleetVerdict(
  state: IsolateState,
  view: TargetView,
  at: Where,
  random: () => number,
): Admission | undefined {
  const { target, epoch, now } = at
  if (view.phase !== 'closed') {
    const { lease } = localOf(state, target)
    if (lease && now < lease.startBefore)
      return { verdict: 'probe', permit: { target, epoch, kind: 'lease', lease: lease.id } }
    return no(at, 'open', view.panicShare, openForMs(state, view.openUntil, now))
  }
  if (view.share < 1 && random() >= view.share) return no(at, 'ramp', view.panicShare, 1_000)
  if (view.spillShare < 1 && random() >= view.spillShare) return no(at, 'spill', 0, 1_000)
  return undefined
}

function ownVerdict(state: IsolateState, view: TargetView | undefined, at: Where): Admission {
  const { target, epoch, now } = at
  const { breaker } = localOf(state, target)
  const own = localAdmission(breaker, now)
  if (own === 'no') return no(at, 'local', view?.panicShare ?? LOCAL_PANIC_SHARE, breaker.openUntil - now)
  return own === 'trial'
    ? { verdict: 'probe', permit: { target, epoch, kind: 'trial' } }
    : { verdict: 'yes', permit: { target, epoch, kind: 'normal' } }
}

/** Whether the retry budgets, this isolate's and the fleet's, allow the same target once more. */
export function mayRetry(state: IsolateState, target: string, nowMs: number, random: () => number): boolean {
  const view = viewOfTarget(state, target, timeAt(state.clock, nowMs))
  return localOf(state, target).retryTokens >= 1 && random() < (view?.retryShare ?? RETRY_SHARE_UNKNOWN)
}

/** What is left of an open interval: the object's clock is only compared with itself. */
export function openForMs(state: IsolateState, openUntil: number, now: number): number {
  const { snapshot } = state
  return snapshot && openUntil > 0 ? openUntil - snapshot.at - (now - state.snapshotAt) : 0
}
