import type { GatewayError } from '../../errors.ts'
import { REALTIME_PATH } from '../../protocol/realtime.ts'
import type { Feature } from '../../protocol/endpoint.ts'
import { type Failure, UpstreamFailure } from '../../providers/failure.ts'
import type { Allowance, Provider, Target } from '../../providers/provider.ts'
import { firstEventLimitMs } from '../../router/first-event-limit.ts'
import { affinityOf } from '../plan/affinity.ts'
import { withoutAddress } from '../attempt/attempt.ts'
import type { RouteTarget } from '../plan/candidates.ts'
import type { Demand } from '../plan/demand.ts'
import { holdsSessions, notServed } from '../plan/eligible.ts'
import { limited } from '../attempt/limited.ts'
import { withOwnKey } from '../plan/own-key.ts'
import { planRequest, type Ranked, tellPlan } from '../plan/planning.ts'
import { credentialOf } from '../attempt/prepare.ts'
import { readFailure } from '../attempt/read-failure.ts'
import { startClock } from '../request-clock.ts'
import { resolveFor } from '../plan/resolve-call.ts'
import type { Facts, Ports, Refused, Scope, Served, Settled } from '../types.ts'
import { type SoFar, walk } from '../walk.ts'
import { witness } from '../watch/witness.ts'

/** Where sessions are opened at one target. */
export interface Door {
  readonly target: Target
  readonly url: string
  /** Who knocks. */
  readonly headers: Readonly<Record<string, string>>
}
/** How a session is begun at a target. */
export interface Knock<T> {
  readonly model: string
  readonly request: (door: Door, signal: AbortSignal) => Request
  /** Throws `UpstreamFailure` for an answer that opens nothing. */
  readonly open: (response: Response) => Promise<T> | T
}
/** A target has accepted. */
export interface Accepted<T> extends Pick<Served, 'lifecycle' | 'planning'> {
  readonly kind: 'accepted'
  readonly opened: T
  readonly facts: Facts
  readonly attempts: Settled['attempts']
  /** Tells health how what was opened came to its end. */
  readonly ended: (finish: 'complete' | 'cancelled' | 'cut-short', failure: Failure | undefined) => void
}

/**
 * Opens a session with one of the model's targets: planned, tried and judged like any request. Its own length is
 * nobody's business here, so the time limit ends with the handshake. Throws `GatewayError` where there is no target.
 */
export async function shakeHands<T>(
  ports: Ports,
  knock: Knock<T>,
  asked: Scope,
): Promise<Accepted<T> | Refused> {
  const { model } = knock
  const scope = withOwnKey(ports, model, asked)
  const resolved = resolveFor(ports, { model, capability: 'realtime' }, scope)
  await ports.health.ready(scope.defer)
  const planning = planRequest(ports, sessionDemand(model, scope), scope, resolved)
  tellPlan(ports, planning)
  const clock = startClock(ports, scope, scope.timeoutMs ?? ports.config.timeouts.requestMs)
  const run = clock
  const watch = witness(ports, scope, planning.promptTokens)
  const errand = {
    model,
    once: false,
    timed: false, // a handshake asks nothing of the model
    prepare: (place: RouteTarget) => doorOf(ports, scope, model, place),
    attempt: (_: Ranked, door: ProvidersDoor, { others }: SoFar) =>
      limited(ports.timers, { signal: run.signal, firstEventMs: limitMs(ports, run, others) }, (signal) =>
        tryDoor(ports, knock, door, signal),
      ),
  }
  const { won, thrown, attempts } = await walk(ports, scope, errand, { run, planning, watch })
  clock.stop()
  const known = { attempts, lifecycle: resolved.lifecycle, planning }
  if (won === undefined) return refused(thrown, known)
  const { ranked, begun } = won
  return {
    ...known,
    kind: 'accepted',
    opened: begun.opened,
    facts: { ...factsOf(ranked, begun), ownKey: scope.principal.credential !== undefined },
    ended(finish, failure) {
      // Neither its length nor its usage says how fast the model is.
      watch.ended(ranked, { finish, usage: undefined, failure }, 0)
      ports.health.flush(scope.defer)
    },
  }
}

function refused(thrown: GatewayError, known: Pick<Refused, 'attempts' | 'lifecycle' | 'planning'>): Refused {
  const { attempts } = known
  const settled: Settled = { facts: undefined, attempts, finish: 'refused', usage: undefined, error: thrown }
  return { ...known, kind: 'refused', error: thrown, settled: Promise.resolve(settled) }
}

const factsOf = ({ target, card }: Ranked, { upstreamRequestId }: Opened<unknown>): Facts => ({
  target,
  card,
  adapted: [],
  upstreamRequestId,
  served: {},
  usage: undefined,
})

const NO_FEATURES: ReadonlySet<Feature> = new Set()

export const sessionDemand = (model: string, scope: Scope): Demand => ({
  request: { model },
  features: () => NO_FEATURES,
  affinity: () => affinityOf({ request: {} }, scope),
  serves: holdsSessions,
})

interface ProvidersDoor extends Door {
  readonly provider: Provider
}

/** Throws `GatewayError` where the target holds no sessions. */
export function doorOf(
  ports: Ports,
  scope: Scope,
  model: string,
  { target, card }: RouteTarget,
): ProvidersDoor {
  const entry = ports.registry.providers.get(target.provider)
  const provider = entry && ports.apis[entry.api]
  if (entry === undefined || provider?.realtime === undefined || !holdsSessions(provider, card))
    throw notServed({ path: REALTIME_PATH, model }, provider, card)
  const url = entry.baseUrl + provider.realtime.path
  const headers = { 'user-agent': 'llm-gateway', ...provider.authorize(credentialOf(ports, scope, target)) }
  return { target, url, headers, provider: withoutAddress({ provider, url }) }
}

function limitMs(
  { config: { timeouts }, timers }: Ports,
  run: { readonly deadline: number },
  others: boolean,
): number {
  const remainingMs = run.deadline - timers.now()
  return firstEventLimitMs(timeouts.firstEventMs, undefined, remainingMs, others)
}

interface Opened<T> {
  readonly ok: true
  readonly allowances: readonly Allowance[]
  readonly upstreamRequestId: string | undefined
  readonly opened: T
}

async function tryDoor<T>(
  ports: Ports,
  knock: Knock<T>,
  door: ProvidersDoor,
  signal: AbortSignal,
): Promise<Opened<T>> {
  const { provider } = door
  const response = await ports.fetch(knock.request(door, signal))
  const { status, headers } = response
  if (status >= 300) throw new UpstreamFailure(await readFailure(response, provider))
  return {
    ok: true,
    allowances: provider.allowances?.(headers) ?? [],
    upstreamRequestId: headers.get('x-request-id') ?? undefined,
    opened: await knock.open(response),
  }
}
