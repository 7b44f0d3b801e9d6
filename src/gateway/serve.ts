import { GatewayError } from '../errors.ts'
import { bodyOf, delayed } from '../lib/sse.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import { toAnswer } from './attempt/answer.ts'
import type { Answer } from './attempt/exchange.ts'
import type { Keep } from './cache/keeper.ts'
import type { Resolved } from './plan/candidates.ts'
import type { Outcome, Won } from './failover.ts'
import { breakOf } from './attempt/failure-of.ts'
import type { Planning } from './plan/planning.ts'
import type { Failure } from '../providers/failure.ts'
import { EVENT_STREAM } from './cache/replay.ts'
import { asServed } from './attempt/as-served.ts'
import type { Attempted, Call, Facts, Ports, Run, Scope, Served, Settled } from './types.ts'
import type { Witness } from './watch/witness.ts'

export interface ServeContext<E extends EndpointId> {
  readonly run: Run
  readonly resolved: Resolved
  readonly planning: Planning
  readonly watch: Witness
  /** Takes down an answer that has left whole. */
  readonly keep: Keep<E>
  /** Ends the request's clock. */
  readonly stop: () => void
}

/** What the attempts came to, as what the caller gets. */
export function serve<E extends EndpointId>(
  ports: Ports,
  outcome: Outcome<E>,
  call: Call<E>,
  { scope, run, resolved, planning, watch, keep, stop }: ServeContext<E> & { readonly scope: Scope },
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
    return {
      kind: 'refused',
      error: outcome.thrown,
      attempts,
      lifecycle,
      planning,
      settled: Promise.resolve(settled),
    }
  }
  const facts = factsOf(won, call, scope.principal.credential !== undefined)
  const { answer } = won.begun
  const { contentType, body, ended } = sending(answer, run.signal)
  // What has passed of work that goes on is no measure of it.
  const counted = (end: Ended): Ended =>
    endpointOf(call.endpoint).goesOn?.(call.request) === true
      ? { ...end, writtenTokens: undefined, estimate: undefined }
      : end
  const settled = ended.then(({ failure, served, ...end }): Settled => {
    stop()
    const error = failure && toAnswer(failure, scope.principal.credential !== undefined)
    // Only the end of a stream says which version served, and at which tier.
    const final = served === undefined ? facts : { ...facts, served: asServed(served, won.begun.service) }
    const result = { facts: final, attempts, usage: facts.usage, error, ...counted(end) }
    watch.ended(won.ranked, { ...result, failure }, ports.timers.now() - won.beganAt)
    ports.health.flush(scope.defer)
    if (result.finish === 'complete' && result.error === undefined) keep(won, planning, result)
    return result
  })
  return { kind: 'answer', contentType, body, facts, attempts, lifecycle, planning, settled }
}

function factsOf<E extends EndpointId>(
  { ranked, adapted, begun }: Won<E>,
  call: Call<E>,
  ownKey: boolean,
): Facts {
  const { answer, upstreamRequestId, service } = begun
  const endpoint = endpointOf(call.endpoint)
  const known = { target: ranked.target, card: ranked.card, adapted, upstreamRequestId, ownKey }
  if (answer.kind === 'events')
    return { ...known, served: asServed(answer.observer.served, service), usage: undefined }
  const { response } = answer
  if (response === undefined) return { ...known, served: asServed({}, service), usage: undefined }
  const usage = answer.kind === 'json' ? answer.usage : answer.usage()
  return { ...known, served: asServed(endpoint.served(response), service), usage }
}

type Ended = Pick<Settled, 'finish' | 'answer'> &
  Partial<Pick<Settled, 'usage' | 'writtenTokens' | 'estimate'>>
interface Sending {
  readonly contentType: string
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>
  readonly ended: Promise<Ended & Partial<Pick<Facts, 'served'>> & { readonly failure?: Failure }>
}

/** `signal` tells a deadline and a client that left from an upstream that broke off. */
function sending<E extends EndpointId>(answer: Answer<Wires[E]>, signal: AbortSignal): Sending {
  switch (answer.kind) {
    case 'json':
      return {
        contentType: 'application/json',
        body: answer.body,
        ended: Promise.resolve({
          finish: 'complete',
          answer: answer.response,
          writtenTokens: answer.writtenTokens,
        }),
      }
    case 'bytes':
      return {
        contentType: answer.contentType,
        body: answer.bytes,
        ended: answer.finished.then((finish) => ({
          finish,
          usage: answer.usage(),
          ...(finish === 'cut-short' && { failure: breakOf(undefined, signal) }),
        })),
      }
    case 'events': {
      const { relay, observer, estimate } = answer
      const ended = relay.finished.then(({ finish, thrown }) => ({
        finish,
        served: observer.served,
        usage: observer.usage,
        writtenTokens: observer.writtenTokens,
        ...(observer.usage === undefined && { estimate: estimate() }),
        answer: observer.answer,
        ...(finish === 'cut-short' && { failure: breakOf(thrown, signal) }),
      }))
      return { contentType: EVENT_STREAM, body: relay.body, ended }
    }
  }
}

/**
 * Nothing meaningful came for so long that clients and the edge might give up: the headers go out now, comments
 * follow, and failover goes on behind them. A final failure is an error frame.
 */
export function serveLate<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  late: ServeContext<E> & { readonly outcome: Promise<Outcome<E>>; readonly abort: () => void },
): Served {
  const { resolved, planning, abort } = late
  const served = late.outcome.then((outcome) => serve(ports, outcome, call, { scope, ...late }))
  const failed = (thrown: unknown): ReadableStream<Uint8Array> =>
    bodyOf(endpointOf(call.endpoint).errorFrame(ownFault(thrown).toBody()))
  const content = served.then((result) => {
    if (result.kind === 'refused') return failed(result.error)
    return result.body instanceof ReadableStream ? result.body : bodyOf(result.body)
  }, failed)
  const { keepAliveMs } = ports.config.timeouts
  const settled = served.then(
    (result) => result.settled,
    (thrown): Settled => {
      late.stop()
      return {
        facts: undefined,
        attempts: NONE,
        finish: 'refused',
        usage: undefined,
        error: ownFault(thrown),
      }
    },
  )
  return {
    kind: 'early',
    contentType: EVENT_STREAM,
    body: delayed(content, { timers: ports.timers, keepAliveMs, onCancel: abort }),
    lifecycle: resolved.lifecycle,
    planning,
    settled,
  }
}
const NONE: readonly Attempted[] = []

/** Failover throws for nothing that an upstream does. */
const ownFault = (thrown: unknown): GatewayError =>
  thrown instanceof GatewayError
    ? thrown
    : new GatewayError('internal', 'The gateway failed to handle the request.', { cause: thrown })
