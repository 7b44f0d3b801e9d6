import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Failure } from '../providers/failure.ts'
import type { Adaptation } from '../providers/provider.ts'
import { decide } from '../router/retry.ts'
import { toAnswer } from './answer.ts'
import { attempt, type AttemptInput, type AttemptLimits, type Begun } from './attempt.ts'
import { type Candidate, unknownModel } from './candidates.ts'
import { prepare, type Prepared } from './prepare.ts'
import type { Attempted, Call, Ports, Run, Scope } from './types.ts'

export interface Won<E extends EndpointId> {
  readonly candidate: Candidate
  readonly adapted: readonly Adaptation[]
  readonly begun: Begun<Wires[E]>
}
/** The attempts made, also when none succeeded: `thrown` is then what the caller gets. */
export type Outcome<E extends EndpointId> = { readonly attempts: readonly Attempted[] } & (
  | { readonly won: Won<E>; readonly thrown?: never }
  | { readonly won?: never; readonly thrown: GatewayError }
)

/** Walks the candidates until one begins to answer. */
export async function failover<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  run: Run,
): Promise<Outcome<E>> {
  const attempts: Attempted[] = []
  let at = 0
  let onThisTarget = 0
  let refused: GatewayError | undefined
  let failure: Failure | undefined
  for (let candidate = run.candidates[at]; candidate !== undefined; candidate = run.candidates[at]) {
    const prepared = await prepare(ports, call, scope, { candidate, run }).catch(asRefusal)
    if (prepared instanceof GatewayError) {
      refused ??= prepared // this target cannot honour the request; another may
      at++
      continue
    }
    const hasNext = at + 1 < run.candidates.length
    const startedAt = ports.timers.now()
    const result = await attempt(ports, inputOf(ports, call, scope, { candidate, prepared, run, hasNext }))
    const ms = ports.timers.now() - startedAt
    onThisTarget++
    attempts.push({
      target: candidate.target,
      startedAt,
      ms,
      failure: result.ok ? undefined : result.failure,
    })
    if (result.ok) return { attempts, won: { candidate, adapted: prepared.adapted, begun: result } }
    failure = result.failure
    const remainingMs = run.deadline - ports.timers.now()
    const decision = decide(
      failure,
      { attempts: attempts.length, onThisTarget, failedAfterMs: ms, remainingMs, hasNext },
      ports.chance,
    )
    if (decision.act === 'stop') break
    if (decision.act === 'next') {
      at++
      onThisTarget = 0
    }
    if (decision.afterMs > 0) await pause(ports, decision.afterMs)
  }
  if (failure === undefined) return { attempts, thrown: refused ?? unknownModel(call.request.model) }
  return { attempts, thrown: exhausted(failure, scope.principal.credential !== undefined, attempts) }
}

function asRefusal(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  throw thrown
}

function pause(ports: Ports, ms: number): Promise<void> {
  return new Promise((resolve) => {
    ports.timers.after(ms, resolve)
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
    hasNext,
  }: {
    readonly candidate: Candidate
    readonly prepared: Prepared<E>
    readonly run: Run
    readonly hasNext: boolean
  },
): AttemptInput<Wires[E]> {
  const { codec, provider, context, url, headers, bodies } = prepared
  return {
    endpoint: endpointOf(call.endpoint),
    codec,
    provider,
    context,
    url,
    headers,
    bodies,
    request: call.request,
    ownKey: scope.principal.credential !== undefined,
    limits: limitsOf(ports, call, { candidate, run, hasNext }),
    signal: run.signal,
  }
}

/** An answer that is not streamed comes whole, at the end: only the deadline bounds it, less a share kept for the next target. */
function limitsOf<E extends EndpointId>(
  { config, timers }: Ports,
  call: Call<E>,
  {
    candidate,
    run,
    hasNext,
  }: { readonly candidate: Candidate; readonly run: Run; readonly hasNext: boolean },
): AttemptLimits {
  const { timeouts } = config
  const reasons = candidate.card?.reasoning !== undefined
  const remainingMs = run.deadline - timers.now()
  const wholeMs = hasNext ? remainingMs * SHARE_WITH_ALTERNATIVE : remainingMs
  const firstEventMs = reasons ? timeouts.reasoningFirstEventMs : timeouts.firstEventMs
  return {
    firstEventMs:
      endpointOf(call.endpoint).answer(call.request) === 'json' ? wholeMs : Math.min(firstEventMs, wholeMs),
    stallMs: reasons ? timeouts.reasoningStallMs : timeouts.stallMs,
    keepAliveMs: timeouts.keepAliveMs,
  }
}
/** resilience.md 3.2: one target may not use up the time of the others. */
const SHARE_WITH_ALTERNATIVE = 0.6

/** SDKs repeat a 5xx twice by themselves; once the gateway has tried everything that only multiplies the load. */
function exhausted(failure: Failure, ownKey: boolean, attempts: readonly Attempted[]): GatewayError {
  const answer = toAnswer(failure, ownKey)
  if (answer.status < 500 || attempts.length < 2) return answer
  return new GatewayError(answer.code, answer.message, { ...answer.detail, retry: false })
}
