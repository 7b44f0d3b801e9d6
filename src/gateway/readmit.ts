import { GatewayError } from '../errors.ts'
import type { HealthView } from '../health/view.ts'
import type { Ranked } from './planning.ts'

/**
 * The leave to try a target, asked for anew in the moment before the attempt begins: since the plan was made the
 * target may have been opened, and a lease been taken by another request. What was drawn by lot (a ramp's or a spill's
 * share, a panic) stays drawn. A retry (`again`) is for a target that is wholly admitted. Throws `upstream_unavailable`.
 */
export function readmitted(health: HealthView, planned: Ranked, again: boolean): Ranked {
  if (planned.permit.kind === 'panic' && !again) return planned
  const admission = health.admit(planned.watched.id)
  if (admission.verdict === 'no') {
    if (!again && (admission.why === 'ramp' || admission.why === 'spill')) return planned
    throw unavailable(admission.retryAfterMs)
  }
  if (again && admission.verdict !== 'yes') throw unavailable(undefined)
  return { ...planned, permit: admission.permit }
}

/** A lease, a trial and a panic are one attempt each: the same target once more needs health's plain yes. */
export const mayTryAgain = (health: HealthView, { permit, watched }: Ranked): boolean =>
  permit.kind === 'normal' && health.admit(watched.id).verdict === 'yes' && health.mayRetry(watched.id)

export const unavailable = (retryAfterMs: number | undefined): GatewayError =>
  new GatewayError('upstream_unavailable', 'No upstream is healthy at the moment.', {
    retryAfterMs: retryAfterMs ?? 1_000,
  })
