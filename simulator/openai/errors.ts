import type { Json } from '../json.ts'
import type { Script } from '../script.ts'
import { Refused } from '../types.ts'

/** openai.md 1.3: all four members are always there; param and code may be null. */
interface Detail {
  message: string
  type?: string
  code?: string | null
  param?: string | null
}

export function openaiError(
  status: number,
  { message, type = 'invalid_request_error', code = null, param = null }: Detail,
): Refused {
  return new Refused(status, { error: { message, type, param, code } })
}

export function invalid(code: string | null, param: string | null, message: string): Refused {
  return openaiError(400, { message, code, param })
}

export function missing(param: string): Refused {
  return invalid('missing_required_parameter', param, `Missing required parameter: '${param}'.`)
}

interface Row extends Detail {
  status: number
}

/** openai.md 1.4, by the name a script uses. */
const FAULTS: Record<string, Row> = {
  rate_limit: {
    status: 429,
    type: 'requests',
    code: 'rate_limit_exceeded',
    message:
      'Rate limit reached for MODEL in organization org-sim on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 1.2s.',
  },
  rate_limit_tokens: {
    status: 429,
    type: 'tokens',
    code: 'rate_limit_exceeded',
    message:
      'Rate limit reached for MODEL in organization org-sim on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
  },
  request_too_large: {
    status: 429,
    type: 'tokens',
    code: 'rate_limit_exceeded',
    message:
      'Request too large for MODEL in organization org-sim on tokens per min (TPM): Limit 30000, Requested 40000.',
  },
  slow_down: {
    status: 429,
    type: 'requests',
    code: 'slow_down',
    message: 'Slow down: your request rate is rising too fast.',
  },
  insufficient_quota: {
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  },
  credit_balance_exhausted: {
    status: 429,
    type: 'insufficient_quota',
    code: 'credit_balance_exhausted',
    message: 'Your credit balance is exhausted.',
  },
  invalid_api_key: { status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided: sk-****.' },
  missing_scope: {
    status: 403,
    code: 'missing_scope',
    message: 'You have insufficient permissions for this operation.',
  },
  unsupported_country: {
    status: 403,
    type: 'request_forbidden',
    code: 'unsupported_country_region_territory',
    message: 'Country, region, or territory not supported',
  },
  model_not_found: {
    status: 404,
    code: 'model_not_found',
    message: 'The model `MODEL` does not exist or you do not have access to it.',
  },
  context_length_exceeded: {
    status: 400,
    code: 'context_length_exceeded',
    param: 'messages',
    message:
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens. Please reduce the length of the messages.",
  },
  invalid_prompt: {
    status: 400,
    code: 'invalid_prompt',
    message: 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.',
  },
  conflict: { status: 409, message: 'The request conflicted with another one.' },
  too_large: { status: 413, message: 'Request body too large.' },
  server_error: {
    status: 500,
    type: 'server_error',
    message: 'The server had an error while processing your request. Sorry about that!',
  },
  overloaded: {
    status: 503,
    type: 'service_unavailable_error',
    code: 'server_is_overloaded',
    message: 'That model is currently overloaded with other requests.',
  },
}

const BY_STATUS: Record<number, string> = {
  400: 'invalid_prompt',
  401: 'invalid_api_key',
  403: 'unsupported_country',
  404: 'model_not_found',
  409: 'conflict',
  413: 'too_large',
  429: 'rate_limit',
  500: 'server_error',
  503: 'overloaded',
}

/** openai.md 1.4: edge errors are HTML. */
const EDGE = new Set([502, 504, 520, 521, 522, 523, 524])

function edgePage(status: number): string {
  return `<!DOCTYPE html><html><head><title>${status}: edge error</title></head><body><center><h1>${status}</h1></center></body></html>`
}

export function fault(script: Script, model: string): Refused {
  const headers: Record<string, string> = {}
  if (script.retryAfter !== undefined) headers['retry-after'] = String(script.retryAfter)
  if (script.error === 'html' || (script.error === undefined && EDGE.has(script.status ?? 0))) {
    return new Refused(script.status ?? 502, edgePage(script.status ?? 502), {
      ...headers,
      'content-type': 'text/html',
    })
  }
  const row = faultRow(script)
  const message = script.message ?? row.message.replace('MODEL', model)
  const refused = openaiError(script.status ?? row.status, { ...row, message })
  return new Refused(refused.status, refused.body, headers)
}

function faultRow(script: Script): Row {
  const named = FAULTS[script.error ?? BY_STATUS[script.status ?? 500] ?? 'server_error']
  return named ?? { status: 400, code: script.error ?? null, message: `Simulated ${script.error}` }
}

/** The same body inside a stream that already answered 200: openai.md 2.8. */
export function faultBody(script: Script): Json {
  const {
    message,
    type = 'invalid_request_error',
    code = null,
    param = null,
  } = faultRow({ ...script, error: script.error ?? 'server_error' })
  return { error: { message: script.message ?? message, type, param, code } }
}
