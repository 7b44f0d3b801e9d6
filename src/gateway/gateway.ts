import { bodyOf, delayed } from '../lib/sse.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import { errorFrame, toAnswer } from './answer.ts'
import { resolve, type Resolved } from './candidates.ts'
import { failover, type Outcome } from './failover.ts'
import type { Call, Facts, Gateway, Ports, Run, Scope, Served, Settled } from './types.ts'

/** The orchestration of one request: resolve the model, walk its targets, say what happened. */
export function createGateway(ports: Ports): Gateway {
  return async (call, scope) => {
    const endpoint = endpointOf(call)
    endpoint.check(call.request)
    for (const reference of endpoint.media(call.request)) ports.checkMedia(reference, scope.host)
    const resolved = resolve(call.request.model, ports.config, scope.lifecycle, ports.timers.now())
    const clock = startClock(ports, call, scope, resolved)
    const run = await startRun(ports, call, scope, { resolved, ...clock })
    const outcome = failover(ports, call, scope, run)
    const early =
      call.request.stream === true
        ? await within(ports, ports.config.timeouts.commitMs, outcome)
        : await outcome
    if (early !== undefined) return serve(early, call, scope, { resolved, stop: clock.stop })
    return serveLate(ports, call, scope, { outcome, resolved, ...clock })
  }
}

function endpointOf<E extends EndpointId>(call: Call<E>): Endpoint<Wires[E]> {
  return endpoints[call.endpoint]
}

interface Clock {
  readonly deadline: number
  readonly signal: AbortSignal
  readonly stop: () => void
  readonly abort: () => void
}

/** One time limit for everything that the request does. */
function startClock(ports: Ports, call: Call<EndpointId>, scope: Scope, resolved: Resolved): Clock {
  const { timeouts } = ports.config
  const reasons = resolved.candidates.some(({ card }) => card?.reasoning !== undefined)
  const standardMs = call.request.stream === true ? timeouts.streamMs : timeouts.requestMs
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

function serve<E extends EndpointId>(
  outcome: Outcome<E>,
  call: Call<E>,
  scope: Scope,
  { resolved, stop }: { readonly resolved: Resolved; readonly stop: () => void },
): Served {
  const { lifecycle } = resolved
  const { won, attempts } = outcome
  if (won === undefined) {
    stop()
    const settled: Settled = {
      facts: undefined,
      attempts,
      finish: 'refused',
      usage: undefined,
      error: outcome.thrown,
    }
    return { kind: 'refused', error: outcome.thrown, attempts, lifecycle, settled: Promise.resolve(settled) }
  }
  const { answer, upstreamRequestId } = won.begun
  const { target, card } = won.candidate
  if (answer.kind === 'body') {
    stop()
    const endpoint = endpointOf(call)
    const usage = endpoint.usage(answer.response)
    const facts: Facts = {
      target,
      card,
      adapted: won.adapted,
      upstreamRequestId,
      served: endpoint.served(answer.response),
      usage,
    }
    const settled: Settled = { facts, attempts, finish: 'complete', usage }
    return { kind: 'body', body: answer.text, facts, attempts, lifecycle, settled: Promise.resolve(settled) }
  }
  const facts: Facts = {
    target,
    card,
    adapted: won.adapted,
    upstreamRequestId,
    served: answer.observer.served,
    usage: undefined,
  }
  const settled = answer.relay.finished.then(({ finish, thrown }): Settled => {
    stop()
    const error =
      thrown instanceof UpstreamFailure
        ? toAnswer(thrown.failure, scope.principal.credential !== undefined)
        : undefined
    return { facts, attempts, finish, usage: answer.observer.usage, error }
  })
  return { kind: 'stream', body: answer.relay.body, facts, attempts, lifecycle, settled }
}

/**
 * Nothing meaningful came for so long that clients and the edge might give up: the headers go out now, comments
 * follow, and failover goes on behind them. A final failure is an error frame.
 */
function serveLate<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  late: {
    readonly outcome: Promise<Outcome<E>>
    readonly resolved: Resolved
    readonly stop: () => void
    readonly abort: () => void
  },
): Served {
  const { resolved, stop, abort } = late
  const served = late.outcome.then((outcome) => serve(outcome, call, scope, { resolved, stop }))
  const ownKey = scope.principal.credential !== undefined
  const content = served.then(
    (result) => {
      if (result.kind === 'refused') return bodyOf(errorFrame(result.error, ownKey))
      return typeof result.body === 'string' ? bodyOf(result.body) : result.body
    },
    (thrown: unknown) => bodyOf(errorFrame(thrown, ownKey)),
  )
  const body = delayed(content, {
    timers: ports.timers,
    keepAliveMs: ports.config.timeouts.keepAliveMs,
    onCancel: abort,
  })
  return {
    kind: 'early',
    body,
    lifecycle: resolved.lifecycle,
    settled: served.then(({ settled }) => settled),
  }
}
