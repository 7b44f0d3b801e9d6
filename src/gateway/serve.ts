import { bodyOf, delayed } from '../lib/sse.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import { errorOf } from './answer.ts'
import type { Answer } from './exchange.ts'
import type { Resolved } from './candidates.ts'
import type { Outcome, Won } from './failover.ts'
import type { Planning } from './planning.ts'
import type { Attempted, Call, Facts, Ports, Scope, Served, Settled } from './types.ts'
import type { Witness } from './witness.ts'

const EVENT_STREAM = 'text/event-stream; charset=utf-8'

export interface ServeContext {
  readonly resolved: Resolved
  readonly planning: Planning
  readonly watch: Witness
  /** Ends the request's clock. */
  readonly stop: () => void
}

/** What the attempts came to, as what the caller gets. */
export function serve<E extends EndpointId>(
  ports: Ports,
  outcome: Outcome<E>,
  call: Call<E>,
  { scope, resolved, planning, watch, stop }: ServeContext & { readonly scope: Scope },
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
  const facts = factsOf(won, call)
  const { contentType, body, ended } = sending(won.begun.answer, scope.principal.credential !== undefined)
  const settled = ended.then((end): Settled => {
    stop()
    const result = { facts, attempts, usage: facts.usage, ...end }
    watch.ended(won.ranked, result, ports.timers.now() - won.beganAt)
    ports.health.flush(scope.defer)
    return result
  })
  return { kind: 'answer', contentType, body, facts, attempts, lifecycle, planning, settled }
}

function factsOf<E extends EndpointId>({ ranked, adapted, begun }: Won<E>, call: Call<E>): Facts {
  const { answer, upstreamRequestId } = begun
  const endpoint = endpointOf(call.endpoint)
  const known = { target: ranked.target, card: ranked.card, adapted, upstreamRequestId }
  if (answer.kind === 'events') return { ...known, served: answer.observer.served, usage: undefined }
  const { response } = answer
  if (response === undefined) return { ...known, served: {}, usage: undefined }
  return { ...known, served: endpoint.served(response), usage: endpoint.usage(response) }
}

interface Sending {
  readonly contentType: string
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>
  readonly ended: Promise<
    Pick<Settled, 'finish' | 'error' | 'answer'> & Partial<Pick<Settled, 'usage' | 'writtenTokens'>>
  >
}

function sending<E extends EndpointId>(answer: Answer<Wires[E]>, ownKey: boolean): Sending {
  switch (answer.kind) {
    case 'json':
      return {
        contentType: 'application/json',
        body: answer.body,
        ended: Promise.resolve({ finish: 'complete', answer: answer.response }),
      }
    case 'bytes':
      return {
        contentType: answer.contentType,
        body: answer.bytes,
        ended: answer.finished.then((finish) => ({ finish, usage: answer.usage() })),
      }
    case 'events': {
      const { relay, observer } = answer
      const ended = relay.finished.then(({ finish, thrown }) => ({
        finish,
        usage: observer.usage,
        writtenTokens: observer.writtenTokens,
        answer: observer.answer,
        error: thrown === undefined ? undefined : errorOf(thrown, ownKey),
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
  late: ServeContext & { readonly outcome: Promise<Outcome<E>>; readonly abort: () => void },
): Served {
  const { resolved, planning, abort } = late
  const served = late.outcome.then((outcome) => serve(ports, outcome, call, { scope, ...late }))
  const failed = (thrown: unknown): ReadableStream<Uint8Array> => {
    const error = errorOf(thrown, scope.principal.credential !== undefined)
    return bodyOf(endpointOf(call.endpoint).errorFrame(error.toBody()))
  }
  const content = served.then((result) => {
    if (result.kind === 'refused') return failed(result.error)
    return result.body instanceof ReadableStream ? result.body : bodyOf(result.body)
  }, failed)
  const { keepAliveMs } = ports.config.timeouts
  const settled = served.then(
    (result) => result.settled,
    (): Settled => ({ facts: undefined, attempts: NONE, finish: 'refused', usage: undefined }),
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
