import { GatewayError } from '../errors.ts'
import type { Failure } from '../providers/failure.ts'
import type { Allowance } from '../providers/provider.ts'
import { RETRY_POLICY } from '../router/retry.ts'
import { newWalk, type Sight, step, type WalkEvent, type WalkNext } from '../router/walk.ts'
import { toAnswer } from './attempt/answer.ts'
import type { Failed } from './attempt/exchange.ts'
import { failureOf } from './attempt/failure-of.ts'
import { type Planning, type Ranked, refusalOf, type Reserved } from './plan/planning.ts'
import type { Attempted, Ports, Run, Scope } from './types.ts'
import { unavailable } from './plan/unavailable.ts'
import type { Witness } from './watch/witness.ts'

/** A target of the plan, or one that stands by. */
type Standing = Ranked | Reserved

/** A target has begun to do what it was asked. */
export interface Started {
  readonly ok: true
  readonly allowances: readonly Allowance[]
}

/** What is to be had of one target or another: an answer, or a session. */
export interface Errand<Ready, Begun extends Started> {
  /** As the caller named it. */
  readonly model: string
  /** Throws `GatewayError` if this target cannot do it. */
  readonly prepare: (place: Standing) => Promise<Ready> | Ready
  /** Never throws for what the upstream does. */
  readonly attempt: (ranked: Ranked, ready: Ready, so: SoFar) => Promise<Begun | Failed>
  /** What is sent can be sent once, and no more. */
  readonly once: boolean
  /** How long the target takes says how fast its model is. */
  readonly timed: boolean
}
/** Where an attempt stands among those of its request. */
export interface SoFar {
  /** There is another target to go to. */
  readonly others: boolean
  /** The attempts made before it. */
  readonly made: readonly Attempted[]
}
/** The attempts made, also when none succeeded: `thrown` is then what the caller gets. */
export type Walked<Ready, Begun extends Started> = { readonly attempts: readonly Attempted[] } & (
  | {
      readonly won: {
        readonly ranked: Ranked
        readonly ready: Ready
        readonly begun: Begun
        readonly beganAt: number
      }
      readonly thrown?: never
    }
  | { readonly won?: never; readonly thrown: GatewayError }
)
export interface WalkContext {
  readonly run: Pick<Run, 'deadline' | 'signal'>
  readonly planning: Planning
  readonly watch: Witness
}

/**
 * Asks one target after the other until one begins to do what is asked. Whom to try, and when, is the pure walk's to
 * say (router/walk.ts).
 */
export async function walk<Ready, Begun extends Started>(
  ports: Ports,
  scope: Scope,
  errand: Errand<Ready, Begun>,
  context: WalkContext,
): Promise<Walked<Ready, Begun>> {
  const { watch } = context
  const attempts: Attempted[] = []
  const tell = teller(ports, scope, errand, context)
  let unfit: GatewayError | undefined
  let failure: Failure | undefined
  let next = tell({ kind: 'begin' })
  while (next.act !== 'stop') {
    const ready = await makeReady(ports, errand, next, context)
    if (ready instanceof GatewayError) {
      unfit ??= ready // another target may take the request as it is
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
    const { others } = leave
    const { result, attempted } = await tryOnce(ports, scope, errand, {
      ranked,
      ready,
      watch,
      others,
      made: attempts,
    })
    attempts.push(attempted)
    if (result.ok) return { attempts, won: { ranked, ready, begun: result, beganAt: ports.timers.now() } }
    failure = result.failure
    next = tell({ kind: 'failed', failure, tookMs: attempted.ms })
  }
  ports.health.flush(scope.defer)
  if (failure !== undefined)
    return { attempts, thrown: exhausted(failure, scope.principal.credential !== undefined) }
  return { attempts, thrown: unfit ?? refused(context.planning, errand.model, next.retryAfterMs) }
}

type Next = WalkNext<Standing>
type Told = Pick<Extract<WalkEvent, { kind: 'failed' }>, 'kind' | 'failure' | 'tookMs'> | { kind: Simple }
type Simple = Exclude<WalkEvent['kind'], 'failed'>

/** The walk of one request, with the world that it looks at. */
function teller(
  { health, timers, chance }: Ports,
  { principal }: Scope,
  { once }: Pick<Errand<unknown, Started>, 'once'>,
  { planning: { order, reserve }, run }: WalkContext,
): (event: Told) => Next {
  const sight: Sight = {
    admit: health.admit,
    // A gate is shut for the deployment's keys; the caller's own is none of them.
    gate: principal.credential === undefined ? health.gate : () => undefined,
    mayRetry: health.mayRetry,
    streak: health.streak,
  }
  const policy = once ? { ...RETRY_POLICY, maxAttempts: 1 } : RETRY_POLICY
  let walking = newWalk<Standing>(order.length === 0 ? [] : [...order, ...reserve], run.deadline, policy)
  return (event) => {
    const stepped = step(walking, { ...event, sight }, timers.now(), () => chance.random())
    walking = stepped.walk
    return stepped.next
  }
}

/** Waits, and puts the request into the form that the target takes; an error is this target's, or the caller has left. */
async function makeReady<Ready>(
  ports: Ports,
  errand: Pick<Errand<Ready, Started>, 'prepare'>,
  next: Exclude<Next, { act: 'stop' }>,
  { run, watch }: WalkContext,
): Promise<Ready | GatewayError> {
  if (next.act === 'prepare') {
    if (next.again) watch.retried(next.place)
    if (next.afterMs > 0) await pause(ports, next.afterMs, run.signal)
  }
  try {
    return await errand.prepare(next.place)
  } catch (thrown) {
    return refusalFrom(thrown, run.signal)
  }
}

async function tryOnce<Ready, Begun extends Started>(
  { timers, health }: Ports,
  scope: Scope,
  errand: Errand<Ready, Begun>,
  about: {
    readonly ranked: Ranked
    readonly ready: Ready
    readonly watch: Witness
  } & SoFar,
): Promise<{ readonly result: Begun | Failed; readonly attempted: Attempted }> {
  const { ranked, ready, watch, others, made: before } = about
  const startedAt = timers.now()
  const result = await errand.attempt(ranked, ready, { others, made: before })
  const ms = timers.now() - startedAt
  if (result.ok) watch.succeeded(ranked, errand.timed ? ms : undefined, result.allowances)
  else watch.failed(ranked, result.failure)
  health.flush(scope.defer)
  const { target, permit, card } = ranked
  const made = { target, permit: permit.kind, startedAt, ms }
  if (result.ok) return { result, attempted: made }
  const { failure, spent } = result
  const ownKey = scope.principal.credential !== undefined
  return { result, attempted: { ...made, failure, ...(spent && { spent: { ...spent, card, ownKey } }) } }
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

/** Nobody was tried: planned so, or since the plan was made. */
const refused = (planning: Planning, model: string, retryAfterMs: number | undefined): GatewayError =>
  planning.order.length > 0 ? unavailable(retryAfterMs) : refusalOf(planning, model)

/** SDKs repeat a 5xx twice by themselves; once the gateway has tried what it may, that only multiplies the load. */
function exhausted(failure: Failure, ownKey: boolean): GatewayError {
  const answer = toAnswer(failure, ownKey)
  if (answer.status < 500) return answer
  return new GatewayError(answer.code, answer.message, { ...answer.detail, retry: false })
}
