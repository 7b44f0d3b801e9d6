import type { Candidate, Scored } from '../candidate.ts'

/** Everybody keeps this share, so that an improvement is noticed. */
const EXPLORE = 0.01

/**
 * A random order in which low scores come first with odds of (1/score)^power. Unlike "the best", isolates that see
 * the same figures do not all pick the same target.
 */
export function powerLaw(
  candidates: readonly Candidate[],
  scoreOf: (candidate: Candidate) => number,
  power: number,
  random: () => number,
): readonly Scored[] {
  const scored = candidates.map((candidate): Scored => ({
    ...candidate,
    score: Math.max(1e-9, scoreOf(candidate)),
  }))
  const best = scored.reduce((least, { score }) => Math.min(least, score), Infinity)
  const weights = scored.map(({ score }) => (Number.isFinite(score) ? (best / score) ** power : 0))
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1
  return scored
    .map((candidate, i) => ({
      candidate,
      // Exponential races: sorting by them draws without replacement by weight.
      race: -Math.log(1 - random()) / Math.max(EXPLORE, (weights[i] ?? 0) / total),
    }))
    .sort((a, b) => a.race - b.race)
    .map(({ candidate }) => candidate)
}
