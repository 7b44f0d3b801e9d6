import type { NewKey } from '../../src/keys/object/key-input.ts'

/** A key, the isolates that serve it, and all that goes wrong between them. */
export interface Scenario {
  readonly name: string
  readonly seed: number
  readonly key: NewKey
  readonly seconds: number
  readonly isolates: number
  /** Requests per second, over all isolates. */
  readonly rate: number
  /** The worst case of a call in dollars, and the part of it that calls cost on average. */
  readonly worstUsd: number
  readonly costShare: number
  /** How far one call in five exceeds its worst case, as a part of it: 0 while worst cases are true. */
  readonly overshoot?: number
  readonly faults?: Faults
}

export interface Faults {
  /** Messages lost on the way there or back, and delivered twice. */
  readonly loss: number
  readonly duplicated: number
  /** Per minute. */
  readonly isolateDeaths: number
  readonly objectRestarts: number
  readonly objectOutages: number
  readonly skewMs: number
}

export const NO_FAULTS: Faults = {
  loss: 0,
  duplicated: 0,
  isolateDeaths: 0,
  objectRestarts: 0,
  objectOutages: 0,
  skewMs: 0,
}
const HARSH: Faults = {
  loss: 0.05,
  duplicated: 0.1,
  isolateDeaths: 4,
  objectRestarts: 6,
  objectOutages: 0.5,
  skewMs: 3_600_000,
}

const fiveDollars: NewKey = { name: 'k', budgets: { total: 5 } }

export const SCENARIOS: readonly Scenario[] = [
  scenario(
    'busy key',
    1,
    { isolates: 4, rate: 40, seconds: 120 },
    {
      name: 'k',
      limits: { requestsPerMinute: 6_000, tokensPerMinute: 50_000_000, concurrent: 500 },
      budgets: { total: 10_000 },
    },
  ),
  scenario(
    'quiet key',
    2,
    { isolates: 2, rate: 0.5, seconds: 600 },
    {
      name: 'k',
      limits: { requestsPerMinute: 600, concurrent: 64 },
      budgets: { total: 100 },
    },
  ),
  scenario('key without limits', 3, { isolates: 4, rate: 40, seconds: 60 }, { name: 'k' }),
  scenario('$5.00', 4, {}, fiveDollars),
  scenario('$5.00, everything wrong', 5, { faults: HARSH }, fiveDollars),
  scenario('$5.00, everything wrong, worst cases too low', 6, { overshoot: 0.5, faults: HARSH }, fiveDollars),
  scenario(
    '60 requests a minute, everything wrong',
    7,
    { isolates: 5, rate: 3, faults: HARSH },
    {
      name: 'k',
      limits: { requestsPerMinute: 60 },
    },
  ),
  scenario(
    'rates and 40 at once, everything wrong',
    8,
    { isolates: 8, rate: 30, seconds: 180, faults: HARSH },
    {
      name: 'k',
      limits: { requestsPerMinute: 1_200, tokensPerMinute: 2_000_000, concurrent: 40 },
    },
  ),
]

function scenario(name: string, seed: number, differs: Partial<Scenario>, key: NewKey): Scenario {
  return { seconds: 300, isolates: 6, rate: 10, worstUsd: 0.02, costShare: 0.3, ...differs, name, seed, key }
}
