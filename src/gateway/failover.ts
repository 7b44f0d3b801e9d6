import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Failure } from '../providers/failure.ts'
import type { Adaptation } from '../providers/provider.ts'
import { firstEventLimitMs } from '../router/deadlines.ts'
import { decide, type Progress, RETRY_POLICY } from '../router/retry.ts'
import { billOf } from '../usage/bill.ts'
import { toAnswer } from './answer.ts'
import { attempt } from './attempt.ts'
import { failureOf } from './failure-of.ts'
import type { AttemptInput, AttemptLimits, Begun } from './exchange.ts'
import { type Planning, type Ranked, refusalOf, usualMs } from './planning.ts'
import { prepare, type Prepared } from './prepare.ts'
import { mayTryAgain, readmitted } from './readmit.ts'
import type { Attempted, Call, Ports, Run, Scope } from './types.ts'
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

/** Walks the order until one target begins to answer. */
export async function failover<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  context: FailoverContext,
): Promise<Outcome<E>> {
  const { run, watch } = context
  const attempts: Attempted[] = []
  let at = 0
  let refused: GatewayError | undefined
  let failure: Failure | undefined
  let again = false
  for (let planned = run.order[at]; planned !== undefined; planned = run.order[at]) {
    const ready = await begin(ports, call, scope, { planned, again, context }).catch((thrown: unknown) =>
      refusalFrom(thrown, run.signal),
    )
    again = false
    if (ready instanceof GatewayError) {
      refused ??= ready // this target cannot honour the request, or is no longer admitted; another may
      at++
      continue
    }
    const { ranked, prepared } = ready
    const tried = await tryOnce(ports, call, scope, {
      ...ready,
      context,
      untried: run.order.length - at - 1,
    })
    attempts.push(tried.attempted)
    if (tried.result.ok) {
      return {
        attempts,
        won: { ranked, adapted: prepared.adapted, begun: tried.result, beganAt: ports.timers.now() },
      }
    }
    failure = tried.result.failure
    const decision = decide(
      failure,
      progressOf(ports, { run, attempts, at, ranked }),
      RETRY_POLICY,
      ports.chance,
    )
    if (decision.act === 'stop' || call.raw.kind === 'unread') break // an unread body is gone
    again = decision.act === 'retry'
    if (again) watch.retried(ranked)
    else at++
    if (decision.afterMs > 0) await pause(ports, decision.afterMs, run.signal)
  }
  ports.health.flush(scope.defer)
  if (failure !== undefined)
    return { attempts, thrown: exhausted(failure, scope.principal.credential !== undefined) }
  return { attempts, thrown: refused ?? refusalOf(context.planning, call.request.model) }
}

/** Prepares the request for a target, and takes the leave to try it: nothing may come between that and its use. */
async function begin<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  about: { readonly planned: Ranked; readonly again: boolean; readonly context: FailoverContext },
): Promise<{ readonly ranked: Ranked; readonly prepared: Prepared<E> }> {
  const { planned, again, context } = about
  const prepared = await prepare(ports, call, scope, { candidate: planned, run: context.run })
  const ranked = readmitted(ports.health, planned, again)
  context.watch.began(ranked)
  return { ranked, prepared }
}

async function tryOnce<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  about: {
    readonly ranked: Ranked
    readonly prepared: Prepared<E>
    readonly context: FailoverContext
    readonly untried: number
  },
) {
  const { ranked, prepared, context, untried } = about
  const { run, watch } = context
  const startedAt = ports.timers.now()
  const result = await attempt(
    ports,
    inputOf(ports, call, scope, {
      candidate: ranked,
      prepared,
      run,
      untried,
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

/** Where the request stands after its last attempt. */
function progressOf(
  ports: Ports,
  about: {
    readonly run: Run
    readonly attempts: readonly Attempted[]
    readonly at: number
    readonly ranked: Ranked
  },
): Progress {
  const { run, attempts, at, ranked } = about
  const last = attempts.at(-1)
  const onThisTarget = attempts.length - (attempts.findLastIndex(({ target }) => target !== last?.target) + 1)
  return {
    attempts: attempts.length,
    onThisTarget,
    tookMs: last?.ms ?? 0,
    remainingMs: run.deadline - ports.timers.now(),
    streak: ports.health.streak(ranked.watched.id),
    retryAllowed: mayTryAgain(ports.health, ranked),
    untried: run.order.length - at - 1,
    p50Ms: usualMs(ranked),
    nextP50Ms: usualMs(run.order[at + 1]),
    sameElsewhere: attempts.some(
      ({ target, failure }) => target.id !== last?.target.id && failure?.kind === last?.failure?.kind,
    ),
  }
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
    untried,
    recordBytes,
  }: {
    readonly candidate: Ranked
    readonly prepared: Prepared<E>
    readonly run: Run
    readonly untried: number
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
    limits: { ...limitsOf(ports, call, { candidate, run, untried }), recordBytes },
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
  { candidate, run, untried }: { readonly candidate: Ranked; readonly run: Run; readonly untried: number },
): Omit<AttemptLimits, 'recordBytes'> {
  const { timeouts } = config
  const remainingMs = run.deadline - timers.now()
  const whole = endpointOf(call.endpoint).answer(call.request) === 'json'
  const reasons = candidate.card?.reasoning !== undefined
  const firstEventMs = reasons ? timeouts.reasoningFirstEventMs : timeouts.firstEventMs
  const stallMs = reasons ? timeouts.reasoningStallMs : timeouts.stallMs
  const limits = { totalMs: remainingMs, firstEventMs: whole ? remainingMs : firstEventMs, stallMs }
  return {
    // Without an alternative the deadline, which is timed already, says the same.
    firstEventMs:
      whole && untried === 0
        ? undefined
        : firstEventLimitMs(limits, whole ? undefined : candidate.ttft, remainingMs, untried),
    stallMs,
    keepAliveMs: timeouts.keepAliveMs,
  }
}

/** SDKs repeat a 5xx twice by themselves; once the gateway has tried what it may, that only multiplies the load. */
function exhausted(failure: Failure, ownKey: boolean): GatewayError {
  const answer = toAnswer(failure, ownKey)
  if (answer.status < 500) return answer
  return new GatewayError(answer.code, answer.message, { ...answer.detail, retry: false })
}
