/** Every error that a caller can see. `code` is the contract; status and type follow from its row. */
export const ERRORS = {
  invalid_multipart: { status: 400, type: 'invalid_request_error' },
  invalid_json: { status: 400, type: 'invalid_request_error' },
  json_too_deep: { status: 400, type: 'invalid_request_error' },
  json_too_complex: { status: 400, type: 'invalid_request_error' },
  forbidden_key: { status: 400, type: 'invalid_request_error' },
  invalid_request: { status: 400, type: 'invalid_request_error' },
  invalid_header: { status: 400, type: 'invalid_request_error' },
  missing_required_parameter: { status: 400, type: 'invalid_request_error' },
  unknown_parameter: { status: 400, type: 'invalid_request_error' },
  unsupported_parameter: { status: 400, type: 'invalid_request_error' },
  unsupported_value: { status: 400, type: 'invalid_request_error' },
  invalid_type: { status: 400, type: 'invalid_request_error' },
  invalid_value: { status: 400, type: 'invalid_request_error' },
  empty_array: { status: 400, type: 'invalid_request_error' },
  too_many_items: { status: 400, type: 'invalid_request_error' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error' },
  invalid_json_schema: { status: 400, type: 'invalid_request_error' },
  invalid_function_parameters: { status: 400, type: 'invalid_request_error' },
  invalid_image: { status: 400, type: 'invalid_request_error' },
  invalid_image_url: { status: 400, type: 'invalid_request_error' },
  image_too_large: { status: 400, type: 'invalid_request_error' },
  image_fetch_failed: { status: 400, type: 'invalid_request_error' },
  content_policy_violation: { status: 400, type: 'invalid_request_error' },
  previous_response_not_found: { status: 400, type: 'invalid_request_error' },
  invalid_api_key: { status: 401, type: 'invalid_request_error' },
  conflicting_credentials: { status: 401, type: 'invalid_request_error' },
  ip_not_allowed: { status: 403, type: 'invalid_request_error' },
  not_allowed: { status: 403, type: 'invalid_request_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  model_retired: { status: 404, type: 'invalid_request_error' },
  key_not_found: { status: 404, type: 'invalid_request_error' },
  response_not_found: { status: 404, type: 'invalid_request_error' },
  unknown_url: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'invalid_request_error' },
  request_too_large: { status: 413, type: 'invalid_request_error' },
  uri_too_long: { status: 414, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  client_closed_request: { status: 499, type: 'invalid_request_error' },
  upgrade_required: { status: 426, type: 'invalid_request_error' },
  rate_limit_exceeded: { status: 429, type: 'requests' },
  insufficient_quota: { status: 429, type: 'insufficient_quota' },
  internal: { status: 500, type: 'server_error' },
  upstream_error: { status: 502, type: 'server_error' },
  upstream_bad_response: { status: 502, type: 'server_error' },
  upstream_authentication_failed: { status: 502, type: 'server_error' },
  upstream_stream_interrupted: { status: 502, type: 'server_error' },
  upstream_stream_stalled: { status: 504, type: 'server_error' },
  upstream_unavailable: { status: 503, type: 'server_error' },
  gateway_overloaded: { status: 503, type: 'server_error' },
  limiter_unavailable: { status: 503, type: 'server_error' },
  admin_disabled: { status: 503, type: 'server_error' },
  upstream_timeout: { status: 504, type: 'server_error' },
  not_in_cache: { status: 504, type: 'invalid_request_error' },
} as const satisfies Record<string, { readonly status: number; readonly type: string }>
export type ErrorCode = keyof typeof ERRORS

/** The body of every error answer, and of the frame that ends a broken stream (openai.md 1.3). */
export interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

export interface ErrorDetail {
  /** The request field at fault, as OpenAI writes paths: `messages[0].role`. */
  readonly param?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** False once repeating the request is pointless; becomes `x-should-retry: false`. */
  readonly retry?: boolean | undefined
  /** Replaces the row's status, type or code by the upstream's own, where the caller expects those. */
  readonly upstream?:
    | {
        readonly status: number
        readonly type: string | undefined
        readonly code: string | null | undefined
      }
    | undefined
  /** Extra response headers that the status demands, e.g. `allow`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Logged, never sent. */
  readonly cause?: unknown
}

/** Thrown when the caller's request cannot be served. What an upstream did wrong is a `Failure` value instead. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: ErrorDetail
  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause })
    this.code = code
    this.detail = detail
  }
  get status(): number {
    return this.detail.upstream?.status ?? ERRORS[this.code].status
  }
  toBody(): ErrorBody {
    const { upstream, param } = this.detail
    return {
      error: {
        message: this.message,
        type: upstream?.type ?? ERRORS[this.code].type,
        param: param ?? null,
        code: upstream?.code === undefined ? this.code : upstream.code,
      },
    }
  }
}
