import type { Summary } from './metrics.ts'

/** The bar of docs/resilience.md's table, for a fleet of `perS` requests/s over as many isolates. */
export interface Target {
  readonly metric: string
  readonly script: string
  readonly value: (s: Summary) => number
  /** Async, joined; counts are for 1,000 requests/s and scale with the rate. */
  readonly atMost: readonly [number, number]
  readonly scales?: true
}

export const TARGETS: readonly Target[] = [
  {
    metric: 'error amplification, first 10 s',
    script: 'hard-503',
    value: (s) => s.amplification10,
    atMost: [1.25, 1.25],
  },
  {
    metric: 'error amplification, whole outage',
    script: 'hard-503',
    value: (s) => s.amplification,
    atMost: [1.05, 1.05],
  },
  {
    metric: 'error amplification, first 10 s (retryable kind)',
    script: 'hard-500',
    value: (s) => s.amplification10,
    atMost: [1.25, 1.25],
  },
  { metric: 'time to eject, hard (s)', script: 'hard-503', value: (s) => s.ejectS, atMost: [5, 4] },
  { metric: 'time to eject, black hole (s)', script: 'black-hole', value: (s) => s.ejectS, atMost: [8, 8] },
  {
    metric: 'time to first eject, 30 % brown-out (s)',
    script: 'brown-out-30',
    value: (s) => s.firstEjectS,
    atMost: [10, 10],
  },
  {
    metric: 'wasted attempts, hard',
    script: 'hard-503',
    value: (s) => s.wasted,
    atMost: [2_500, 2_000],
    scales: true,
  },
  {
    metric: 'wasted attempts, hard (retryable kind)',
    script: 'hard-500',
    value: (s) => s.wasted,
    atMost: [2_500, 2_000],
    scales: true,
  },
  { metric: 'trial herd, hard (attempts/s)', script: 'hard-503', value: (s) => s.herd, atMost: [5, 5] },
  {
    metric: 'trial herd, black hole (attempts/s)',
    script: 'black-hole',
    value: (s) => s.herd,
    atMost: [5, 5],
  },
  { metric: 'time to recover, hard (s)', script: 'hard-503', value: (s) => s.recoverS, atMost: [25, 25] },
  {
    metric: 'time to recover, black hole (s)',
    script: 'black-hole',
    value: (s) => s.recoverS,
    atMost: [25, 25],
  },
  {
    metric: 'time to recover, late news (s)',
    script: 'late-news',
    value: (s) => s.recoverS,
    atMost: [25, 25],
  },
  { metric: 'opens, late news', script: 'late-news', value: (s) => s.opensOfA, atMost: [1, 1] },
  {
    metric: 'time to follow a price, there (s)',
    script: 'price-change',
    value: (s) => s.firstEjectS,
    atMost: [12, 12],
  },
  {
    metric: 'time to follow a price, and back (s)',
    script: 'price-change',
    value: (s) => s.recoverS,
    atMost: [12, 12],
  },
  {
    metric: 'recovery damage (failures in 60 s)',
    script: 'capacity-return',
    value: (s) => s.damage,
    atMost: [2_000, 2_000],
    scales: true,
  },
  {
    metric: 'false opens, 2 % background',
    script: 'calm',
    value: (s) => s.opensOfA + s.opensOfB,
    atMost: [0, 0],
  },
  { metric: 'health look-up, p50 (ms)', script: 'hard-503', value: (s) => s.waitP50Ms, atMost: [0, 0] },
  { metric: 'health look-up, p99 (ms)', script: 'hard-503', value: (s) => s.waitP99Ms, atMost: [100, 100] },
  {
    metric: 'object load, steady (calls/s)',
    script: 'hard-503',
    value: (s) => s.steadyCalls,
    atMost: [200, 200],
    scales: true,
  },
  {
    metric: 'object load, peak (calls/s)',
    script: 'hard-503',
    value: (s) => s.peakCalls,
    atMost: [1_000, 1_000],
    scales: true,
  },
  {
    metric: 'user errors, object down',
    script: 'object-down',
    value: (s) => s.userErrors + s.refused,
    atMost: [0, 0],
  },
]

/** A fleet that is hardly used: 50 isolates and 20 requests/s, where one attempt a second is 5 %. */
export const LOW_VOLUME = { isolates: 50, perS: 20 } as const
export const LOW_VOLUME_TARGETS: readonly Target[] = ['hard-503', 'hard-500'].flatMap((script): Target[] => [
  { metric: 'attempts', script, value: (s) => s.wasted, atMost: [100, 100] },
  { metric: 'time to eject (s)', script, value: (s) => s.ejectS, atMost: [12, 12] },
])

/** NaN is never: the event that was waited for did not come. */
export const meets = (target: Target, s: Summary, mode: 'async' | 'joined', perS: number): boolean =>
  target.value(s) <= limitOf(target, mode, perS)

export const limitOf = (target: Target, mode: 'async' | 'joined', perS: number): number =>
  (target.atMost[mode === 'async' ? 0 : 1] * (target.scales ? perS : 1_000)) / 1_000

export const missed = (
  script: string,
  s: Summary,
  mode: 'async' | 'joined',
  perS: number,
): readonly string[] =>
  TARGETS.filter((t) => t.script === script && !meets(t, s, mode, perS)).map(
    (t) => `${t.metric}: ${t.value(s)}, at most ${limitOf(t, mode, perS)}`,
  )
