import { TICK_MS, TICK_STUCK_MS } from './constants.ts'

/** When to arm the alarm, if the one that is set is missing or stuck in the past; else undefined. */
export function alarmToArm(alarm: number | null, now: number): number | undefined {
  if (alarm !== null && alarm >= now - TICK_STUCK_MS && alarm <= now + 2 * TICK_MS) return undefined
  // One millisecond at least: an alarm set to "now" can be lost.
  return now + 1_000
}
