import { bucketsOf, type Counters, countsOf, moneyCounters, sum } from './counters.ts'
import type { Usage } from '../protocol/usage.ts'
import type { AttemptRecord, UsageRecord } from './record.ts'

/** What roll-ups are kept by. */
export const DIMENSIONS = ['tenant', 'key', 'provider', 'model', 'route', 'endpoint', 'tag'] as const
export type Dimension = (typeof DIMENSIONS)[number]
export type Place = { readonly [name in Dimension]: string }

/** One request as the ledger gets it: what is added, and where. */
export interface Entry {
  /** Unix milliseconds. */
  readonly at: number
  readonly parts: readonly { readonly place: Place; readonly counters: Counters }[]
}

/** Upstreams and callers choose some of these texts: each is cut, so that a row stays small. */
const MAX_PLACE_CHARS = 128
const cut = (text: string): string => text.slice(0, MAX_PLACE_CHARS)

/** The request counts where it was served; attempts that failed count where they were made. */
export function entryOf(record: UsageRecord): Entry {
  const at = record.startedAt
  const failed = record.attempts.filter(({ failure }) => failure !== undefined)
  const home = placeOf(record, record.provider, record.model)
  return {
    at,
    parts: [
      { place: home, counters: servedCounters(record, record.attempts.length - failed.length) },
      ...failed.map((attempt) => ({
        place: placeOf(record, attempt.provider, attempt.model),
        counters: failedCounters(attempt),
      })),
    ],
  }
}

function placeOf(record: UsageRecord, provider: string, model: string): Place {
  return {
    tenant: cut(record.tenant),
    key: cut(record.keyId),
    provider: cut(provider),
    model: cut(model),
    route: cut(record.route ?? ''),
    endpoint: cut(record.endpoint),
    tag: cut(record.tag),
  }
}

const FINISHES = {
  complete: undefined,
  refused: 'refused',
  cancelled: 'cancelled',
  'cut-short': 'cut_short',
} as const

const savedCounters = ({ inputTokens, outputTokens }: Usage): Counters => ({
  saved_input_tokens: inputTokens,
  saved_output_tokens: outputTokens,
})

type Bought = Pick<UsageRecord, 'usage' | 'picoUsd' | 'own' | 'estimated'>

/** What was used, and what it cost whom. */
function boughtCounters({ usage, picoUsd, own, estimated }: Bought): Counters {
  return [
    usage === undefined ? {} : countsOf(usage),
    picoUsd === undefined ? { unpriced: 1 } : moneyCounters('cost', picoUsd),
    own === undefined ? {} : ownCounters(own),
    estimated ? { estimated: 1 } : {},
  ].reduce(sum)
}

const ownCounters = ({ picoUsd }: NonNullable<Bought['own']>): Counters =>
  picoUsd === undefined ? { own_key_unpriced: 1 } : moneyCounters('own_key', picoUsd)

function failedCounters({ spent, unsettled }: AttemptRecord): Counters {
  const made = { attempts: 1, failed_attempts: 1, ...(unsettled && { unsettled_attempts: 1 }) }
  return spent === undefined ? made : sum(made, boughtCounters(spent))
}

function servedCounters(record: UsageRecord, attempts: number): Counters {
  const { saved, savedPicoUsd, ownSavedPicoUsd, finish, durationMs, ttftMs } = record
  const kind = FINISHES[finish]
  return [
    boughtCounters(record),
    record.own === undefined ? {} : { own_key: 1 },
    moneyCounters('saved', savedPicoUsd),
    moneyCounters('own_key_saved', ownSavedPicoUsd),
    saved === undefined ? {} : savedCounters(saved),
    kind === undefined ? {} : { [kind]: 1 },
    { requests: 1, attempts, duration_ms: Math.round(durationMs) },
    bucketsOf('duration', durationMs),
    ttftMs === undefined ? {} : { ttft_ms: Math.round(ttftMs), ttft_count: 1, ...bucketsOf('ttft', ttftMs) },
  ].reduce(sum)
}
