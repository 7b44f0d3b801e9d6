import { END_S, FAULT_FROM_S, FAULT_TO_S } from './script.ts'

/** Counts by second, for the target under fault and for all of them. */
export class Metrics {
  readonly seconds: number
  readonly requests: Float64Array
  readonly attempts: Float64Array
  readonly firstOfA: Float64Array
  /** By quarter of a second. */
  readonly firstOfA4: Float64Array
  readonly requests4: Float64Array
  readonly attemptsOfA: Float64Array
  readonly failuresOfA: Float64Array
  readonly successesOfA: Float64Array
  readonly retriesOfA: Float64Array
  readonly errors: Float64Array
  readonly refused: Float64Array
  readonly calls: Float64Array
  readonly userMs: number[] = []
  readonly waits: number[] = []
  readonly opens: { at: number; target: string; reason: string }[] = []
  firstRequests = 0

  constructor(seconds: number) {
    this.seconds = seconds
    const make = (): Float64Array => new Float64Array(seconds + 400)
    this.requests = make()
    this.attempts = make()
    this.firstOfA = make()
    this.firstOfA4 = new Float64Array(4 * seconds + 1_600)
    this.requests4 = new Float64Array(4 * seconds + 1_600)
    this.attemptsOfA = make()
    this.failuresOfA = make()
    this.successesOfA = make()
    this.retriesOfA = make()
    this.errors = make()
    this.refused = make()
    this.calls = make()
  }
  add(series: Float64Array, t: number): void {
    const second = Math.floor(t)
    series[second] = (series[second] ?? 0) + 1
  }
  sum(series: Float64Array, from: number, to: number): number {
    return series.subarray(from, to).reduce((a, b) => a + b, 0)
  }
  max(series: Float64Array, from: number, to: number): number {
    return series.subarray(from, to).reduce((a, b) => Math.max(a, b), 0)
  }
}

export interface Summary {
  readonly requests: number
  readonly attempts: number
  /** Attempts at A in the fault. */
  readonly wasted: number
  readonly late: number
  readonly herd: number
  readonly ejectS: number
  readonly firstEjectS: number
  readonly recoverS: number
  readonly amplification10: number
  readonly amplification: number
  readonly damage: number
  readonly userErrors: number
  readonly refused: number
  readonly p99Ms: number
  readonly steadyCalls: number
  readonly peakCalls: number
  readonly waitP50Ms: number
  readonly waitP99Ms: number
  readonly opensOfA: number
  readonly opensOfB: number
  readonly falseOpens: number
}

function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return 0
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}

/** Until the share of first attempts that goes to A stays under 5 %, over a second; NaN: never. */
function ejectS(m: Metrics): number {
  let last = 4 * FAULT_FROM_S
  for (let q = 4 * FAULT_FROM_S; q + 3 <= 4 * FAULT_TO_S; q++) {
    const first = m.sum(m.firstOfA4, q - 1, q + 3)
    if (first > 1 && first >= 0.05 * m.sum(m.requests4, q - 1, q + 3)) last = q
  }
  return last >= 4 * FAULT_TO_S - 8 ? NaN : (last + 1) / 4 - FAULT_FROM_S
}
/** Until it is under 5 % for five seconds for the first time: a brown-out passes seven trials now and then. */
function firstEjectS(m: Metrics): number {
  let low = 0
  for (let q = 4 * FAULT_FROM_S; q + 3 <= 4 * FAULT_TO_S; q++) {
    const first = m.sum(m.firstOfA4, q - 1, q + 3)
    low = first > 1 && first >= 0.05 * m.sum(m.requests4, q - 1, q + 3) ? 0 : low + 1
    if (low === 20) return (q - 19) / 4 - FAULT_FROM_S
  }
  return NaN
}
/** Until A has 90 % of first attempts again, over two seconds; NaN: not within the run. */
function recoverS(m: Metrics, share: number): number {
  for (let s = FAULT_TO_S; s + 2 <= m.seconds; s++)
    if (m.sum(m.firstOfA, s, s + 2) >= 0.9 * share * m.sum(m.requests, s, s + 2)) return s - FAULT_TO_S
  return NaN
}

export function summarise(m: Metrics): Summary {
  const from = FAULT_FROM_S
  const to = FAULT_TO_S
  const share = m.sum(m.firstOfA, 45, 60) / Math.max(1, m.sum(m.requests, 45, 60))
  const ratio = (a: number, b: number): number =>
    m.sum(m.attempts, a, b) / Math.max(1, m.sum(m.requests, a, b))
  return {
    requests: m.sum(m.requests, 0, m.seconds),
    attempts: m.sum(m.attempts, 0, m.seconds),
    wasted: m.sum(m.attemptsOfA, from, to),
    late: m.sum(m.attemptsOfA, from + 10, to),
    herd: m.max(m.attemptsOfA, from + 10, to),
    ejectS: ejectS(m),
    firstEjectS: firstEjectS(m),
    recoverS: recoverS(m, Math.min(1, share)),
    amplification10: ratio(from, from + 10),
    amplification: ratio(from, to),
    damage: m.sum(m.failuresOfA, to, Math.min(m.seconds, to + 60)),
    userErrors: m.sum(m.errors, 0, m.seconds + 400),
    refused: m.sum(m.refused, 0, m.seconds + 400),
    p99Ms: quantile(m.userMs, 0.99),
    steadyCalls: m.sum(m.calls, 48, 58) / 10,
    peakCalls: m.max(m.calls, 45, m.seconds),
    waitP50Ms: quantile(m.waits, 0.5),
    waitP99Ms: quantile(m.waits, 0.99),
    opensOfA: m.opens.filter((o) => o.target === 'a/m').length,
    opensOfB: m.opens.filter((o) => o.target === 'b/m').length,
    falseOpens: m.opens.filter((o) => o.at < from || (o.target !== 'a/m' && o.at < END_S)).length,
  }
}
