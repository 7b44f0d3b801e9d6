import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  anchored,
  booked,
  emptyMs,
  pruned,
  refunded,
  total,
  waitMs,
  type Window,
} from '../../../src/keys/limits/window.ts'

const steps = fc.array(fc.tuple(fc.nat(9_000), fc.integer({ min: 1, max: 5 })), { maxLength: 120 })

test('no minute, wherever it begins, holds more than the limit, and nearly all of it can be used', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 5, max: 30 }), (steps, limit) => {
      let [window, now]: [Window, number] = [[], 1_000_000]
      const refused: number[] = []
      const admitted: { at: number; amount: number }[] = []
      const within = (from: number, to: number) =>
        admitted.filter(({ at }) => at > from && at <= to).reduce((sum, { amount }) => sum + amount, 0)
      for (const [wait, amount] of steps) {
        now += wait
        window = pruned(window, now)
        if (total(window) + amount <= limit) {
          window = booked(window, now, amount)
          admitted.push({ at: now, amount })
        } else refused.push(within(now - 61_000, now) + amount) // one second of tolerance
        for (const { at } of admitted) expect(within(at - 60_000, at)).toBeLessThanOrEqual(limit)
      }
      expect(refused.filter((sum) => sum <= limit)).toEqual([])
    }),
  )
})

test('waiting as long as it says is enough, and not waiting is not', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), (steps, need) => {
      let [window, now]: [Window, number] = [[], 1_000_000]
      for (const [wait, amount] of steps) window = booked(window, (now += wait), amount)
      window = pruned(window, now)
      const limit = 20
      const wait = waitMs(window, now, limit, need)
      expect(total(pruned(window, now + wait)) + need).toBeLessThanOrEqual(limit)
      expect(wait === 0 || total(pruned(window, now + wait - 1)) + need > limit).toBe(true)
      expect(pruned(window, now + emptyMs(window, now))).toEqual([])
    }),
  )
})

test('a refund takes back what was booked there and never more', () => {
  fc.assert(
    fc.property(steps, fc.nat(300_000), fc.nat(10), (steps, at, amount) => {
      let [window, now]: [Window, number] = [[], 0]
      for (const [wait, each] of steps) window = booked(window, (now += wait), each)
      const before = total(window)
      const after = refunded(window, at, amount)
      expect(total(after)).toBeGreaterThanOrEqual(before - amount)
      expect(after.every(([, each]) => each > 0)).toBe(true)
      expect(total(refunded(booked(window, at, amount), at, amount))).toBe(before)
    }),
  )
})

test('a clock that goes back frees nothing and locks nobody for longer than a minute', () => {
  const full: Window = booked(booked([], 5_000_000, 3), 5_001_000, 4)
  const back = anchored(full, 1_000_000)
  expect(total(back)).toBe(7)
  expect(emptyMs(back, 1_000_000)).toBeLessThanOrEqual(61_000)
  expect(anchored(full, 5_001_500)).toBe(full)
})
