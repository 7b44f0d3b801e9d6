import { type Failure, FAILURES } from '../providers/failure.ts'
import type { CheckOutcome } from './registry-step.ts'

/**
 * What an active check found. Without a credential of ours a refusal proves that the provider answers; with one it
 * says that the credential is bad. `undefined`: it succeeded.
 */
export function outcomeOf(failure: Failure | undefined, authenticated: boolean): CheckOutcome {
  if (!failure) return authenticated ? 'ok' : 'reachable'
  const row = FAILURES[failure.kind]
  if (row.health > 0) return 'failed'
  return row.gate === 'credential' && authenticated ? 'refused' : 'reachable'
}
