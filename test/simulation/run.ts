import { type Summary, summarise } from './metrics.ts'
import type { Mutant } from './mutants.ts'
import { scriptNamed } from './scripts.ts'
import { missed } from './targets.ts'
import { InvariantBroken, type Options, World } from './world.ts'

export interface Result {
  readonly summary: Summary
  /** The broken invariant, with how to replay it. */
  readonly broken: string | undefined
  readonly world: World
}

export function simulate(
  options: Omit<Options, 'script'> & { script: string; endS?: number | undefined },
): Result {
  const script = scriptNamed(options.script)
  const world = new World({
    ...options,
    script: options.endS === undefined ? script : { ...script, endS: options.endS },
  })
  try {
    world.run()
    return { summary: summarise(world.metrics), broken: undefined, world }
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error
    return { summary: summarise(world.metrics), broken: error.message, world }
  }
}

/** Where each mutant shows: the run in which the idea that it lacks is needed. */
export const MUTANT_RUNS: readonly {
  readonly mutant: Mutant
  readonly script: string
  readonly isolates: number
  readonly perS: number
}[] = [
  { mutant: 'no-lease', script: 'hard-503', isolates: 300, perS: 300 },
  { mutant: 'no-epoch', script: 'late-news', isolates: 300, perS: 300 },
  { mutant: 'no-rate', script: 'capacity-return', isolates: 300, perS: 300 },
  { mutant: 'no-suppressed', script: 'hard-503', isolates: 5, perS: 50 },
  { mutant: 'no-ramp', script: 'capacity-return', isolates: 300, perS: 300 },
]

/** What is wrong with a run: the invariant it broke, the targets it missed, and an outage that nobody noticed. */
export function faultsOf(
  result: Result,
  options: { script: string; perS: number; isolates: number },
): readonly string[] {
  const { summary, broken } = result
  // Few requests make seconds and shares coarse: the times are judged on fleets of a size.
  const targets = options.isolates >= 100 ? missed(options.script, summary, 'async', options.perS) : []
  const unseen =
    options.script.startsWith('hard-') && summary.opensOfA === 0 ? ['the outage opened nothing'] : []
  return [...(broken === undefined ? [] : [broken]), ...targets, ...unseen]
}
