import { given, isObject } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { invalid } from './errors.ts'

type Kind =
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'string'
  | 'array'
  | 'object'
  | 'string or array'
  | 'string or object'

export interface Field {
  name: string
  kind: Kind
  min?: number
  max?: number
  values?: readonly string[]
}

const ANY_EFFORT = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/**
 * The top-level fields of openai.md 2.1. service_tier has no list here: it names a value the spec lacks,
 * and unknown enum values must pass through (openai.md 8, trap 20).
 */
export const FIELDS: readonly Field[] = [
  { name: 'audio', kind: 'object' },
  { name: 'frequency_penalty', kind: 'decimal', min: -2, max: 2 },
  { name: 'function_call', kind: 'string or object' },
  { name: 'functions', kind: 'array', min: 1, max: 128 },
  { name: 'logit_bias', kind: 'object' },
  { name: 'logprobs', kind: 'boolean' },
  { name: 'max_completion_tokens', kind: 'integer', min: 1 },
  { name: 'max_tokens', kind: 'integer', min: 1 },
  { name: 'metadata', kind: 'object', max: 16 },
  { name: 'modalities', kind: 'array', min: 1 },
  { name: 'moderation', kind: 'object' },
  { name: 'n', kind: 'integer', min: 1, max: 128 },
  { name: 'parallel_tool_calls', kind: 'boolean' },
  { name: 'prediction', kind: 'object' },
  { name: 'presence_penalty', kind: 'decimal', min: -2, max: 2 },
  { name: 'prompt_cache_key', kind: 'string', max: 64 },
  { name: 'prompt_cache_options', kind: 'object' },
  { name: 'prompt_cache_retention', kind: 'string' },
  { name: 'reasoning_effort', kind: 'string', values: ANY_EFFORT },
  { name: 'response_format', kind: 'object' },
  { name: 'safety_identifier', kind: 'string', max: 64 },
  { name: 'seed', kind: 'integer' },
  { name: 'service_tier', kind: 'string' },
  { name: 'stop', kind: 'string or array', max: 4 },
  { name: 'store', kind: 'boolean' },
  { name: 'stream', kind: 'boolean' },
  { name: 'stream_options', kind: 'object' },
  { name: 'temperature', kind: 'decimal', min: 0, max: 2 },
  { name: 'tool_choice', kind: 'string or object' },
  { name: 'tools', kind: 'array', min: 1, max: 128 },
  { name: 'top_logprobs', kind: 'integer', min: 0, max: 20 },
  { name: 'top_p', kind: 'decimal', min: 0, max: 1 },
  { name: 'user', kind: 'string' },
  { name: 'verbosity', kind: 'string', values: ['low', 'medium', 'high'] },
  { name: 'web_search_options', kind: 'object' },
]

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'array'
  if (isObject(value)) return 'object'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal'
  return typeof value
}

function fits(actual: string, wanted: Kind): boolean {
  if (wanted === 'decimal') return actual === 'decimal' || actual === 'integer'
  return wanted.split(' or ').includes(actual)
}

export function checkType(value: Json, kind: Kind, path: string): void {
  const actual = kindOf(value)
  if (fits(actual, kind)) return
  const message = `Invalid type for '${path}': expected ${article(kind)}, but got ${article(actual)} instead.`
  throw invalid('invalid_type', path, message)
}

function article(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}

export function checkField(body: JsonObject, field: Field): void {
  if (!given(body, field.name)) return
  const value = body[field.name] as Json
  checkType(value, field.kind, field.name)
  checkValue(value, field.values, field.name)
  checkSize(value, field)
}

export function checkValue(
  value: Json | undefined,
  values: readonly string[] | undefined,
  path: string,
): void {
  if (values === undefined || (typeof value === 'string' && values.includes(value))) return
  const listed = values.map((each) => `'${each}'`).join(', ')
  throw invalid(
    'invalid_value',
    path,
    `Invalid value: '${typeof value === 'string' ? value : JSON.stringify(value)}'. Supported values are: ${listed}.`,
  )
}

interface Measure {
  of: (value: Json) => number | undefined
  below: string
  above: string
  what: string
}

/** openai.md 1.4, the validation codes. */
const MEASURES: readonly Measure[] = [
  {
    of: (value) => (Array.isArray(value) ? value.length : undefined),
    below: 'array_below_min_length',
    above: 'array_above_max_length',
    what: 'array length',
  },
  {
    of: (value) => (typeof value === 'string' ? value.length : undefined),
    below: 'string_too_short',
    above: 'string_above_max_length',
    what: 'string length',
  },
  {
    of: (value) => (isObject(value) ? Object.keys(value).length : undefined),
    below: 'object_below_min_properties',
    above: 'object_above_max_properties',
    what: 'number of properties',
  },
]

function measured(
  value: Json,
  kind: Kind,
): { size: number; below: string; above: string; what: string } | undefined {
  if (typeof value === 'number') {
    return {
      size: value,
      below: `${kind}_below_min_value`,
      above: `${kind}_above_max_value`,
      what: `${kind} value`,
    }
  }
  for (const { of, ...rest } of MEASURES) {
    const size = of(value)
    if (size !== undefined) return { size, ...rest }
  }
  return undefined
}

function checkSize(value: Json, { name, kind, min = -Infinity, max = Infinity }: Field): void {
  // The four stop strings are counted, the one stop string is not measured.
  if (kind === 'string or array' && typeof value === 'string') return
  const found = measured(value, kind)
  if (found === undefined) return
  const { size, below, above, what } = found
  if (size < min)
    throw invalid(
      below,
      name,
      `Invalid '${name}': ${what} too small. Expected at least ${min}, but got ${size} instead.`,
    )
  if (size > max)
    throw invalid(
      above,
      name,
      `Invalid '${name}': ${what} too large. Expected at most ${max}, but got ${size} instead.`,
    )
}
