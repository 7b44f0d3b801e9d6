import { BodyTooLarge } from '../../lib/read-body.ts'
import { EventTooLarge } from '../../lib/sse-split.ts'
import { type Failure, UpstreamFailure } from '../../providers/failure.ts'
import { INTERRUPTED } from './answer.ts'

/** Longest answer that is not streamed, and longest single event: above both, an upstream is broken or hostile. */
export const MAX_ANSWER_BYTES = 32 * 1_048_576

export const GARBLED: Failure = {
  kind: 'garbled',
  message: 'The upstream sent an answer that cannot be read.',
}
const TOO_MUCH: Failure = { kind: 'garbled', message: 'The upstream sent more than any answer can be.' }
const CANCELLED: Failure = { kind: 'cancelled', message: 'The client closed the request.' }
const BROKEN: Failure = { kind: 'network', message: 'The connection to the upstream failed.' }

/** Whatever was thrown on the way to or in an answer, as the failure it stands for. */
export function failureOf(thrown: unknown, signal: AbortSignal): Failure {
  if (thrown instanceof UpstreamFailure) return thrown.failure
  if (signal.aborted) {
    const { reason } = signal
    return reason instanceof UpstreamFailure ? reason.failure : CANCELLED
  }
  if (thrown instanceof BodyTooLarge || thrown instanceof EventTooLarge) return TOO_MUCH
  return BROKEN
}

/** The same, once part of the answer is out: a connection that fails then has cut it short. */
export function breakOf(thrown: unknown, signal: AbortSignal): Failure {
  const failure = failureOf(thrown, signal)
  return failure.kind === 'network' ? { kind: 'cut_short', message: INTERRUPTED } : failure
}
