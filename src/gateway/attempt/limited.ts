import type { Timers } from '../../lib/clock.ts'
import { type Failure, UpstreamFailure } from '../../providers/failure.ts'
import type { Failed } from './exchange.ts'
import { failureOf } from './failure-of.ts'

const FIRST_EVENT_TIMEOUT: Failure = {
  kind: 'first_event_timeout',
  message: 'The upstream did not begin its answer in time.',
}

export interface AttemptTime {
  /** Fires when the client has gone or the request's time is up. */
  readonly signal: AbortSignal
  /** Undefined where that is the only limit. */
  readonly firstEventMs: number | undefined
}

/**
 * Does the work of one attempt until its answer begins, under a time limit of its own. Whatever is thrown comes back
 * as a failure, and what is still under way is aborted then.
 */
export async function limited<T>(
  timers: Timers,
  { signal: outer, firstEventMs }: AttemptTime,
  work: (signal: AbortSignal, abort: () => void) => Promise<T>,
): Promise<T | Failed> {
  const own = new AbortController()
  const signal = AbortSignal.any([outer, own.signal])
  const stop =
    firstEventMs === undefined
      ? undefined
      : timers.after(firstEventMs, () => own.abort(new UpstreamFailure(FIRST_EVENT_TIMEOUT)))
  try {
    return await work(signal, () => own.abort())
  } catch (thrown) {
    const failure = failureOf(thrown, signal) // before the abort, which would look like the client's
    own.abort(thrown)
    return { ok: false, failure }
  } finally {
    stop?.()
  }
}
