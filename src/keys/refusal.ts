import { type ErrorCode, GatewayError } from '../errors.ts'
import type { Denial } from './record.ts'
import type { Short, Shortage } from './limits/quota.ts'

/** Why a call is not served, and what its caller can do about it. */
export interface Refusal {
  readonly kind: Short | Denial | 'unavailable'
  /** The call alone is larger than the limit. */
  readonly never: boolean
  /** Absent: waiting does not help. */
  readonly retryAfterMs?: number | undefined
  /** `x-ratelimit-*`. */
  readonly headers: Readonly<Record<string, string>>
}

interface Row {
  readonly code: ErrorCode
  /** OpenAI's `type`, where it says which limit it was. */
  readonly type?: string
  readonly message: string
  readonly never: string
}

const REFUSALS = {
  requests: {
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached for requests per minute on this key.',
    never: 'This key allows no requests.',
  },
  tokens: {
    code: 'rate_limit_exceeded',
    type: 'tokens',
    message: 'Rate limit reached for tokens per minute on this key.',
    never:
      'This request can never fit: at its worst it takes more tokens than this key may use in a minute. Ask for less output, or send less.',
  },
  concurrent: {
    code: 'rate_limit_exceeded',
    message: 'Too many requests of this key are running at once.',
    never: 'This key allows no requests.',
  },
  day: quota('day', 'It is whole again at midnight UTC.'),
  month: quota('month', 'It is whole again on the first of the month, UTC.'),
  total: quota('total', 'Ask the operator of this gateway to raise it.'),
  unavailable: {
    code: 'limiter_unavailable',
    message: 'The limits of this key cannot be checked at the moment.',
    never: 'The limits of this key cannot be checked at the moment.',
  },
} satisfies Record<Short | 'unavailable', Row>

function quota(period: string, remedy: string): Row {
  return {
    code: 'insufficient_quota',
    message: `The ${period} budget of this key is used up, or set aside for requests that run. ${remedy}`,
    never: `This request can never fit: at its worst it costs more than the ${period} budget of this key.`,
  }
}

/** Longer waits help no client that retries by itself. */
const MAX_RETRY_AFTER_MS = 3_600_000

/** Money that is spent or set aside seldom comes back within a retry: there a client is told to stop (B-01). */
export function refusalError({ kind, never, retryAfterMs, headers }: Refusal): GatewayError {
  if (isDenial(kind)) return denialError(kind)
  const row: Row = REFUSALS[kind]
  const wait = never || (retryAfterMs ?? Infinity) > MAX_RETRY_AFTER_MS ? undefined : retryAfterMs
  const upstream = row.type === undefined ? undefined : { status: 429, type: row.type, code: row.code }
  return new GatewayError(row.code, never ? row.never : row.message, {
    headers,
    upstream,
    retryAfterMs: wait,
    retry: wait === undefined || row.code === 'insufficient_quota' ? false : undefined,
  })
}

export function refusalOf(shortage: Shortage, headers: Readonly<Record<string, string>>): Refusal {
  return { kind: shortage.short, never: shortage.never, retryAfterMs: shortage.waitMs, headers }
}

/** Its object has not been reached for too long. */
export const uncheckedKey = (): GatewayError =>
  new GatewayError('limiter_unavailable', 'This API key cannot be checked at the moment.', {
    retryAfterMs: 1_000,
  })

const DENIALS = {
  revoked: { code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  disabled: { code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  expired: { code: 'invalid_api_key', message: 'This API key has expired.' },
  address: { code: 'ip_not_allowed', message: 'This API key may not be used from this address.' },
  endpoint: { code: 'not_allowed', message: 'This API key may not use this endpoint.' },
  model: { code: 'model_not_found', message: 'The model does not exist or you do not have access to it.' },
} satisfies Record<Denial, { readonly code: ErrorCode; readonly message: string }>

function isDenial(kind: Refusal['kind']): kind is Denial {
  return Object.hasOwn(DENIALS, kind)
}

/** What exists beyond a key's scope is not told apart from what does not exist. */
export function denialError(denial: Denial): GatewayError {
  const { code, message } = DENIALS[denial]
  const unauthorized = code === 'invalid_api_key'
  return new GatewayError(code, message, {
    retry: false,
    ...(unauthorized && { headers: { 'www-authenticate': 'Bearer' } }),
    ...(denial === 'model' && { param: 'model' }),
  })
}
