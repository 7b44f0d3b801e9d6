import * as z from 'zod'
import { GatewayError } from '../errors.ts'
import { type Grouping, ROWS_MAX, type UsageQuery } from './ask.ts'
import { type Dimension, DIMENSIONS } from './entry.ts'
import { type Period, PERIODS, startOf } from './rollups.ts'

export type Format = (typeof FORMATS)[number]
const FORMATS = ['json', 'csv', 'ndjson'] as const
const ASKABLE = ['minute', 'hour', 'day'] as const satisfies readonly Period[]
const GROUPINGS: readonly Grouping[] = ['time', ...DIMENSIONS]
const MAX_FILTER_CHARS = 256
/** What a query may say; every value is a text. */
export const parameterSchema = z.object({
  from: z.string().optional().describe('ISO 8601 or Unix seconds; a day before `to`.'),
  to: z.string().optional().describe('The end, not included; now.'),
  period: z.enum(ASKABLE).default('hour'),
  group_by: z
    .string()
    .optional()
    .describe(`Any of ${GROUPINGS.join(', ')}, separated by commas.`),
  format: z.enum(FORMATS).default('json'),
  ...filterSchemas(),
})
const KNOWN: ReadonlySet<string> = new Set(Object.keys(parameterSchema.shape))
const DEFAULT_RANGE_MS = PERIODS.day
/** Years of days: more than is kept. */
const LATEST_MS = 8.64e15

function filterSchemas(): { readonly [name in Dimension]: z.ZodType } {
  const text = z.string().max(MAX_FILTER_CHARS).optional()
  return { tenant: text, key: text, provider: text, model: text, route: text, endpoint: text, tag: text }
}

/** Reads a query for usage. Throws `GatewayError` (400) that names the parameter at fault. */
export function readQuery(
  parameters: URLSearchParams,
  now: number,
): { readonly query: UsageQuery; readonly format: Format } {
  for (const name of new Set(parameters.keys())) {
    if (!KNOWN.has(name))
      throw invalid('unknown_parameter', name, `Unknown parameter: '${name.slice(0, 100)}'.`)
    if (parameters.getAll(name).length > 1)
      throw invalid('invalid_value', name, `'${name}' may be given once.`)
  }
  const period = oneOf(parameters, 'period', ASKABLE) ?? 'hour'
  const to = timeOf(parameters, 'to') ?? now + 1
  const from = timeOf(parameters, 'from') ?? to - DEFAULT_RANGE_MS
  if (from >= to) throw invalid('invalid_value', 'from', "'from' must be before 'to'.")
  if ((to - from) / PERIODS[period] > ROWS_MAX) {
    throw invalid(
      'invalid_value',
      'from',
      `The range has more than ${ROWS_MAX} periods; ask for longer ones.`,
    )
  }
  return {
    query: {
      period,
      from: startOf(period, from),
      to,
      groupBy: groupings(parameters),
      filters: filtersOf(parameters),
    },
    format: oneOf(parameters, 'format', FORMATS) ?? 'json',
  }
}

function groupings(parameters: URLSearchParams): readonly Grouping[] {
  const asked = (parameters.get('group_by') ?? '').split(',').filter((each) => each !== '')
  const known = GROUPINGS.filter((name) => asked.includes(name))
  if (known.length === asked.length) return known
  throw invalid('invalid_value', 'group_by', `'group_by' takes, each once: ${GROUPINGS.join(', ')}.`)
}

function filtersOf(parameters: URLSearchParams): UsageQuery['filters'] {
  const filters: { [name in Dimension]?: string } = {}
  for (const name of DIMENSIONS) {
    const value = parameters.get(name)
    if (value === null) continue
    if (value.length > MAX_FILTER_CHARS) throw invalid('invalid_value', name, `'${name}' is too long.`)
    filters[name] = value
  }
  return filters
}

function oneOf<T extends string>(
  parameters: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = parameters.get(name)
  if (value === null) return undefined
  const found = allowed.find((each) => each === value)
  if (found === undefined)
    throw invalid('invalid_value', name, `'${name}' must be one of ${allowed.join(', ')}.`)
  return found
}

const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/

/** NaN for what is no time of the calendar: the platform takes 30 February for 2 March, and 24:00 for the next day. */
function instantOf(text: string): number {
  const time = DATE.test(text) ? Date.parse(text) : NaN
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text.slice(0, 10)) ? time : NaN
}

/** A day, an instant in UTC, or Unix seconds. */
function timeOf(parameters: URLSearchParams, name: string): number | undefined {
  const value = parameters.get(name)
  if (value === null) return undefined
  const time = /^\d{1,11}$/.test(value) ? Number(value) * 1_000 : instantOf(value)
  if (Number.isFinite(time) && time >= 0 && time <= LATEST_MS) return time
  throw invalid(
    'invalid_value',
    name,
    `'${name}' must be a date, a UTC time (2026-11-24T10:00:00Z) or Unix seconds.`,
  )
}

function invalid(code: 'invalid_value' | 'unknown_parameter', param: string, message: string): GatewayError {
  return new GatewayError(code, message, { param: param.slice(0, 100), retry: false })
}
