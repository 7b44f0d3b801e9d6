import { describe, expect, test } from 'vitest'
import { faultsOf, simulate } from '../../simulation/run.ts'

const SEEDS = [1, 2]
const async = { mode: 'async', policy: 'ours' } as const

describe('the targets, in simulation', () => {
  test.each([
    'hard-503',
    'hard-500',
    'black-hole',
    'brown-out-30',
    'capacity-return',
    'late-news',
    'object-down',
    'calm',
    'price-change',
  ])('%s: targets are met by 300 isolates', { timeout: 60_000 }, (script) => {
    const fleet = { script, isolates: 300, perS: 300 }
    for (const seed of SEEDS) expect(faultsOf(simulate({ ...async, ...fleet, seed }), fleet)).toEqual([])
  })
})
