import type { Candidate, Scored, StrategyContext } from '../candidate.ts'

/** Longest period that is walked to find a random place to start at. */
const PERIOD_MAX = 1_000

/** nginx's smooth weighted round robin: everybody gains its weight, the richest is picked and pays them all. */
function pick(
  current: readonly number[],
  weights: readonly number[],
): { best: number; next: readonly number[] } {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const gained = current.map((value, i) => value + (weights[i] ?? 0))
  const best = gained.indexOf(Math.max(...gained))
  return { best, next: gained.with(best, (gained[best] ?? 0) - total) }
}

function divisor(weights: readonly number[]): number {
  const gcd = (a: number, b: number): number => (b < 1e-9 ? a : gcd(b, a % b))
  return weights.reduce(gcd, 0)
}

/**
 * Isolates start at a random place of the period: a thousand fresh ones would otherwise all begin with the
 * heaviest target. Starting inside the period keeps every whole period exact.
 */
function randomPlace(weights: readonly number[], random: () => number): readonly number[] {
  const unit = divisor(weights)
  const period = unit > 0 ? weights.reduce((sum, weight) => sum + weight, 0) / unit : 1
  let current: readonly number[] = weights.map(() => 0)
  const steps = Math.floor(random() * Math.min(PERIOD_MAX, period))
  for (let i = 0; i < steps; i++) current = pick(current, weights).next
  return current
}

/** The one whose turn it is first, the others by how soon theirs comes. */
export function smooth(
  candidates: readonly Candidate[],
  weightOf: (candidate: Candidate) => number,
  context: StrategyContext,
): readonly Scored[] {
  if (candidates.length === 0) return []
  const weights = candidates.map((candidate) => Math.max(0, weightOf(candidate)))
  // By what they are watched as: names that callers make up must not fill memory.
  const key = candidates.map(({ target }) => `${target.id}#${target.credential}`).join(' ')
  const { best, next } = pick(context.turns.get(key) ?? randomPlace(weights, context.random), weights)
  context.turns.set(key, next)
  return candidates
    .map((candidate, i): Scored => ({
      ...candidate,
      score: i === best ? -Infinity : -(next[i] ?? 0) - (weights[i] ?? 0),
    }))
    .sort((a, b) => a.score - b.score)
    .map((scored, place) => ({ ...scored, score: place }))
}
