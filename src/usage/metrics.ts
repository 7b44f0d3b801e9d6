import type { Described } from '../health/describe.ts'
import type { UsageRow } from './ask.ts'
import { BOUNDS_MS, type Counter, type Money, moneyOf } from './counters.ts'
import type { UsageReport } from './reader.ts'

type Labels = Readonly<Record<string, string>>
interface Sample {
  readonly suffix?: string
  readonly labels: Labels
  readonly value: number
}
interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** OpenTelemetry's names for what an endpoint does. */
const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  completions: 'text_completion',
  responses: 'chat',
  embeddings: 'embeddings',
}
/** And for who does it. */
const PROVIDERS: Readonly<Record<string, string>> = { gemini: 'gcp.gemini' }

/** The fleet in Prometheus' text format: attributes and units of OpenTelemetry's gen_ai conventions, dots as underscores. */
export function metricsText(report: UsageReport, health: readonly Described[] | undefined): string {
  const { rows } = report
  return [
    ...usageFamilies(rows),
    histogram('gen_ai_server_request_duration_seconds', 'Time of a whole request.', rows, 'duration'),
    histogram('gen_ai_server_time_to_first_token_seconds', 'Time until an answer begins.', rows, 'ttft'),
    ...ledgerFamilies(report),
    ...healthFamilies(health),
  ]
    .map(familyText)
    .join('')
}

function usageFamilies(rows: readonly UsageRow[]): readonly Family[] {
  const tokens = rows.flatMap((row) => [
    sampleOf(row, row.counters.input_tokens, { gen_ai_token_type: 'input' }),
    sampleOf(row, row.counters.output_tokens, { gen_ai_token_type: 'output' }),
  ])
  const counter = (name: string, help: string, value: (row: UsageRow) => number | undefined): Family => ({
    name,
    type: 'counter',
    help,
    samples: rows.map((row) => sampleOf(row, value(row), {})),
  })
  const plain = (name: string, help: string, of: Counter): Family =>
    counter(name, help, ({ counters }) => counters[of])
  return [
    { name: 'gen_ai_client_token_usage_total', type: 'counter', help: 'Tokens used.', samples: tokens },
    plain('llm_gateway_cached_tokens_total', 'Input tokens read from a prompt cache.', 'cached_tokens'),
    plain('llm_gateway_reasoning_tokens_total', 'Output tokens of hidden thinking.', 'reasoning_tokens'),
    counter('llm_gateway_cost_usd_total', 'Cost at known prices.', ({ counters }) => usd('cost', counters)),
    counter('llm_gateway_saved_usd_total', 'Cost that a cache saved.', ({ counters }) =>
      usd('saved', counters),
    ),
    counter(
      'llm_gateway_own_key_cost_usd_total',
      "Cost at known prices of what was billed to callers' own provider keys.",
      ({ counters }) => usd('own_key', counters),
    ),
    counter(
      'llm_gateway_own_key_saved_usd_total',
      "Cost that a cache saved of what would have been billed to callers' own provider keys.",
      ({ counters }) => usd('own_key_saved', counters),
    ),
    plain('llm_gateway_own_key_requests_total', "Requests on callers' own provider keys.", 'own_key'),
    plain('llm_gateway_requests_total', 'Requests.', 'requests'),
    plain('llm_gateway_refused_total', 'Requests that nobody served.', 'refused'),
    plain('llm_gateway_cancelled_total', 'Answers that the client left.', 'cancelled'),
    plain('llm_gateway_cut_short_total', 'Answers that the upstream broke off.', 'cut_short'),
    plain('llm_gateway_estimated_total', 'Requests with estimated usage.', 'estimated'),
    plain('llm_gateway_unpriced_total', 'Requests whose price is not known.', 'unpriced'),
    plain('llm_gateway_attempts_total', 'Upstream attempts.', 'attempts'),
    plain('llm_gateway_failed_attempts_total', 'Upstream attempts that failed.', 'failed_attempts'),
    plain(
      'llm_gateway_unsettled_attempts_total',
      'Upstream attempts that failed and may be billed for more than is known.',
      'unsettled_attempts',
    ),
  ]
}

const PICO_PER_USD = 1e12
const usd = (kind: Money, counters: UsageRow['counters']): number =>
  Number(moneyOf(kind, counters)) / PICO_PER_USD

function labelsOf({ group }: UsageRow): Labels {
  const text = (name: keyof UsageRow['group']): string => String(group[name] ?? '')
  const provider = text('provider')
  const endpoint = text('endpoint')
  return {
    gen_ai_operation_name: OPERATIONS[endpoint] ?? endpoint,
    gen_ai_provider_name: PROVIDERS[provider] ?? provider,
    gen_ai_response_model: text('model'),
    route: text('route'),
    // Two endpoints may be one operation.
    endpoint,
  }
}

const sampleOf = (row: UsageRow, value: number | undefined, more: Labels): Sample => ({
  labels: { ...labelsOf(row), ...more },
  value: value ?? 0,
})

function histogram(name: string, help: string, rows: readonly UsageRow[], kind: 'duration' | 'ttft'): Family {
  const samples = rows.flatMap((row): Sample[] => {
    const { counters } = row
    const count = kind === 'duration' ? counters.requests : counters.ttft_count
    return [
      ...BOUNDS_MS.map((bound) => ({
        suffix: '_bucket',
        ...sampleOf(row, counters[`${kind}_le_${bound}`], { le: String(bound / 1_000) }),
      })),
      { suffix: '_bucket', ...sampleOf(row, count, { le: '+Inf' }) },
      { suffix: '_sum', ...sampleOf(row, (counters[`${kind}_ms`] ?? 0) / 1_000, {}) },
      { suffix: '_count', ...sampleOf(row, count, {}) },
    ]
  })
  return { name, type: 'histogram', help, samples }
}

function ledgerFamilies({ facts, corrupt, unreachable }: UsageReport): readonly Family[] {
  const of = (reason: string, value: number): Sample => ({ labels: { reason }, value })
  return [
    {
      name: 'llm_gateway_ledger_lost_total',
      type: 'counter',
      help: 'Requests that the books miss.',
      samples: [
        of('gap', facts.missing),
        of('never_ended', facts.lost_open),
        of('corrupt_pending', facts.corrupt_pending),
      ],
    },
    gauge('llm_gateway_ledger_corrupt_rows', 'Totals that cannot be read.', corrupt),
    gauge('llm_gateway_ledger_unreachable', 'Ledger objects that did not answer.', unreachable),
  ]
}

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  type: 'gauge',
  help,
  samples: [{ labels: {}, value }],
})

function healthFamilies(health: readonly Described[] | undefined): readonly Family[] {
  const samples = (health ?? []).map(({ target, state }) => ({
    labels: { target, state },
    value: 1,
  }))
  return [
    gauge('llm_gateway_health_known', 'Whether the health object answered.', health === undefined ? 0 : 1),
    { name: 'llm_gateway_target_state', type: 'gauge', help: 'State of the breaker of a target.', samples },
  ]
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = samples.map(
    ({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`,
  )
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
