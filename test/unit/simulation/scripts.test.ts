import { describe, expect, test } from 'vitest'
import { simulate } from '../../simulation/run.ts'
import { SCRIPTS } from '../../simulation/scripts.ts'

const async = { mode: 'async', policy: 'ours' } as const

describe('the fleet in simulation', () => {
  test.each(SCRIPTS.map(({ name }) => name))(
    '%s: invariants hold, and everything comes back',
    { timeout: 60_000 },
    (script) => {
      expect(simulate({ ...async, script, seed: 1, isolates: 100, perS: 100 }).broken).toBeUndefined()
      expect(
        simulate({ ...async, mode: 'joined', script, seed: 2, isolates: 50, perS: 50 }).broken,
      ).toBeUndefined()
    },
  )

  test('the same seed is the same run, another is another', () => {
    const run = (seed: number) =>
      simulate({ ...async, script: 'hard-503', seed, isolates: 50, perS: 50 }).world
    expect(run(5).recent).toEqual(run(5).recent)
    expect(run(5).recent).not.toEqual(run(6).recent)
  })

  test('a run stops where it is told to', () => {
    const { world } = simulate({
      ...async,
      script: 'hard-503',
      seed: 5,
      isolates: 50,
      perS: 50,
      until: 1_234,
    })
    expect(world.events).toBe(1_234)
  })
})
