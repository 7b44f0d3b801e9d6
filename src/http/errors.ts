import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import { GatewayError } from '../errors.ts'
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
  const param = issue?.path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('')
  if (issue?.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined')) {
    return new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
  }
  switch (issue?.code) {
    case 'invalid_type':
      return new GatewayError('invalid_type', `Invalid type for '${param}': expected ${issue.expected}.`, { param })
    case 'too_big':
      return issue.origin === 'array'
        ? new GatewayError('too_many_items', `Invalid '${param}': at most ${issue.maximum} items are allowed.`, { param })
        : new GatewayError('invalid_value', `Invalid '${param}': at most ${issue.maximum} is allowed.`, { param })
    default:
      return new GatewayError('invalid_value', `Invalid '${param}': ${issue?.message ?? 'invalid value'}.`, { param })
  }
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
