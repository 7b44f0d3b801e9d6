import { LATENCY_HALF_LIFE_MS, PROMPT_CLASSES } from './constants.ts'
import { decay } from './statistics.ts'

/** Sums of logarithms. Latencies are close to log-normal, and sums can be added up across isolates. */
export interface LogSums {
  readonly n: number
  readonly sum: number
  readonly squares: number
}

/** Time to the first event by prompt class, and output tokens per second after it. */
export interface LatencySums {
  readonly ttft: readonly LogSums[]
  readonly speed: LogSums
}

/** Mean and deviation of the logarithm, with the decayed number of samples behind them. */
export interface LogNormal {
  readonly n: number
  readonly mu: number
  readonly sigma: number
}
export interface LatencyView {
  readonly ttft: readonly (LogNormal | undefined)[]
  readonly speed: LogNormal | undefined
}

export const NO_SUMS: LogSums = { n: 0, sum: 0, squares: 0 }
export const NO_LATENCY: LatencySums = { ttft: [NO_SUMS, NO_SUMS, NO_SUMS, NO_SUMS], speed: NO_SUMS }

export function promptClass(tokens: number): number {
  const index = PROMPT_CLASSES.findIndex((limit) => tokens <= limit)
  return index < 0 ? PROMPT_CLASSES.length : index
}

export function addSample(sums: LogSums, value: number): LogSums {
  if (!(value > 0)) return sums
  const x = Math.log(value)
  return { n: sums.n + 1, sum: sums.sum + x, squares: sums.squares + x * x }
}

export function withSample(
  sums: LatencySums,
  sample: { promptTokens: number; ttftMs?: number | undefined; tokensPerS?: number | undefined },
): LatencySums {
  const which = promptClass(sample.promptTokens)
  const { ttftMs, tokensPerS } = sample
  return {
    ttft:
      ttftMs === undefined ? sums.ttft : sums.ttft.map((s, i) => (i === which ? addSample(s, ttftMs) : s)),
    speed: tokensPerS === undefined ? sums.speed : addSample(sums.speed, tokensPerS),
  }
}

export function mergeLatency(into: LatencySums, added: LatencySums, elapsedMs: number): LatencySums {
  const keep = decay(elapsedMs, LATENCY_HALF_LIFE_MS)
  const merge = (a: LogSums, b: LogSums | undefined): LogSums => ({
    n: a.n * keep + (b?.n ?? 0),
    sum: a.sum * keep + (b?.sum ?? 0),
    squares: a.squares * keep + (b?.squares ?? 0),
  })
  return { ttft: into.ttft.map((s, i) => merge(s, added.ttft[i])), speed: merge(into.speed, added.speed) }
}

function logNormal(sums: LogSums): LogNormal | undefined {
  if (sums.n < 0.5) return undefined
  const mu = sums.sum / sums.n
  return { n: sums.n, mu, sigma: Math.sqrt(Math.max(0, sums.squares / sums.n - mu * mu)) }
}

export const latencyView = (sums: LatencySums): LatencyView => ({
  ttft: sums.ttft.map(logNormal),
  speed: logNormal(sums.speed),
})

export const median = (x: LogNormal): number => Math.exp(x.mu)
/** For the health view. */
export const p95 = (x: LogNormal): number => Math.exp(x.mu + 1.645 * x.sigma)
