import { endpointOf, type EndpointId } from '../protocol/index.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import { resolve, type Resolved } from './candidates.ts'
import { failover } from './failover.ts'
import { serve, serveLate } from './serve.ts'
import type { Call, Gateway, Ports, Run, Scope } from './types.ts'

/** The orchestration of one request: resolve the model, walk its targets, say what happened. */
export function createGateway(ports: Ports): Gateway {
  return async (call, scope) => {
    const endpoint = endpointOf(call.endpoint)
    endpoint.check(call.request)
    for (const reference of endpoint.media(call.request)) ports.checkMedia(reference, scope.host)
    const resolved = resolve(call.request.model, {
      config: ports.config,
      registry: ports.registry,
      mode: scope.lifecycle,
      now: ports.timers.now(),
      capability: endpoint.capability,
      ownKey: scope.principal.credential !== undefined,
    })
    const clock = startClock(ports, call, scope, resolved)
    const run = await startRun(ports, call, scope, { resolved, ...clock })
    const outcome = failover(ports, call, scope, run)
    const streams = endpoint.answer(call.request) === 'events'
    const early = streams ? await within(ports, ports.config.timeouts.commitMs, outcome) : await outcome
    if (early !== undefined) return serve(early, call, scope, { resolved, stop: clock.stop })
    return serveLate(ports, call, scope, { outcome, resolved, ...clock })
  }
}

interface Clock {
  readonly deadline: number
  readonly signal: AbortSignal
  readonly stop: () => void
  readonly abort: () => void
}

/** One time limit for everything that the request does. */
function startClock<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  resolved: Resolved,
): Clock {
  const { timeouts } = ports.config
  const reasons = resolved.candidates.some(({ card }) => card?.reasoning !== undefined)
  const standardMs =
    endpointOf(call.endpoint).answer(call.request) === 'json' ? timeouts.requestMs : timeouts.streamMs
  const totalMs = scope.timeoutMs ?? (reasons ? timeouts.reasoningMs : standardMs)
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

async function startRun(
  ports: Ports,
  call: Call<EndpointId>,
  { principal }: Scope,
  { resolved, deadline, signal }: Pick<Clock, 'deadline' | 'signal'> & { readonly resolved: Resolved },
): Promise<Run> {
  const { candidates } = resolved
  // The caller's own key goes to the first target's provider, and never to a second one.
  const first = candidates[0]?.target.provider
  const ownKey = principal.credential !== undefined
  return {
    candidates: ownKey ? candidates.filter(({ target }) => target.provider === first) : candidates,
    deadline,
    signal,
    pseudonyms: ownKey ? {} : await ports.pseudonyms(principal.tenant, call.request),
    media: new Map(),
  }
}

/** Resolves to undefined if `work` takes longer than `ms`. */
async function within<T>(ports: Ports, ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const stop = ports.timers.after(ms, () => resolve(undefined))
  try {
    return await Promise.race([work, promise])
  } finally {
    stop()
  }
}
