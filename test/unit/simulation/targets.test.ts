import { describe, expect, test } from 'vitest'
import { faultsOf, simulate } from '../../simulation/run.ts'
import { LOW_VOLUME, LOW_VOLUME_TARGETS, meets } from '../../simulation/targets.ts'

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
  test.each(LOW_VOLUME_TARGETS)('$script, hardly used: $metric', (target) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { summary } = simulate({ ...async, ...LOW_VOLUME, script: target.script, seed })
      expect(meets(target, summary, 'async', LOW_VOLUME.perS), `seed ${seed}: ${target.value(summary)}`).toBe(
        true,
      )
    }
  })
})
