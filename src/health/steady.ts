/** A clock that never runs backwards, kept as data. */
export interface Steady {
  readonly raw: number
  readonly offset: number
}

export const steadyFrom = (nowMs: number): Steady => ({ raw: nowMs, offset: 0 })

/** A step back is added to the offset, so that no deadline moves away from us. */
export function advance(clock: Steady, nowMs: number): Steady {
  return nowMs >= clock.raw
    ? { raw: nowMs, offset: clock.offset }
    : { raw: nowMs, offset: clock.offset + clock.raw - nowMs }
}

export const timeOf = (clock: Steady): number => clock.raw + clock.offset

/** Reads without storing: what `advance` would say. */
export const timeAt = (clock: Steady, nowMs: number): number => Math.max(nowMs, clock.raw) + clock.offset
