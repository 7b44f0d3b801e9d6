import type { Chance } from '../lib/chance.ts'
import { type Failure, FAILURES } from '../providers/failure.ts'

export interface Progress {
  /** Attempts made so far, this failed one included. */
  readonly attempts: number
  readonly onThisTarget: number
  readonly failedAfterMs: number
  readonly remainingMs: number
  readonly hasNext: boolean
}
export type Decision = { readonly act: 'retry' | 'next'; readonly afterMs: number } | { readonly act: 'stop' }

/**
 * resilience.md 3.5: three attempts in all, one repetition on a target, and only of what failed fast. A model that
 * misspoke had to speak first, which takes its time.
 */
const MAX_ATTEMPTS = 3
const MAX_ON_TARGET = 2
const FAST_MS = 1_000
const BASE_DELAY_MS = 200
const MIN_REMAINING_MS = 2_000

/** What to do after a failed attempt: once more, the next target, or give up. */
export function decide(failure: Failure, progress: Progress, chance: Chance): Decision {
  const { act } = FAILURES[failure.kind]
  if (act === 'stop' || progress.attempts >= MAX_ATTEMPTS || progress.remainingMs < MIN_REMAINING_MS)
    return { act: 'stop' }
  const quick = progress.failedAfterMs < FAST_MS || failure.kind === 'misspoken'
  if (act === 'retry' && progress.onThisTarget < MAX_ON_TARGET && quick) {
    return { act: 'retry', afterMs: failure.kind === 'network' ? 0 : chance.random() * BASE_DELAY_MS }
  }
  return progress.hasNext ? { act: 'next', afterMs: 0 } : { act: 'stop' }
}
