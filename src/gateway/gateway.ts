import { delayed } from '../lib/sse.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import { bodyOf } from '../lib/sse.ts'
import { errorFrame } from './answer.ts'
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
    const { run, stop, abort } = await startRun(ports, call, scope, resolved)
    const outcome = failover(ports, call, scope, run)
    if (call.request.stream !== true) return finishBody(await outcome, resolved, stop)
    const early = await within(ports, ports.config.timeouts.commitMs, outcome)
    if (early !== undefined) return openStream(early, resolved, stop)
    return commitEarly(ports, scope, { outcome, resolved, stop, abort })
  }
}

function endpointOf<E extends EndpointId>(call: Call<E>): Endpoint<Wires[E]> {
  return endpoints[call.endpoint]
}

async function startRun<E extends EndpointId>(ports: Ports, call: Call<E>, scope: Scope, resolved: Resolved) {
  const { timeouts } = ports.config
  const reasons = resolved.candidates.some(({ card }) => card?.reasoning !== undefined)
  const standardMs = call.request.stream === true ? timeouts.streamMs : timeouts.requestMs
  const totalMs = scope.timeoutMs ?? (reasons ? timeouts.reasoningMs : standardMs)
  const own = new AbortController()
  const stop = ports.timers.after(totalMs, () => own.abort(new UpstreamFailure({ kind: 'deadline', message: `The request took longer than its limit of ${totalMs} ms.` })))
  // A caller's own key goes to the first target's provider, and never to a second one.
  const first = resolved.candidates[0]?.target.provider
  const candidates =
    scope.principal.credential === undefined ? resolved.candidates : resolved.candidates.filter(({ target }) => target.provider === first)
  const run: Run = {
    candidates,
    deadline: ports.timers.now() + totalMs,
    signal: AbortSignal.any([scope.signal, own.signal]),
    pseudonyms: scope.principal.credential === undefined ? await ports.pseudonyms(scope.principal.tenant, call.request) : {},
    media: new Map(),
  }
  return { run, stop, abort: () => own.abort() }
}

function factsOf<E extends EndpointId>(outcome: Outcome<E>): Facts {
  const { won, attempts } = outcome
  if (won === undefined) throw outcome.thrown
  return {
    target: won.candidate.target,
    card: won.candidate.card,
    adapted: won.adapted,
    attempts,
    firstEventMs: attempts.at(-1)?.ms ?? 0,
    upstreamRequestId: won.begun.upstreamRequestId,
  }
}

function finishBody<E extends EndpointId>(outcome: Outcome<E>, resolved: Resolved, stop: () => void): Served {
  stop()
  const facts = attach(outcome, resolved)
  const { answer } = outcome.won!.begun
  return { stream: false }
}
