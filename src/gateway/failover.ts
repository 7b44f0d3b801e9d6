import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Failure } from '../providers/failure.ts'
import type { Adaptation } from '../providers/provider.ts'
import { firstEventLimitMs } from '../router/first-event-limit.ts'
import { RETRY_POLICY } from '../router/retry.ts'
import { newWalk, type Sight, step, type WalkEvent, type WalkNext } from '../router/walk.ts'
import { billOf } from '../usage/bill.ts'
import { toAnswer } from './answer.ts'
import { attempt } from './attempt.ts'
import { failureOf } from './failure-of.ts'
import type { AttemptInput, AttemptLimits, Begun } from './exchange.ts'
import { type Planning, type Ranked, refusalOf, type Reserved } from './planning.ts'
import { prepare, type Prepared } from './prepare.ts'
import type { Attempted, Call, Ports, Run, Scope } from './types.ts'
import { unavailable } from './unavailable.ts'
import type { Witness } from './witness.ts'

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
export interface FailoverContext {
  readonly run: Run
  readonly planning: Planning
  readonly watch: Witness
  /** How much of a stream the cache would keep. */
  readonly recordBytes: number
}

/** Walks the order until one target begins to answer. Whom to try, and when, is the walk's to say (router/walk.ts). */
export async function failover<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  context: FailoverContext,
): Promise<Outcome<E>> {
  const { watch } = context
  const attempts: Attempted[] = []
  const tell = teller(ports, call, scope, context)
  let unfit: GatewayError | undefined
  let failure: Failure | undefined
  let next = tell({ kind: 'begin' })
  while (next.act !== 'stop') {
    const prepared = await makeReady(ports, call, scope, { next, context })
    if (prepared instanceof GatewayError) {
      unfit ??= prepared // another target may take the request as it is
      next = tell({ kind: 'unfit' })
      continue
    }
    const leave = tell({ kind: 'ready' })
    if (leave.act !== 'try') {
      next = leave
      continue
    }
    const ranked = { ...leave.place, permit: leave.permit }
    watch.began(ranked) // nothing may come between the leave and its use
    const tried = await tryOnce(ports, call, scope, { ranked, prepared, context, others: leave.others })
    attempts.push(tried.attempted)
    if (tried.result.ok) {
      const won = { ranked, adapted: prepared.adapted, begun: tried.result, beganAt: ports.timers.now() }
      return { attempts, won }
    }
    failure = tried.result.failure
    next = tell({ kind: 'failed', failure, tookMs: tried.attempted.ms })
  }
  ports.health.flush(scope.defer)
  if (failure !== undefined)
    return { attempts, thrown: exhausted(failure, scope.principal.credential !== undefined) }
  return { attempts, thrown: unfit ?? refused(context.planning, call.request.model, next.retryAfterMs) }
}

type Standing = Ranked | Reserved
type Next = WalkNext<Standing>
type Told = Pick<Extract<WalkEvent, { kind: 'failed' }>, 'kind' | 'failure' | 'tookMs'> | { kind: Simple }
type Simple = Exclude<WalkEvent['kind'], 'failed'>

/** The walk of one request, with the world that it looks at. */
function teller(
  { health, timers, chance }: Ports,
  call: Call<EndpointId>,
  { principal }: Scope,
  { planning: { order, reserve }, run }: FailoverContext,
): (event: Told) => Next {
  const sight: Sight = {
    admit: health.admit,
    // A gate is shut for the deployment's keys; the caller's own is none of them.
    gate: principal.credential === undefined ? health.gate : () => undefined,
    mayRetry: health.mayRetry,
    streak: health.streak,
  }
  // An unread body is gone after the first attempt.
  const policy = call.raw.kind === 'unread' ? { ...RETRY_POLICY, maxAttempts: 1 } : RETRY_POLICY
  let walk = newWalk<Standing>(order.length === 0 ? [] : [...order, ...reserve], run.deadline, policy)
  return (event) => {
    const stepped = step(walk, { ...event, sight }, timers.now(), () => chance.random())
    walk = stepped.walk
    return stepped.next
  }
}

/** Waits, and puts the request into the form that the target takes; an error is this target's, or the caller has left. */
async function makeReady<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  {
    next,
    context: { run, watch },
  }: { readonly next: Exclude<Next, { act: 'stop' }>; readonly context: FailoverContext },
): Promise<Prepared<E> | GatewayError> {
  if (next.act === 'prepare') {
    if (next.again) watch.retried(next.place)
    if (next.afterMs > 0) await pause(ports, next.afterMs, run.signal)
  }
  return prepare(ports, call, scope, { candidate: next.place, run }).catch((thrown: unknown) =>
    refusalFrom(thrown, run.signal),
  )
}

async function tryOnce<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  about: {
    readonly ranked: Ranked
    readonly prepared: Prepared<E>
    readonly context: FailoverContext
    readonly others: boolean
  },
) {
  const { ranked, prepared, context, others } = about
  const { run, watch } = context
  const startedAt = ports.timers.now()
  const result = await attempt(
    ports,
    inputOf(ports, call, scope, {
      candidate: ranked,
      prepared,
      run,
      others,
      recordBytes: context.recordBytes,
    }),
  )
  const ms = ports.timers.now() - startedAt
  if (result.ok) watch.succeeded(ranked, ms, result.allowances)
  else watch.failed(ranked, result.failure)
  ports.health.flush(scope.defer)
  const failure = result.ok ? undefined : result.failure
  return { result, attempted: { target: ranked.target, permit: ranked.permit.kind, startedAt, ms, failure } }
}

/** What kept an attempt from beginning: the request itself, its target's health, or a caller that is no longer there. */
function refusalFrom(thrown: unknown, signal: AbortSignal): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  if (signal.aborted) return toAnswer(failureOf(thrown, signal), false)
  throw thrown
}

/** Over at once when the client leaves or the time is up: the next attempt then says so. */
function pause(ports: Ports, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = ports.timers.after(ms, resolve)
    const left = (): void => {
      stop()
      resolve()
    }
    signal.addEventListener('abort', left, { once: true })
    if (signal.aborted) left()
  })
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
    recordBytes,
  }: {
    readonly candidate: Ranked
    readonly prepared: Prepared<E>
    readonly run: Run
    readonly others: boolean
    readonly recordBytes: number
  },
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
      billOf(ports.priceOf, {
        card: candidate.card,
        model: candidate.target.model,
        served,
        usage,
        date: dayOf(ports.timers.now()),
      }),
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

/** Nobody was tried: planned so, or since the plan was made. */
const refused = (planning: Planning, model: string, retryAfterMs: number | undefined): GatewayError =>
  planning.order.length > 0 ? unavailable(retryAfterMs) : refusalOf(planning, model)

/** SDKs repeat a 5xx twice by themselves; once the gateway has tried what it may, that only multiplies the load. */
function exhausted(failure: Failure, ownKey: boolean): GatewayError {
  const answer = toAnswer(failure, ownKey)
  if (answer.status < 500) return answer
  return new GatewayError(answer.code, answer.message, { ...answer.detail, retry: false })
}
