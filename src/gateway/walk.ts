import { GatewayError } from '../errors.ts'
import type { Failure } from '../providers/failure.ts'
import type { Allowance } from '../providers/provider.ts'
import { decide, type Progress, RETRY_POLICY } from '../router/retry.ts'
import { toAnswer } from './answer.ts'
import { failureOf } from './failure-of.ts'
import { type Planning, type Ranked, refusalOf, usualMs } from './planning.ts'
import { mayTryAgain, readmitted } from './readmit.ts'
import type { Attempted, Ports, Run, Scope } from './types.ts'
import type { Witness } from './witness.ts'

/** A target has begun to do what it was asked. */
export interface Started {
  readonly ok: true
  readonly allowances: readonly Allowance[]
}
interface Failed {
  readonly ok: false
  readonly failure: Failure
}

/** What is to be had of one target or another: an answer, or a session. */
export interface Errand<Ready, Begun extends Started> {
  /** As the caller named it. */
  readonly model: string
  /** Throws `GatewayError` if this target cannot do it. */
  readonly prepare: (planned: Ranked) => Promise<Ready> | Ready
  /** `untried`: how many targets are left. Never throws for what the upstream does. */
  readonly attempt: (ranked: Ranked, ready: Ready, untried: number) => Promise<Begun | Failed>
  /** What is sent can be sent once, and no more. */
  readonly once: boolean
  /** How long the target takes says how fast its model is. */
  readonly timed: boolean
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
  readonly run: Pick<Run, 'order' | 'deadline' | 'signal'>
  readonly planning: Planning
  readonly watch: Witness
}

/** Walks the order until one target begins to do what is asked. */
export async function walk<Ready, Begun extends Started>(
  ports: Ports,
  scope: Scope,
  errand: Errand<Ready, Begun>,
  context: WalkContext,
): Promise<Walked<Ready, Begun>> {
  const { run, watch } = context
  const attempts: Attempted[] = []
  let at = 0
  let refused: GatewayError | undefined
  let failure: Failure | undefined
  let again = false
  for (let planned = run.order[at]; planned !== undefined; planned = run.order[at]) {
    const started = await begin(ports, errand, context, { planned, again }).catch((thrown: unknown) =>
      refusalFrom(thrown, run.signal),
    )
    again = false
    if (started instanceof GatewayError) {
      refused ??= started // this target cannot honour the request, or is no longer admitted; another may
      at++
      continue
    }
    const { ranked, ready } = started
    const untried = run.order.length - at - 1
    const { result, attempted } = await tryOnce(ports, scope, errand, { ...started, watch, untried })
    attempts.push(attempted)
    if (result.ok) return { attempts, won: { ranked, ready, begun: result, beganAt: ports.timers.now() } }
    failure = result.failure
    const progress = progressOf(ports, { run, attempts, at, ranked })
    const decision = decide(failure, progress, RETRY_POLICY, ports.chance)
    if (decision.act === 'stop' || errand.once) break
    again = decision.act === 'retry'
    if (again) watch.retried(ranked)
    else at++
    if (decision.afterMs > 0) await pause(ports, decision.afterMs, run.signal)
  }
  ports.health.flush(scope.defer)
  if (failure !== undefined)
    return { attempts, thrown: exhausted(failure, scope.principal.credential !== undefined) }
  return { attempts, thrown: refused ?? refusalOf(context.planning, errand.model) }
}

/** Prepares for a target, and takes the leave to try it: nothing may come between that and its use. */
async function begin<Ready, Begun extends Started>(
  ports: Ports,
  errand: Errand<Ready, Begun>,
  { watch }: WalkContext,
  { planned, again }: { readonly planned: Ranked; readonly again: boolean },
): Promise<{ readonly ranked: Ranked; readonly ready: Ready }> {
  const ready = await errand.prepare(planned)
  const ranked = readmitted(ports.health, planned, again)
  watch.began(ranked)
  return { ranked, ready }
}

async function tryOnce<Ready, Begun extends Started>(
  { timers, health }: Ports,
  scope: Scope,
  errand: Errand<Ready, Begun>,
  about: {
    readonly ranked: Ranked
    readonly ready: Ready
    readonly watch: Witness
    readonly untried: number
  },
): Promise<{ readonly result: Begun | Failed; readonly attempted: Attempted }> {
  const { ranked, ready, watch, untried } = about
  const startedAt = timers.now()
  const result = await errand.attempt(ranked, ready, untried)
  const ms = timers.now() - startedAt
  if (result.ok) watch.succeeded(ranked, errand.timed ? ms : undefined, result.allowances)
  else watch.failed(ranked, result.failure)
  health.flush(scope.defer)
  const failure = result.ok ? undefined : result.failure
  return { result, attempted: { target: ranked.target, permit: ranked.permit.kind, startedAt, ms, failure } }
}

/** Where the request stands after its last attempt. */
function progressOf(
  ports: Ports,
  about: {
    readonly run: WalkContext['run']
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

/** SDKs repeat a 5xx twice by themselves; once the gateway has tried what it may, that only multiplies the load. */
function exhausted(failure: Failure, ownKey: boolean): GatewayError {
  const answer = toAnswer(failure, ownKey)
  if (answer.status < 500) return answer
  return new GatewayError(answer.code, answer.message, { ...answer.detail, retry: false })
}
