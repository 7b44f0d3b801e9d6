import { HTTPException } from 'hono/http-exception'
import * as z from 'zod'
import { type ErrorCode, GatewayError } from '../errors.ts'
import { HEADERS } from './headers.ts'

/** Everything that can be thrown on the way to an answer, as the error that the caller gets. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  if (thrown instanceof z.ZodError) return fromZod(thrown)
  // Hono's validator says so when the text is no JSON.
  if (thrown instanceof HTTPException && thrown.status === 400) {
    return new GatewayError('invalid_json', 'We could not parse the JSON body of your request.')
  }
  return new GatewayError('internal', 'The gateway failed to handle the request.', { cause: thrown })
}

/** The first issue names the parameter, in OpenAI's words (openai.md 1.4). */
export function fromZod(error: z.ZodError | z.core.$ZodError): GatewayError {
  const [issue] = error.issues
  if (issue === undefined) return new GatewayError('invalid_request', 'Invalid request.')
  if (issue.code === 'unrecognized_keys') {
    const param = paramOf([...issue.path, ...issue.keys.slice(0, 1)])
    return new GatewayError('unknown_parameter', `Unknown parameter: '${param}'.`, { param })
  }
  if (issue.path.length === 0)
    return new GatewayError('invalid_type', 'The request body must be a JSON object.')
  const param = paramOf(issue.path)
  if (issue.code === 'custom')
    return new GatewayError('invalid_type', `Invalid type for '${param}': ${issue.message}.`, { param })
  if (issue.code === 'invalid_union' && isMissing(issue))
    return new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, {
      param,
    })
  if (issue.code === 'invalid_type') {
    return issue.message.includes('received undefined')
      ? new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
      : new GatewayError('invalid_type', `Invalid type for '${param}': expected ${issue.expected}.`, {
          param,
        })
  }
  const code = CODES[`${issue.code} ${'origin' in issue ? issue.origin : ''}`] ?? 'invalid_value'
  return new GatewayError(code, `Invalid '${param}': ${wordsOf(issue)}.`, { param })
}

const CODES: Readonly<Partial<Record<string, ErrorCode>>> = {
  'too_small array': 'empty_array',
  'too_big array': 'too_many_items',
}

/** What is wrong with a value, in OpenAI's words where the validator has its own. */
function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small')
    return EMPTY[issue.origin] ?? `${issue.origin} below minimum value. Expected a value >= ${issue.minimum}`
  if (issue.code === 'too_big') return tooBig(issue)
  return issue.code === 'invalid_value'
    ? `Supported values are: ${issue.values.map((value) => `'${String(value)}'`).join(', ')}`
    : issue.message
}

function tooBig({ origin, maximum }: z.core.$ZodIssueTooBig): string {
  if (origin === 'array') return `at most ${maximum} items are allowed`
  return origin === 'string'
    ? `string too long. Expected a string with maximum length ${maximum}`
    : `${origin} above maximum value. Expected a value <= ${maximum}`
}

/** No minimum length here is more than one. */
const EMPTY: Readonly<Partial<Record<string, string>>> = {
  array: 'empty array. Expected an array with minimum length 1, but got an empty array instead',
  string: 'empty string. Expected a string with minimum length 1, but got an empty string instead',
}

/** Nothing at all fits none of the kinds that are allowed. */
function isMissing({ errors }: z.core.$ZodIssueInvalidUnion): boolean {
  return errors.every(([first]) => first?.message.includes('received undefined') === true)
}

/** A path as OpenAI writes it: `messages[0].role`. */
export function paramOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('')
}

/** An error as the response that the official SDKs turn into the right class. */
export function errorResponse(error: GatewayError): Response {
  const { retry, retryAfterMs, headers } = error.detail
  const response = Response.json(error.toBody(), { status: error.status, headers: { ...headers } })
  if (retry !== undefined) response.headers.set(HEADERS.shouldRetry, String(retry))
  if (retryAfterMs !== undefined) {
    response.headers.set(HEADERS.retryAfter, String(Math.max(1, Math.ceil(retryAfterMs / 1_000))))
    response.headers.set(HEADERS.retryAfterMs, String(Math.ceil(retryAfterMs)))
  }
  return response
}
