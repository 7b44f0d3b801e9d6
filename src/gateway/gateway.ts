import { dayOf } from '../catalog/civil-date.ts'
import { overriddenCard } from '../catalog/overrides.ts'
import { within } from '../lib/within.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import { caching } from './cache/caching.ts'
import type { Resolved } from './plan/candidates.ts'
import { capped } from './capped.ts'
import { demandOf } from './plan/demand.ts'
import { failover } from './failover.ts'
import { withOwnKey } from './plan/own-key.ts'
import { type Planning, planRequest, tellPlan } from './plan/planning.ts'
import { relays } from './attempt/prepare.ts'
import { type Clock, startClock } from './request-clock.ts'
import { resolveCall } from './plan/resolve-call.ts'
import { serve, serveLate } from './serve.ts'
import type { Call, Gateway, Ports, Run, Scope } from './types.ts'
import { witness } from './watch/witness.ts'

/** The orchestration of one request: resolve the model, order its targets, walk them, say what happened. */
export function createGateway(ports: Ports): Gateway {
  return async (given, asked) => {
    const scope = withOwnKey(ports, given.request.model, asked)
    const endpoint = endpointOf(given.endpoint)
    endpoint.check(given.request)
    for (const reference of endpoint.media(given.request)) ports.checkMedia(reference, scope.host)
    const resolved = resolveCall(ports, given, scope)
    const read = await readWhereNeeded(ports, given, resolved)
    const cached = await caching(ports, read, scope, resolved)
    if (cached.hit !== undefined) {
      await scope.admitKept?.()
      return cached.hit
    }
    await ports.health.ready(scope.defer)
    const planning = planRequest(ports, demandOf(read, scope), scope, resolved)
    tellPlan(ports, planning)
    const totalMs = limitMs(ports, read, scope, resolved)
    const call = scope.admit === undefined ? read : await admitted(ports, read, scope, { planning, totalMs })
    const clock = startClock(ports, scope, totalMs)
    const run = await startRun(ports, call, scope, clock)
    const context = {
      run,
      resolved,
      planning,
      watch: witness(ports, scope, planning.promptTokens),
      ...clock,
      ...cached,
    }
    const outcome = failover(ports, call, scope, context)
    const streams = endpoint.answer(call.request) === 'events'
    const early = streams
      ? await within(ports.timers, ports.config.timeouts.commitMs, outcome)
      : await outcome
    const served =
      early === undefined
        ? serveLate(ports, call, scope, { outcome, ...context })
        : serve(ports, early, call, { scope, ...context })
    return cached.facts === undefined ? served : { ...served, cache: cached.facts }
  }
}

/** A body that nobody has read goes out as it comes, if there is but one place where it could go. */
async function readWhereNeeded<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  { targets }: Resolved,
): Promise<Call<E>> {
  const [only] = targets
  if (call.whole === undefined) return call
  if (only !== undefined && targets.length === 1 && relays(ports, call.endpoint, only)) return call
  const whole = await call.whole()
  endpointOf(whole.endpoint).check(whole.request)
  return whole
}

/** By what is asked for, and by what the caller says. */
function limitMs<E extends EndpointId>(
  { config: { timeouts } }: Ports,
  call: Call<E>,
  scope: Scope,
  resolved: Resolved,
): number {
  const reasons = resolved.targets.some(({ card }) => card?.reasoning !== undefined)
  const standardMs =
    endpointOf(call.endpoint).answer(call.request) === 'json' ? timeouts.requestMs : timeouts.streamMs
  return scope.timeoutMs ?? (reasons ? timeouts.reasoningMs : standardMs)
}

/** Asks whoever counts; nobody who has no target to be sent to is counted. */
async function admitted<E extends EndpointId>(
  { config }: Ports,
  call: Call<E>,
  { admit, principal, startedAt }: Scope,
  { planning: { order, reserve }, totalMs }: { readonly planning: Planning; readonly totalMs: number },
): Promise<Call<E>> {
  if (admit === undefined || order.length === 0) return call
  const date = dayOf(startedAt)
  const places = [...order, ...reserve]
  const cards = places.map(({ card, target }) =>
    overriddenCard(config.prices, { names: [target.model], card, date }),
  )
  const autoTier = places.some(({ target }) => config.providers[target.provider]?.serviceTier === 'priority')
    ? 'priority'
    : undefined
  const leave = await admit({ call, cards, totalMs, autoTier, ownKey: principal.credential !== undefined })
  return capped(call, leave.outputTokens)
}

async function startRun(
  ports: Ports,
  call: Call<EndpointId>,
  { principal }: Scope,
  { deadline, signal }: Pick<Clock, 'deadline' | 'signal'>,
): Promise<Run> {
  return {
    deadline,
    signal,
    pseudonyms: principal.credential === undefined ? await ports.pseudonyms(principal, call.request) : {},
    media: new Map(),
  }
}
