import { isRecord } from '../../protocol/guards.ts'
import type { Failure, FailureKind } from '../failure.ts'
import { retryAfterMs } from '../retry-after.ts'

/** Codes that decide by themselves, whatever the status (openai.md 1.4). */
const BY_CODE: Readonly<Record<string, FailureKind>> = {
  context_length_exceeded: 'context_too_long',
  content_policy_violation: 'content_policy',
  moderation_blocked: 'content_policy',
  invalid_api_key: 'bad_credential',
  insufficient_quota: 'quota_exhausted',
  credit_balance_exhausted: 'quota_exhausted',
  organization_spend_limit_exceeded: 'quota_exhausted',
  project_spend_limit_exceeded: 'quota_exhausted',
  organization_usage_limit_exceeded: 'quota_exhausted',
  billing_hard_limit_reached: 'billing',
  slow_down: 'slow_down',
  rate_limit_exceeded: 'rate_limited',
  server_is_overloaded: 'overloaded',
  unsupported_country_region_territory: 'precondition',
  // Codes of a response that failed after it had begun (openai.md 3.6); those that are not here may be anything.
  invalid_prompt: 'bad_request',
  data_residency_mismatch: 'bad_request',
  bio_policy: 'content_policy',
  image_content_policy_violation: 'content_policy',
  invalid_image: 'bad_request',
  invalid_image_format: 'bad_request',
  invalid_base64_image: 'bad_request',
  invalid_image_url: 'bad_request',
  invalid_image_mode: 'bad_request',
  image_too_large: 'bad_request',
  image_too_small: 'bad_request',
  image_parse_error: 'bad_request',
  image_file_too_large: 'bad_request',
  unsupported_image_media_type: 'bad_request',
  empty_image_file: 'bad_request',
  failed_to_download_image: 'bad_request',
  image_file_not_found: 'bad_request',
}
const BY_TYPE: Readonly<Record<string, FailureKind>> = {
  insufficient_quota: 'quota_exhausted',
  rate_limit_error: 'rate_limited',
  invalid_request_error: 'bad_request',
  service_unavailable_error: 'overloaded',
}
const BY_STATUS: Readonly<Record<number, FailureKind>> = {
  400: 'bad_request',
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
  500: 'server_error',
  502: 'bad_gateway',
  503: 'overloaded',
  504: 'bad_gateway',
}

/** Larger than the whole limit of a minute (openai.md 1.4). */
const TOO_LARGE = /^Request too large for/

/**
 * Reads an OpenAI error answer, or, with status 200, the error of a stream frame. An edge in front of the API
 * answers in HTML: then the status alone speaks, in our words.
 */
export function classify(status: number, headers: Headers, body: unknown): Failure {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : undefined
  const code = text(error?.['code'])
  const type = text(error?.['type'])
  const message = text(error?.['message'])
  return {
    kind: isMissingItem(status, error) ? 'bad_request' : kindOf(status, code, type),
    message: message ?? `The upstream answered with status ${status}.`,
    status,
    retryAfterMs: retryAfterMs(headers),
    final: message !== undefined && TOO_LARGE.test(message),
    upstream: error && { type, code: code ?? null, param: text(error['param']) ?? null },
  }
}

/** What the caller named in its input, and not the model (openai.md 3.2). */
function isMissingItem(status: number, error: Readonly<Record<string, unknown>> | undefined): boolean {
  return status === 404 && /^(?:input|previous_response_id)\b/.test(text(error?.['param']) ?? '')
}

function kindOf(status: number, code: string | undefined, type: string | undefined): FailureKind {
  const byCode = code === undefined ? undefined : BY_CODE[code]
  if (byCode !== undefined) return byCode
  if (status === 200) return (type === undefined ? undefined : BY_TYPE[type]) ?? 'server_error'
  if (status === 429 && type === 'insufficient_quota') return 'quota_exhausted'
  if (status >= 300 && status < 400) return 'redirected'
  return BY_STATUS[status] ?? (status >= 500 ? 'bad_gateway' : 'bad_request')
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
