import type { Json, JsonObject } from '../json.ts'
import type { Script } from '../script.ts'
import { Refused } from '../types.ts'

/** gemini.md 1.3. */
export function googleError(code: number, status: string, message: string, details?: Json[]): Refused {
  return new Refused(code, {
    error: { code, message, status, ...(details === undefined ? {} : { details }) },
  })
}

export function invalidArgument(message: string, details?: Json[]): Refused {
  return googleError(400, 'INVALID_ARGUMENT', message, details)
}

/** A field of the payload that does not parse: Google says where in the message and again in the details. */
export function badRequest(violations: readonly { field: string; description: string }[]): Refused {
  const message = violations.map(({ description }) => description).join('\n')
  return invalidArgument(message, [
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: violations.map((each) => ({ ...each })),
    },
  ])
}

/** gemini.md 1.2: a bad key is 400, not 401. */
export function badKey(): Refused {
  return invalidArgument('API key not valid. Please pass a valid API key.', [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
      domain: 'googleapis.com',
      metadata: { service: 'generativelanguage.googleapis.com' },
    },
    {
      '@type': 'type.googleapis.com/google.rpc.LocalizedMessage',
      locale: 'en-US',
      message: 'API key not valid. Please pass a valid API key.',
    },
  ])
}

function quotaFailure(quotaId: string, quotaValue: string, model: string): JsonObject {
  return {
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [
      {
        quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
        quotaId,
        quotaDimensions: { location: 'global', model },
        quotaValue,
      },
    ],
  }
}

interface Row {
  code: number
  status: string
  message: string
  /** The RetryInfo delay the body carries unless the script says another. */
  retry?: string
  details?(model: string): Json[]
}

const QUOTA = 'You exceeded your current quota, please check your plan and billing details.'

/** gemini.md 1.3, by the name a script uses. */
const FAULTS: Record<string, Row> = {
  per_minute: {
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: `${QUOTA}\nPlease retry in DELAY.`,
    retry: '34.4s',
    details: (model) => [quotaFailure('GenerateRequestsPerMinutePerProjectPerModel-FreeTier', '15', model)],
  },
  // "retryDelay lies for daily quotas": a day's quota still says half a minute.
  per_day: {
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: `${QUOTA}\nPlease retry in DELAY.`,
    retry: '36.2s',
    details: (model) => [quotaFailure('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '250', model)],
  },
  exhausted: {
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: 'Resource has been exhausted (e.g. check quota).',
  },
  prepaid: { code: 402, status: 'RESOURCE_EXHAUSTED', message: 'Your prepaid credits are depleted.' },
  leaked_key: {
    code: 403,
    status: 'PERMISSION_DENIED',
    message: 'Your API key was reported as leaked. Please use another API key.',
  },
  permission: { code: 403, status: 'PERMISSION_DENIED', message: 'The caller does not have permission' },
  location: {
    code: 400,
    status: 'FAILED_PRECONDITION',
    message: 'User location is not supported for the API use.',
  },
  too_long: {
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).',
  },
  invalid_argument: {
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'Request contains an invalid argument.',
  },
  unauthenticated: {
    code: 401,
    status: 'UNAUTHENTICATED',
    message: 'Request had invalid authentication credentials.',
  },
  not_found: {
    code: 404,
    status: 'NOT_FOUND',
    message: 'models/MODEL is not found for API version v1beta, or is not supported for generateContent.',
  },
  aborted: { code: 409, status: 'ABORTED', message: 'The operation was aborted.' },
  cancelled: { code: 499, status: 'CANCELLED', message: 'The operation was cancelled.' },
  internal: {
    code: 500,
    status: 'INTERNAL',
    message:
      'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
  },
  unimplemented: {
    code: 501,
    status: 'UNIMPLEMENTED',
    message: 'Operation is not implemented, or supported, or enabled.',
  },
  unavailable: {
    code: 503,
    status: 'UNAVAILABLE',
    message: 'The model is overloaded. Please try again later.',
  },
  deadline: {
    code: 504,
    status: 'DEADLINE_EXCEEDED',
    message: 'Deadline expired before operation could complete.',
  },
}

const BY_STATUS: Record<number, string> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  402: 'prepaid',
  403: 'permission',
  404: 'not_found',
  409: 'aborted',
  429: 'exhausted',
  499: 'cancelled',
  500: 'internal',
  501: 'unimplemented',
  503: 'unavailable',
  504: 'deadline',
}

/** gemini.md 1.3: front ends answer in HTML. */
const EDGE = new Set([413, 502, 520, 521, 522, 523, 524])

export function fault(script: Script, model: string): Refused {
  const headers: Record<string, string> = {}
  if (script.retryAfter !== undefined) headers['retry-after'] = String(script.retryAfter)
  if (script.error === 'html' || (script.error === undefined && EDGE.has(script.status ?? 0))) {
    const status = script.status ?? 502
    const page = `<!DOCTYPE html><html lang=en><title>Error ${status} (Server Error)!!1</title><p><b>${status}.</b></html>`
    return new Refused(status, page, { ...headers, 'content-type': 'text/html; charset=UTF-8' })
  }
  const { status, body } = faultBody(script, model)
  return new Refused(status, script.arrayWrapped === true ? [body] : body, headers)
}

function rowOf({ error, status = 503 }: Script): Row {
  const named = FAULTS[error ?? BY_STATUS[status] ?? 'unavailable']
  return named ?? { code: 400, status: error ?? 'UNKNOWN', message: `Simulated ${error}` }
}

/** Also the in-band error of a stream, gemini.md 1.4. */
export function faultBody(script: Script, model: string): { status: number; body: Json } {
  if (script.error === 'API_KEY_INVALID') return { status: 400, body: badKey().body }
  const row = rowOf(script)
  const delay = script.retryInfo ?? row.retry
  const details = [...(row.details?.(model) ?? [])]
  if (delay !== undefined)
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: delay })
  const message = script.message ?? row.message.replace('MODEL', model).replace('DELAY', delay ?? '')
  const code = script.status ?? row.code
  return {
    status: code,
    body: { error: { code, message, status: row.status, ...(details.length > 0 ? { details } : {}) } },
  }
}
