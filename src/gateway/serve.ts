import { bodyOf, delayed } from '../lib/sse.ts'
import { endpointOf, type EndpointId, type Wires } from '../protocol/index.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import { errorOf } from './answer.ts'
import type { Answer } from './attempt.ts'
import type { Resolved } from './candidates.ts'
import type { Outcome, Won } from './failover.ts'
import type { Attempted, Call, Facts, Ports, Scope, Served, Settled } from './types.ts'

const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** What the attempts came to, as what the caller gets. `stop` ends the request's clock. */
export function serve<E extends EndpointId>(
  outcome: Outcome<E>,
  call: Call<E>,
  scope: Scope,
  { resolved, stop }: { readonly resolved: Resolved; readonly stop: () => void },
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
    return { kind: 'refused', error: outcome.thrown, attempts, lifecycle, settled: Promise.resolve(settled) }
  }
  const facts = factsOf(won, call)
  const { contentType, body, ended } = sending(won.begun.answer, scope.principal.credential !== undefined)
  const settled = ended.then((end): Settled => {
    stop()
    return { facts, attempts, usage: facts.usage, ...end }
  })
  return { kind: 'answer', contentType, body, facts, attempts, lifecycle, settled }
}

function factsOf<E extends EndpointId>({ candidate, adapted, begun }: Won<E>, call: Call<E>): Facts {
  const { answer, upstreamRequestId } = begun
  const endpoint = endpointOf(call.endpoint)
  const known = { target: candidate.target, card: candidate.card, adapted, upstreamRequestId }
  if (answer.kind === 'json') {
    return { ...known, served: endpoint.served(answer.response), usage: endpoint.usage(answer.response) }
  }
  return { ...known, served: answer.kind === 'events' ? answer.observer.served : {}, usage: undefined }
}

interface Sending {
  readonly contentType: string
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>
  readonly ended: Promise<Pick<Settled, 'finish' | 'error'> & Partial<Pick<Settled, 'usage'>>>
}

function sending<E extends EndpointId>(answer: Answer<Wires[E]>, ownKey: boolean): Sending {
  switch (answer.kind) {
    case 'json':
      return {
        contentType: 'application/json',
        body: answer.text,
        ended: Promise.resolve({ finish: 'complete' }),
      }
    case 'bytes':
      return {
        contentType: answer.contentType,
        body: answer.bytes,
        ended: answer.finished.then((finish) => ({ finish })),
      }
    case 'events': {
      const { relay, observer } = answer
      const ended = relay.finished.then(({ finish, thrown }) => ({
        finish,
        usage: observer.usage,
        error: thrown instanceof UpstreamFailure ? errorOf(thrown, ownKey) : undefined,
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
  late: {
    readonly outcome: Promise<Outcome<E>>
    readonly resolved: Resolved
    readonly stop: () => void
    readonly abort: () => void
  },
): Served {
  const { resolved, stop, abort } = late
  const served = late.outcome.then((outcome) => serve(outcome, call, scope, { resolved, stop }))
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
    settled,
  }
}
const NONE: readonly Attempted[] = []
