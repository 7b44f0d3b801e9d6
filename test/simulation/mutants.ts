import type { Admission } from '../../src/health/admit.ts'
import type { IsolateState } from '../../src/health/isolate-state.ts'
import type { ObjectState } from '../../src/health/registry-state.ts'
import type { Report } from '../../src/health/wire.ts'

/**
 * One idea of the design, taken away by tampering with what travels or is remembered: the code that serves has no
 * switch for it. Each must break an invariant or a target, or the simulation is blind to it.
 */
export type Mutant = 'no-lease' | 'no-epoch' | 'no-rate' | 'no-suppressed' | 'no-ramp'

/** Without leases every isolate makes its own trials once the open interval is over. */
export function tamperAdmission(
  mutant: Mutant,
  admission: Admission,
  state: IsolateState,
  target: string,
): Admission {
  if (mutant !== 'no-lease' || admission.verdict !== 'no' || admission.why !== 'open') return admission
  if (admission.retryAfterMs > 0) return admission
  return {
    verdict: 'probe',
    permit: { target, epoch: state.snapshot?.targets[target]?.epoch ?? 0, kind: 'lease', lease: 'own' },
  }
}

export function tamperReport(mutant: Mutant, report: Report, object: ObjectState): Report {
  if (mutant === 'no-epoch')
    return {
      ...report,
      deltas: report.deltas.map((d) => ({ ...d, epoch: object.targets[d.target]?.epoch ?? 0 })),
    }
  if (mutant === 'no-suppressed')
    return { ...report, deltas: report.deltas.map((d) => ({ ...d, suppressed: 0 })) }
  return report
}

export function tamperObject(mutant: Mutant, state: ObjectState): ObjectState {
  if (mutant !== 'no-rate' && mutant !== 'no-ramp') return state
  const targets = Object.entries(state.targets).map(([id, target]) => {
    // Known to be nothing: the reported total stands as it is.
    if (mutant === 'no-rate')
      return [id, target.ratePerS === undefined ? target : { ...target, ratePerS: 1e-9 }] as const
    const { machine } = target
    if (machine.phase !== 'closed' || machine.share === 1) return [id, target] as const
    return [id, { ...target, machine: { ...machine, share: 1, fullSince: machine.stepAt } }] as const
  })
  return { ...state, targets: Object.fromEntries(targets) }
}
