import type { Gates } from './gates.ts'
import { mergeGates } from './gates.ts'
import { type Steady, steadyFrom, timeOf } from './steady.ts'
import { enter, newTarget, type TargetState } from './target.ts'

/** One credential to check, or a provider without one of ours: then an unauthenticated look whether it answers. */
export interface Check {
  readonly provider: string
  readonly credential: string | undefined
  /** Health ids of the targets that it vouches for; absent: all of the provider's. */
  readonly targets?: readonly string[]
}

/** Requests/s that a target may take in any case while others are out; where nothing is said there is no cap. */
export interface Spill {
  readonly floorPerS?: number | undefined
  readonly targets: Readonly<Record<string, number>>
}

/** What the deployment's configuration tells the object. */
export interface Settings {
  readonly checks: readonly Check[]
  /** By target: those that can stand in for it. One that is not named has none. */
  readonly peers: Readonly<Record<string, readonly string[]>>
  readonly spill: Spill
}

/** Calls in this second and the last. */
export interface Load {
  readonly second: number
  readonly count: number
  readonly previous: number
}

/** The health object's whole memory: plain JSON. */
export interface ObjectState {
  readonly clock: Steady
  readonly generation: number
  readonly targets: Readonly<Record<string, TargetState>>
  readonly gates: Gates
  readonly settings: Settings
  readonly load: Load
  readonly leaseCount: number
  /** Failed checks in a row by provider and credential. */
  readonly failedChecks: Readonly<Record<string, number>>
  readonly checkedAt: number
}

/** What survives a restart. Windows and leases do not: they are rebuilt from the next reports. */
export interface Saved {
  readonly generation: number
  readonly savedAt: number
  readonly targets: Readonly<Record<string, SavedTarget>>
  readonly gates: Gates
  readonly checkedAt: number
}
type SavedTarget = Pick<
  TargetState,
  'epoch' | 'reason' | 'opens' | 'returns' | 'bornAt' | 'ratePerS' | 'machine' | 'since' | 'usualRates'
>

export function newObject(now: number): ObjectState {
  return {
    clock: steadyFrom(now),
    generation: 1,
    targets: {},
    gates: {},
    settings: { checks: [], peers: {}, spill: { targets: {} } },
    load: { second: 0, count: 0, previous: 0 },
    leaseCount: 0,
    failedChecks: {},
    checkedAt: 0,
  }
}

export function save(state: ObjectState): Saved {
  const targets = Object.entries(state.targets).map(([id, t]): [string, SavedTarget] => [
    id,
    {
      epoch: t.epoch,
      reason: t.reason,
      opens: t.opens,
      returns: t.returns,
      bornAt: t.bornAt,
      ratePerS: t.ratePerS,
      machine: t.machine,
      since: t.since,
      usualRates: t.usualRates,
    },
  ])
  return {
    generation: state.generation,
    savedAt: timeOf(state.clock),
    targets: Object.fromEntries(targets),
    gates: state.gates,
    checkedAt: state.checkedAt,
  }
}

/** A new incarnation. Trials that were under way are forgotten: at worst one more is sent. */
export function restore(saved: Saved | undefined, now: number): ObjectState {
  const fresh = newObject(now)
  if (!saved) return fresh
  const targets = Object.entries(saved.targets).map(([id, t]): [string, TargetState] => {
    const target = { ...newTarget(now), ...t }
    if (t.machine.phase === 'half-open')
      return [id, enter(target, { phase: 'open', until: now }, t.reason, now)]
    if (t.machine.phase === 'open') return [id, target]
    const { share } = t.machine
    return [
      id,
      { ...target, machine: { ...t.machine, stepAt: now, fullSince: share === 1 ? now : undefined } },
    ]
  })
  return {
    ...fresh,
    generation: saved.generation + 1,
    targets: Object.fromEntries(targets),
    gates: mergeGates({}, saved.gates),
    checkedAt: saved.checkedAt,
  }
}

export const targetOf = (state: ObjectState, id: string, now: number): TargetState =>
  state.targets[id] ?? newTarget(now)

export const withTarget = (state: ObjectState, id: string, target: TargetState): ObjectState =>
  state.targets[id] === target ? state : { ...state, targets: { ...state.targets, [id]: target } }

/** The others that could serve instead; of one that nobody has asked yet nothing bad is known. */
export const peersOf = (state: ObjectState, id: string, now: number): readonly TargetState[] =>
  (state.settings.peers[id] ?? []).map((other) => targetOf(state, other, now))
