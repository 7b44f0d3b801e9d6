import type { Scored, Strategy } from '../candidate.ts'
import { despiteFailures, expectedSeconds, normal } from './expect.ts'

/** Everybody is first this often, whatever the figures say. */
const EXPLORE = 0.01

/**
 * The fastest by a draw from what each may be (posterior sampling): unsure targets are explored, and isolates
 * disagree by construction instead of herding.
 */
export const latency: Strategy = (candidates, context) => {
  const scored = candidates
    .map((candidate): Scored => {
      const drawn = expectedSeconds(candidate, context, () => normal(context.random))
      return { ...candidate, score: despiteFailures(candidate, drawn) }
    })
    .sort((a, b) => a.score - b.score)
  const explored = scored.findIndex(() => context.random() < EXPLORE)
  const first = scored[explored]
  return first && explored > 0 ? [first, ...scored.toSpliced(explored, 1)] : scored
}
