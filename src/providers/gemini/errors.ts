import { isRecord } from '../../protocol/guards.ts'
import type { Failure, FailureKind } from '../failure.ts'
import { FAILURES } from '../failure.ts'
import { MAX_RETRY_AFTER_MS, retryAfterMs } from '../retry-after.ts'
import type { JsonObject } from './read.ts'
import { isList } from './read.ts'

/** Google's error, taken out of whatever it came wrapped in. */
interface GoogleError {
  readonly status: number
  /** The gRPC status, e.g. RESOURCE_EXHAUSTED; empty if there is none. */
  readonly name: string
  readonly message: string
  readonly reasons: readonly string[]
  readonly quotaIds: readonly string[]
  readonly retryDelay: string | undefined
}

/** For errors inside a stream, where the status is all there is (gemini.md 1.3). */
const HTTP_STATUS: Readonly<Record<string, number>> = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  UNKNOWN: 500,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

const BY_STATUS: Readonly<Record<number, FailureKind>> = {
  401: 'bad_credential',
  402: 'billing',
  403: 'forbidden',
  404: 'model_missing',
  408: 'request_timeout',
  409: 'conflict',
  413: 'too_large',
  415: 'unprocessable',
  422: 'unprocessable',
  429: 'rate_limited',
  499: 'cancelled',
  500: 'server_error',
  // A feature that this model lacks: no other attempt at it could do better.
  501: 'bad_request',
  503: 'overloaded',
  504: 'request_timeout',
  529: 'overloaded',
}

/** A file or cache that the caller named: not the credential's fault, which is why these come first. */
const NAMED_BY_CALLER = /\bfiles?\b|\bcached ?contents?\b/i

/** What the status alone does not tell; the first match decides. */
const RULES: readonly { readonly kind: FailureKind; readonly when: (error: GoogleError) => boolean }[] = [
  // Google answers 400 to a bad key.
  {
    kind: 'bad_credential',
    when: ({ reasons, message }) =>
      reasons.includes('API_KEY_INVALID') || /^API key (not valid|expired)/i.test(message),
  },
  {
    kind: 'bad_credential',
    when: ({ status, message }) => status === 403 && /reported as leaked/i.test(message),
  },
  {
    kind: 'precondition',
    when: ({ name, message }) => name === 'FAILED_PRECONDITION' || /location is not supported/i.test(message),
  },
  {
    kind: 'bad_request',
    when: ({ status, message }) => (status === 403 || status === 404) && NAMED_BY_CALLER.test(message),
  },
  {
    kind: 'context_too_long',
    when: ({ status, message }) =>
      status === 400 && /input token count.*exceeds|exceeds the maximum number of tokens/i.test(message),
  },
  // A day's quota carries a retryDelay of half a minute all the same.
  {
    kind: 'quota_exhausted',
    when: ({ status, quotaIds }) => status === 429 && quotaIds.some((id) => id.includes('PerDay')),
  },
]

/** Reads an error answer, or an error inside a stream with status 200. */
export function classify(status: number, headers: Headers | undefined, body: unknown): Failure {
  const error = unwrap(body, status, 0)
  const kind = kindOf(error)
  const retryAfterMs = kind === 'quota_exhausted' ? undefined : waitOf(error, headers)
  return {
    kind,
    message: FAILURES[kind].relay === true ? relayed(error.message) : OWN_WORDS,
    status: error.status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    // Where OpenAI says that it is too long (openai.md 1.4).
    ...(kind === 'context_too_long' && { upstream: { param: 'messages' } }),
  }
}
const OWN_WORDS = 'Gemini could not serve the request.'

function kindOf(error: GoogleError): FailureKind {
  const rule = RULES.find((row) => row.when(error))
  if (rule !== undefined) return rule.kind
  const known = BY_STATUS[error.status]
  if (known !== undefined) return known
  if (error.status >= 500) return 'bad_gateway'
  return error.status >= 300 && error.status < 400 ? 'redirected' : 'bad_request'
}

/** Errors come bare, in an array, without code or status, and as JSON inside the message of another. */
function unwrap(body: unknown, status: number, depth: number): GoogleError {
  const first: unknown = isList(body)
    ? body.find((item) => isRecord(item) && item['error'] !== undefined)
    : body
  const error = isRecord(first) ? first['error'] : undefined
  if (!isRecord(error)) return plain(typeof error === 'string' ? error : first, status)
  const message = typeof error['message'] === 'string' ? error['message'] : ''
  const inner = depth < MOST_WRAPPINGS ? nested(message) : undefined
  if (inner !== undefined) return unwrap(inner, status, depth + 1)
  const name = typeof error['status'] === 'string' ? error['status'] : ''
  const details = listOf(error['details'])
  return {
    status: status >= 300 ? status : inBandStatus(error['code'], name),
    name,
    message,
    reasons: [...details, ...listOf(error['errors'])].flatMap((each) => textOf(each['reason'])),
    quotaIds: details
      .flatMap((each) => listOf(each['violations']))
      .flatMap((each) => textOf(each['quotaId'])),
    retryDelay: details.flatMap((each) => textOf(each['retryDelay']))[0],
  }
}
const MOST_WRAPPINGS = 3

/** A body that is no Google error: text, HTML of a front end, or nothing. */
function plain(body: unknown, status: number): GoogleError {
  const message = typeof body === 'string' && !body.trimStart().startsWith('<') ? body : ''
  return {
    status: status >= 300 ? status : 500,
    name: '',
    message,
    reasons: [],
    quotaIds: [],
    retryDelay: undefined,
  }
}
function inBandStatus(code: unknown, name: string): number {
  const number = Number(code)
  return Number.isInteger(number) && number >= 300 && number <= 599 ? number : (HTTP_STATUS[name] ?? 500)
}
function nested(message: string): unknown {
  const text = message.trimStart()
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const first: unknown = isList(value) ? value[0] : value
    return isRecord(first) && first['error'] !== undefined ? value : undefined
  } catch {
    return undefined
  }
}
function listOf(value: unknown): readonly JsonObject[] {
  return isList(value) ? value.filter(isRecord) : []
}
function textOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : []
}

/** Google sends no Retry-After: the delay is in RetryInfo, or only in the message. */
function waitOf({ retryDelay, message }: GoogleError, headers: Headers | undefined): number | undefined {
  const seconds =
    /^(\d+(?:\.\d+)?)s$/.exec(retryDelay ?? '')?.[1] ?? /retry in (\d+(?:\.\d+)?)s/i.exec(message)?.[1]
  if (seconds === undefined) return headers && retryAfterMs(headers)
  return Math.min(Math.ceil(Number(seconds) * 1000), MAX_RETRY_AFTER_MS)
}

const LONGEST_MESSAGE = 500
const SECRETS = /\b(AIza[\w-]{10,}|AQ\.[\w.-]{10,})|([?&]key=)[^&\s"]+/g

/** Google's words where the caller has to mend something: without secrets, addresses of ours, or control characters. */
function relayed(message: string): string {
  const shown = message
    .replace(SECRETS, '[redacted]')
    .replace(/https:\/\/generativelanguage\.googleapis\.com\S*/g, '[upstream]')
    // oxlint-disable-next-line no-control-regex -- that is what it is for
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, LONGEST_MESSAGE)
  return shown === '' ? 'Gemini refused the request.' : shown
}
