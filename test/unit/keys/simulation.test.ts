import { describe, expect, test } from 'vitest'
import { SCENARIOS } from '../../simulation/key-scenarios.ts'
import { simulate } from '../../simulation/keys.ts'

const named = (name: string) => {
  const scenario = SCENARIOS.find((each) => each.name === name)
  if (scenario === undefined) throw new Error(`no scenario ${name}`)
  return scenario
}

describe('simulated keys', () => {
  test('where nothing goes wrong, what is spent is exactly what was served, and a busy key seldom asks', async () => {
    const busy = await simulate({ ...named('busy key'), seconds: 60 })
    expect(busy).toMatchObject({ served: busy.arrived, problems: [], heldUsd: 0, forgivenUsd: 0 })
    expect(busy.spentUsd).toBeCloseTo(busy.realUsd, 9)
    expect(busy.atOnce / busy.arrived).toBeGreaterThan(0.98)
    expect(busy.objectCalls / busy.arrived).toBeLessThan(0.25)
  })

  test('$5.00 are spent nearly whole, and never more', async () => {
    const outcome = await simulate(named('$5.00'))
    expect(outcome).toMatchObject({ problems: [], heldUsd: 0, forgivenUsd: 0 })
    expect(outcome.realUsd).toBeGreaterThan(4.9)
    expect(outcome.realUsd).toBeLessThanOrEqual(5)
    expect(outcome.spentUsd).toBeCloseTo(outcome.realUsd, 9)
  })

  test.each([11, 12, 13, 14])('whatever goes wrong, $5.00 stay within the bound (seed %i)', async (seed) => {
    const outcome = await simulate({ ...named('$5.00, everything wrong'), seed })
    expect(outcome.problems).toEqual([])
    expect(outcome.faults).toBeGreaterThan(100)
    expect(outcome.boundUsd).toBe(5.25)
    expect(outcome.realUsd).toBeLessThanOrEqual(outcome.boundUsd)
    expect(outcome.realUsd).toBeLessThanOrEqual(outcome.spentUsd + outcome.heldUsd + outcome.forgivenUsd)
  })

  test('answers dearer than their worst case exceed the bound by no more than that', async () => {
    const outcome = await simulate(named('$5.00, everything wrong, worst cases too low'))
    expect(outcome.boundUsd).toBeGreaterThan(5.25)
    expect(outcome.realUsd).toBeLessThanOrEqual(outcome.boundUsd)
  })

  test.each([21, 22])('no minute has more than 60 requests (seed %i)', async (seed) => {
    const outcome = await simulate({ ...named('60 requests a minute, everything wrong'), seed })
    expect(outcome.problems).toEqual([])
    expect(outcome.requestsInAMinute).toBeLessThanOrEqual(60)
    expect(outcome.requestsInAMinute).toBeGreaterThan(45)
  })

  test('requests, tokens and calls at once stay within their limits together', async () => {
    const outcome = await simulate(named('rates and 40 at once, everything wrong'))
    expect(outcome.problems).toEqual([])
    expect(outcome.requestsInAMinute).toBeLessThanOrEqual(1_200)
    expect(outcome.tokensInAMinute).toBeLessThanOrEqual(2_000_000)
    expect(outcome.concurrent).toBeLessThanOrEqual(40)
  })
})
