import { describe, expect, test } from 'vitest'
import { MUTANT_RUNS, usualFaultsOf } from '../../simulation/run.ts'

const SEEDS = [1, 2, 3]
const async = { mode: 'async', policy: 'ours' } as const

describe('an idea of the design, taken away', () => {
  test.each(MUTANT_RUNS)('without it, it fails: $mutant', { timeout: 60_000 }, ({ mutant, ...fleet }) => {
    expect(usualFaultsOf({ ...async, ...fleet, mutant }, SEEDS)).not.toEqual([])
  })
})
