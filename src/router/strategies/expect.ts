import { type LogNormal, promptClass } from '../../health/latency.ts'
import type { Candidate, StrategyContext } from '../candidate.ts'

/** What is assumed of a target until it has been measured: as if this many samples had shown it. */
const PRIOR_N = 5
const PRIOR_TTFT_MS = 1_000
const PRIOR_TOKENS_PER_S = 60
const PRIOR_SIGMA = 0.6
/** Beyond this many samples the mean is certain enough; more certainty would only make isolates agree. */
const SAMPLES_MAX = 50

/** The logarithm's mean, drawn towards the prior; with `spread`, a draw from what it may be. */
function logMean(measured: LogNormal | undefined, prior: number, spread: () => number): number {
  const n = measured?.n ?? 0
  const mu = (n * (measured?.mu ?? 0) + PRIOR_N * Math.log(prior)) / (n + PRIOR_N)
  const sigma = Math.max(0.1, n >= 2 ? (measured?.sigma ?? PRIOR_SIGMA) : PRIOR_SIGMA)
  return mu + (spread() * sigma) / Math.sqrt(Math.min(SAMPLES_MAX, Math.max(1, n)))
}

/** Seconds until the whole answer is there: the wait for the first event and the writing, kept apart. */
export function expectedSeconds(
  candidate: Candidate,
  context: StrategyContext,
  spread: () => number = () => 0,
): number {
  const ttft = candidate.latency?.ttft[promptClass(context.promptTokens)]
  const first = Math.exp(logMean(ttft, PRIOR_TTFT_MS, spread)) / 1_000
  const speed = Math.exp(logMean(candidate.latency?.speed, PRIOR_TOKENS_PER_S, spread))
  return first + context.outputTokens / speed
}

/** Dividing by the chance of success: a failed attempt is paid for by the next one. */
export const despiteFailures = (candidate: Candidate, value: number): number =>
  value / Math.max(0.05, 1 - candidate.errorRate)

/** Standard normal (Box-Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
