import { TICK_JITTER, TICK_MS, TICK_STUCK_MS } from './constants.ts'

/** The alarm after this one. It is armed before anything else is done, so that no failure can end the chain. */
export const nextTick = (now: number, random: number): number =>
  now + TICK_MS * (1 + TICK_JITTER * (2 * random - 1))

/** When to arm the alarm if the one that is set is missing, stuck in the past or out of reach; else undefined. */
export function alarmToArm(alarm: number | null, now: number): number | undefined {
  if (alarm !== null && alarm >= now - TICK_STUCK_MS && alarm <= now + 2 * TICK_MS) return undefined
  // Not "now": an alarm that is due while it is set can be lost.
  return now + 1_000
}
