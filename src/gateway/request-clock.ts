import { UpstreamFailure } from '../providers/failure.ts'
import type { Ports, Scope } from './types.ts'

/** One time limit for everything that a request does. */
export interface Clock {
  readonly deadline: number
  readonly signal: AbortSignal
  readonly stop: () => void
  readonly abort: () => void
}

export function startClock(ports: Ports, scope: Scope, totalMs: number): Clock {
  const own = new AbortController()
  const message = `The request took longer than its limit of ${totalMs} ms.`
  const stop = ports.timers.after(totalMs, () =>
    own.abort(new UpstreamFailure({ kind: 'deadline', message })),
  )
  return {
    deadline: ports.timers.now() + totalMs,
    signal: AbortSignal.any([scope.signal, own.signal]),
    stop,
    abort: () => own.abort(),
  }
}
