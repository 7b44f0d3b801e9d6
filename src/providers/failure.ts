import type { ErrorCode } from '../errors.ts'

/** What went wrong in one upstream attempt. The rows are those of resilience.md 2.1 and 2.2. */
export type FailureKind =
  | 'bad_request'
  | 'context_too_long'
  | 'content_policy'
  | 'too_large'
  | 'unprocessable'
  | 'bad_credential'
  | 'forbidden'
  | 'precondition'
  | 'billing'
  | 'model_missing'
  | 'request_timeout'
  | 'conflict'
  | 'rate_limited'
  | 'slow_down'
  | 'quota_exhausted'
  | 'server_error'
  | 'bad_gateway'
  | 'overloaded'
  | 'network'
  | 'first_event_timeout'
  | 'garbled'
  | 'empty'
  | 'redirected'
  | 'cut_short'
  | 'stalled'
  | 'deadline'
  | 'cancelled'

export interface Failure {
  readonly kind: FailureKind
  /** Safe to show: either our own words, or the upstream's where its row says that the caller needs them. */
  readonly message: string
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  /** However long one waits, this target will not take the request. */
  readonly final?: boolean | undefined
  /** The upstream's own error fields; shown to the caller only if the row's `relay` is true. */
  readonly upstream?:
    | {
        readonly type?: string | undefined
        readonly code?: string | null | undefined
        readonly param?: string | null | undefined
      }
    | undefined
}

interface FailureRow {
  /** `retry`: once more on the same target, then the next; `next`: another target; `stop`: nobody else could do better. */
  readonly act: 'retry' | 'next' | 'stop'
  /** How much it counts against the target's health: 0 not at all, 1 fully. */
  readonly health: 0 | 0.5 | 1
  /** The gate, apart from health, that it closes (resilience.md 2: C, K). */
  readonly gate?: 'capacity' | 'credential' | 'model'
  /** What the caller sees when nothing else served the request. */
  readonly code: ErrorCode
  /** The upstream's status, type, code and message reach the caller: the fault is the caller's to mend. */
  readonly relay?: true
}

/** One row per failure: where to go next, whose fault it is, what the caller sees. */
export const FAILURES: Readonly<Record<FailureKind, FailureRow>> = {
  bad_request: { act: 'stop', health: 0, code: 'invalid_request', relay: true },
  context_too_long: { act: 'stop', health: 0, code: 'context_length_exceeded', relay: true },
  content_policy: { act: 'stop', health: 0, code: 'content_policy_violation', relay: true },
  too_large: { act: 'stop', health: 0, code: 'request_too_large', relay: true },
  unprocessable: { act: 'stop', health: 0, code: 'invalid_request', relay: true },
  bad_credential: { act: 'next', health: 0, gate: 'credential', code: 'upstream_authentication_failed' },
  forbidden: { act: 'next', health: 0, gate: 'credential', code: 'upstream_authentication_failed' },
  precondition: { act: 'next', health: 0, gate: 'credential', code: 'upstream_unavailable' },
  billing: { act: 'next', health: 0, gate: 'credential', code: 'insufficient_quota' },
  model_missing: { act: 'next', health: 0, gate: 'model', code: 'model_not_found', relay: true },
  request_timeout: { act: 'retry', health: 1, code: 'upstream_timeout' },
  conflict: { act: 'retry', health: 0, code: 'conflict' },
  rate_limited: { act: 'next', health: 0, gate: 'capacity', code: 'rate_limit_exceeded', relay: true },
  slow_down: { act: 'next', health: 0, gate: 'capacity', code: 'rate_limit_exceeded', relay: true },
  quota_exhausted: { act: 'next', health: 0, gate: 'credential', code: 'insufficient_quota', relay: true },
  server_error: { act: 'retry', health: 1, code: 'upstream_error' },
  bad_gateway: { act: 'next', health: 1, code: 'upstream_error' },
  overloaded: { act: 'next', health: 1, gate: 'capacity', code: 'upstream_unavailable' },
  network: { act: 'retry', health: 1, code: 'upstream_error' },
  first_event_timeout: { act: 'next', health: 1, code: 'upstream_timeout' },
  garbled: { act: 'next', health: 1, code: 'upstream_bad_response' },
  empty: { act: 'next', health: 0.5, code: 'upstream_bad_response' },
  redirected: { act: 'next', health: 1, code: 'upstream_bad_response' },
  cut_short: { act: 'next', health: 1, code: 'upstream_stream_interrupted' },
  stalled: { act: 'next', health: 1, code: 'upstream_stream_stalled' },
  deadline: { act: 'stop', health: 0, code: 'upstream_timeout' },
  cancelled: { act: 'stop', health: 0, code: 'client_closed_request' },
}

/** Carries a `Failure` out of a decoder or a stream: a 200 answer can be a failure all the same. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly failure: Failure
  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, { cause })
    this.failure = failure
  }
}
