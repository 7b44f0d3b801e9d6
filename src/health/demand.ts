import {
  PANIC_HALF_LIFE_MS,
  PANIC_K,
  PANIC_MIN,
  SPILL_GROWTH,
  SPILL_HISTORY,
  SPILL_SLOT_MS,
} from './constants.ts'
import { decay } from './statistics.ts'
import type { TargetState } from './target.ts'

/** What the fleet wants of a target against what it accepted. */
export function count(
  target: TargetState,
  added: { demand: number; accepted: number },
  now: number,
): TargetState {
  const keep = decay(now - target.totalsAt, PANIC_HALF_LIFE_MS)
  return {
    ...target,
    demand: target.demand * keep + added.demand,
    accepted: target.accepted * keep + added.accepted,
    totalsAt: Math.max(now, target.totalsAt),
    slot: { ...target.slot, count: target.slot.count + added.demand },
  }
}

/** Closes a slot. Only what a target receives while all are well is its usual rate. */
export function rollSlot(target: TargetState, calm: boolean, now: number): TargetState {
  const { slot } = target
  if (now - slot.at < SPILL_SLOT_MS) return target
  const rate = (slot.count * 1_000) / (now - slot.at)
  const usualRates = calm ? [...target.usualRates, rate].slice(-SPILL_HISTORY) : target.usualRates
  return { ...target, usualRates, slot: { at: now, count: 0, before: rate } }
}

/** SRE's client-side throttling on the fleet's totals, never quite zero. */
export function panicShare(target: TargetState, now: number): number {
  const keep = decay(now - target.totalsAt, PANIC_HALF_LIFE_MS)
  const demand = target.demand * keep
  const reject = Math.max(0, (demand - PANIC_K * target.accepted * keep) / (demand + 1))
  return Math.max(PANIC_MIN, 1 - reject)
}

/** Share of the present demand that fits under twice the usual rate or the configured floor. */
export function spillShare(target: TargetState, floorPerS: number, now: number): number {
  const sorted = target.usualRates.toSorted((a, b) => a - b)
  const usual = sorted[Math.floor(sorted.length * 0.95)] ?? 0
  const cap = Math.max(SPILL_GROWTH * usual, floorPerS)
  const { slot } = target
  const current = Math.max(slot.before, (slot.count * 1_000) / Math.max(1_000, now - slot.at))
  return current <= cap ? 1 : cap / current
}
