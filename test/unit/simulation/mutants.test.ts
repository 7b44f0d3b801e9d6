import { describe, expect, test } from 'vitest'
import { faultsOf, MUTANT_RUNS, simulate } from '../../simulation/run.ts'

const run = { mode: 'async', policy: 'ours', seed: 1 } as const

describe('an idea of the design, taken away', () => {
  test.each(MUTANT_RUNS)('without it, it fails: $mutant', { timeout: 60_000 }, ({ mutant, ...fleet }) => {
    expect(faultsOf(simulate({ ...run, ...fleet, mutant }), fleet)).not.toEqual([])
  })
})
