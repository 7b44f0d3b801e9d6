import type { Decoder } from '../lib/sse.ts'
import type { Endpoint, Observer, Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import { UpstreamFailure } from './failure.ts'
import type { Passthrough, Patch, Provider, Translation } from './provider.ts'

/** A relay as a codec that reads what it relays, so that a bridge can go over it. */
export function readRelay<W extends Wire>(
  endpoint: Endpoint<W>,
  { path, patch, serves }: Passthrough<W>,
  classify: Provider['classify'],
): Translation<W> {
  return {
    kind: 'translation',
    encode(request, context) {
      const changes = patch(request, context)
      return { path, body: JSON.stringify(applied(request, changes)), adapted: changes?.adapted ?? [] }
    },
    decode(body) {
      const error = endpoint.errorIn(body)
      if (error !== undefined) throw new UpstreamFailure(classify(200, new Headers(), error))
      if (isRecord(body) && endpoint.answers(body)) return body
      throw new UpstreamFailure({ kind: 'empty', message: 'The upstream sent an empty answer.' })
    },
    events: (request) => readEvents(endpoint, endpoint.observe(request), classify),
    ...(serves && { serves }),
  }
}

/** The request with a patch's changes; the request itself stays as it is. */
export function applied<R extends object>(request: R, patch: Patch | undefined): R {
  if (patch === undefined) return request
  const changed = { ...request, ...patch.set }
  for (const name of patch.drop) Reflect.deleteProperty(changed, name)
  return changed
}

function readEvents<W extends Wire>(
  endpoint: Endpoint<W>,
  observer: Observer<W['event']>,
  classify: Provider['classify'],
): Decoder<string, W['event']> {
  let done = !endpoint.doneMarker
  return {
    push(data, emit) {
      if (data === '[DONE]') done = true
      if (done && endpoint.doneMarker) return
      const event: unknown = JSON.parse(data)
      const error = endpoint.errorIn(event)
      if (error !== undefined) throw new UpstreamFailure(classify(200, new Headers(), error))
      see(observer, event)
      emit(event)
    },
    end() {
      if (done && observer.complete) return
      const message = 'The upstream stream was interrupted before the answer was complete.'
      throw new UpstreamFailure({ kind: 'cut_short', message })
    },
  }
}

function see<W extends Wire>(observer: Observer<W['event']>, event: unknown): asserts event is W['event'] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the observer checks what it reads
  observer.see(event as W['event'])
}
