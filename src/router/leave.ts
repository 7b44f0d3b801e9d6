import type { Admission, Permit } from '../health/admit.ts'

/**
 * The leave to try a target, asked for anew whenever its turn comes: since the plan was made it may have been opened,
 * or its lease been taken by another request. What was drawn by lot (a ramp's or a spill's share, a panic) stays drawn.
 */
export function leave(planned: Permit | undefined, admission: Admission): Permit | undefined {
  if (planned?.kind === 'panic') return planned
  if (admission.verdict !== 'no') return admission.permit
  return admission.why === 'ramp' || admission.why === 'spill' ? planned : undefined
}

/** A lease, a trial and a panic are one attempt each: the same target once more needs health's plain yes. */
export const leaveAgain = (held: Permit, admission: Admission): Permit | undefined =>
  held.kind === 'normal' && admission.verdict === 'yes' ? admission.permit : undefined
