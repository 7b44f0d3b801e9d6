import { dayOf } from '../catalog/civil-date.ts'
import type { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Adaptation } from '../providers/provider.ts'
import { firstEventLimitMs } from '../router/first-event-limit.ts'
import { billOf } from '../usage/bill.ts'
import { attempt } from './attempt/attempt.ts'
import type { AttemptInput, AttemptLimits, Begun } from './attempt/exchange.ts'
import type { Ranked } from './plan/planning.ts'
import { prepare, type Prepared } from './attempt/prepare.ts'
import type { Attempted, Call, Ports, Run, Scope } from './types.ts'
import { type SoFar, walk, type WalkContext } from './walk.ts'

export interface Won<E extends EndpointId> {
  readonly ranked: Ranked
  readonly adapted: readonly Adaptation[]
  readonly begun: Begun<Wires[E]>
  readonly beganAt: number
}
/** The attempts made, also when none succeeded: `thrown` is then what the caller gets. */
export type Outcome<E extends EndpointId> = { readonly attempts: readonly Attempted[] } & (
  | { readonly won: Won<E>; readonly thrown?: never }
  | { readonly won?: never; readonly thrown: GatewayError }
)
export interface FailoverContext extends WalkContext {
  readonly run: Run
  /** How much of a stream the cache would keep. */
  readonly recordBytes: number
}

/** Asks one target after the other until one begins to answer. */
export async function failover<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  context: FailoverContext,
): Promise<Outcome<E>> {
  const { run, recordBytes } = context
  const walked = await walk(
    ports,
    scope,
    {
      model: call.request.model,
      once: call.raw.kind === 'unread',
      timed: true,
      prepare: (candidate) => prepare(ports, call, scope, { candidate, run }),
      attempt: (candidate, prepared, so) =>
        attempt(ports, inputOf(ports, call, scope, { candidate, prepared, run, recordBytes, ...so })),
    },
    context,
  )
  if (walked.won === undefined) return walked
  const { attempts, won } = walked
  const { ranked, ready, begun, beganAt } = won
  return { attempts, won: { ranked, adapted: ready.adapted, begun, beganAt } }
}

function inputOf<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  {
    candidate,
    prepared,
    run,
    others,
    made,
    recordBytes,
  }: {
    readonly candidate: Ranked
    readonly prepared: Prepared<E>
    readonly run: Run
    readonly recordBytes: number
  } & SoFar,
): AttemptInput<Wires[E]> {
  const { codec, provider, context, url, headers, parts } = prepared
  return {
    endpoint: endpointOf(call.endpoint),
    codec,
    provider,
    context,
    url,
    headers,
    parts,
    request: call.request,
    // Which fields of a form a model heeds is the provider's to say; JSON endpoints answer as they are asked to.
    answer:
      codec.kind === 'passthrough' && call.raw.kind !== 'json'
        ? 'any'
        : endpointOf(call.endpoint).answer(call.request),
    ownKey: scope.principal.credential !== undefined,
    limits: { ...limitsOf(ports, call, { candidate, run, others }), recordBytes },
    billing: (served, usage) =>
      billOf(
        ports.priceOf,
        {
          card: candidate.card,
          model: candidate.target.model,
          served,
          usage,
          date: dayOf(scope.startedAt),
        },
        made,
      ),
    signal: run.signal,
  }
}

/** An answer that is not streamed comes whole, at the end: only the deadline bounds it, less a share kept for the next target. */
function limitsOf<E extends EndpointId>(
  { config, timers }: Ports,
  call: Call<E>,
  { candidate, run, others }: { readonly candidate: Ranked; readonly run: Run; readonly others: boolean },
): Omit<AttemptLimits, 'recordBytes'> {
  const { timeouts } = config
  const remainingMs = run.deadline - timers.now()
  const whole = endpointOf(call.endpoint).answer(call.request) === 'json'
  const reasons = candidate.card?.reasoning !== undefined
  const firstEventMs = reasons ? timeouts.reasoningFirstEventMs : timeouts.firstEventMs
  const stallMs = reasons ? timeouts.reasoningStallMs : timeouts.stallMs
  return {
    // Without an alternative the deadline, which is timed already, says the same.
    firstEventMs:
      whole && !others
        ? undefined
        : firstEventLimitMs(
            whole ? remainingMs : firstEventMs,
            whole ? undefined : candidate.ttft,
            remainingMs,
            others,
          ),
    stallMs,
    keepAliveMs: timeouts.keepAliveMs,
  }
}
