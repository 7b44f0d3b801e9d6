import { BUSY_PER_S, CHECKS_TO_OPEN, CREDENTIAL_MS } from './constants.ts'
import { rollSlot } from './demand.ts'
import { isAlternative, learnRate, verdict } from './detect.ts'
import { fileReport } from './evidence.ts'
import { credentialKey, mergeGates, rebase, reopen, shut } from './gates.ts'
import { grant, hold, open, settleLease, shortenOpen, tickTarget } from './machine.ts'
import {
  type Check,
  type Load,
  type ObjectState,
  peersOf,
  type Settings,
  targetOf,
  withTarget,
} from './registry-state.ts'
import { snapshotOf } from './snapshot.ts'
import { advance, timeOf } from './steady.ts'
import { isWell } from './target.ts'
import type { Lease, Reply, Report } from './wire.ts'
import { sumSince } from './windows.ts'

/**
 * What a check found: the credential works; the provider answers, though not to us; nobody answers;
 * the provider refuses our credential.
 */
export type CheckOutcome = 'ok' | 'reachable' | 'failed' | 'refused'

export type ObjectEvent =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'configured'; readonly settings: Settings }
  | { readonly kind: 'tick' }
  | { readonly kind: 'checked'; readonly check: Check; readonly outcome: CheckOutcome }

export type ObjectEffect =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** Something worth surviving a restart has changed. */
  | { readonly kind: 'persist' }
  | { readonly kind: 'check'; readonly checks: readonly Check[] }

export interface ObjectStep {
  readonly state: ObjectState
  readonly effects: readonly ObjectEffect[]
}
type Random = () => number

/** The health object's reducer: everything that is decided for the whole fleet. */
export function step(state: ObjectState, event: ObjectEvent, nowMs: number, random: Random): ObjectStep {
  const timed: ObjectState = { ...state, clock: advance(state.clock, nowMs) }
  const now = timeOf(timed.clock)
  switch (event.kind) {
    case 'report':
      return onReport(timed, event.report, now, random)
    case 'configured':
      return { state: { ...timed, settings: event.settings }, effects: [] }
    case 'tick':
      return onTick(timed, now, random)
    case 'checked':
      return onChecked(timed, event, now, random)
  }
}

function onReport(state: ObjectState, report: Report, now: number, random: Random): ObjectStep {
  let next = fileReport({ ...state, load: counted(state.load, now) }, report, now)
  const gates = mergeGates(next.gates, rebase(report.gates, report.sentAt, now))
  next = settleLeases({ ...next, gates }, report, now, random)
  next = judge(next, now, random)
  const { state: granted, leases } = grantLeases(next, report, now)
  return {
    state: granted,
    effects: [
      ...persistIfChanged(state, granted),
      { kind: 'reply', reply: { snapshot: snapshotOf(granted, now), leases } },
    ],
  }
}

function counted(load: Load, now: number): Load {
  const second = Math.floor(now / 1_000)
  if (second === load.second) return { ...load, count: load.count + 1 }
  return { second, count: 1, previous: second === load.second + 1 ? load.count : 0 }
}

function settleLeases(state: ObjectState, report: Report, now: number, random: Random): ObjectState {
  let next = state
  for (const result of report.done) {
    const target = next.targets[result.target]
    if (target) next = withTarget(next, result.target, settleLease(target, result, now, random))
  }
  if (report.held.length === 0) return next
  const held = new Set(report.held)
  for (const [id, target] of Object.entries(next.targets))
    next = withTarget(next, id, hold(target, held, now))
  return next
}

/** Lets time and evidence act on every target. */
function judge(state: ObjectState, now: number, random: Random): ObjectState {
  let next = state
  const calm = Object.values(state.targets).every(isWell)
  for (const [id, held] of Object.entries(state.targets)) {
    const target = tickTarget(learnRate(rollSlot(held, calm, now), now), now, random)
    next = withTarget(next, id, target)
    if (!isWell(target)) continue
    const alternative = peersOf(next, id, now).some((peer) => isAlternative(peer, now))
    const reason = verdict(target, alternative, now)
    if (reason !== undefined) next = withTarget(next, id, open(target, reason, now, random))
  }
  return next
}

function grantLeases(
  state: ObjectState,
  report: Report,
  now: number,
): { state: ObjectState; leases: readonly Lease[] } {
  let next = state
  const leases: Lease[] = []
  for (const id of report.want) {
    const lease = `${next.generation}.${next.leaseCount}`
    const perS = report.wantPerS?.[id] ?? BUSY_PER_S
    const { target, granted } = grant(targetOf(next, id, now), { id: lease, perS }, now)
    if (!granted) continue
    leases.push({ target: id, id: lease })
    next = withTarget({ ...next, leaseCount: next.leaseCount + 1 }, id, target)
  }
  return { state: next, leases }
}

function onTick(state: ObjectState, now: number, random: Random): ObjectStep {
  const next = judge({ ...state, gates: rebase(state.gates, now, now), checkedAt: now }, now, random)
  return { state: next, effects: [{ kind: 'persist' }, { kind: 'check', checks: next.settings.checks }] }
}

const targetsOf = (state: ObjectState, check: Check): readonly string[] =>
  check.targets ?? Object.keys(state.targets).filter((id) => id.startsWith(`${check.provider}/`))

const checkKey = (check: Check): string => `${check.provider}/${check.credential ?? ''}`

function onChecked(
  state: ObjectState,
  event: { readonly check: Check; readonly outcome: CheckOutcome },
  now: number,
  random: Random,
): ObjectStep {
  const { check, outcome } = event
  const key = checkKey(check)
  const failures = outcome === 'failed' ? (state.failedChecks[key] ?? 0) + 1 : 0
  let next: ObjectState = { ...state, failedChecks: { ...state.failedChecks, [key]: failures } }
  if (check.credential !== undefined) {
    const subject = { provider: check.provider, credential: check.credential }
    if (outcome === 'ok') next = { ...next, gates: reopen(next.gates, subject) }
    if (outcome === 'refused')
      next = {
        ...next,
        gates: shut(next.gates, credentialKey(subject), {
          until: now + CREDENTIAL_MS,
          reason: 'bad_credential',
        }),
      }
  }
  for (const id of targetsOf(next, check)) {
    const target = targetOf(next, id, now)
    if (outcome !== 'failed') next = withTarget(next, id, shortenOpen(target, now))
    // Requests that succeed know better than a check of another path.
    else if (failures >= CHECKS_TO_OPEN && isWell(target) && sumSince(target.buckets, now - 10_000).ok === 0)
      next = withTarget(next, id, open(target, 'check-failed', now, random))
  }
  return { state: next, effects: persistIfChanged(state, next) }
}

/** Epochs, shares and gates are worth a write; counts are not. */
function persistIfChanged(before: ObjectState, after: ObjectState): readonly ObjectEffect[] {
  const changed =
    before.gates !== after.gates ||
    Object.entries(after.targets).some(([id, target]) => {
      const held = before.targets[id]
      return (
        held?.epoch !== target.epoch ||
        shareKey(held) !== shareKey(target) ||
        isKnown(held) !== isKnown(target)
      )
    })
  return changed ? [{ kind: 'persist' }] : []
}
const isKnown = (target: ObjectState['targets'][string]): boolean => target.ratePerS !== undefined
const shareKey = (target: ObjectState['targets'][string]): number =>
  target.machine.phase === 'closed' ? target.machine.share : -1
