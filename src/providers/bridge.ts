import type { Decoder } from '../lib/sse.ts'
import type { Bridge } from '../protocol/bridge.ts'
import type { Endpoint, Observer, Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import { type Failure, UpstreamFailure } from './failure.ts'
import type { Codec, Passthrough, Provider, Translation, Upstream } from './provider.ts'

/** The codec that serves an endpoint by the provider's codec for another. */
export function bridged<From extends Wire, To extends Wire>(
  bridge: Bridge<From, To>,
  codec: Codec<To>,
  classify: Provider['classify'],
): Translation<From> {
  const inner = codec.kind === 'translation' ? codec : translated(bridge.to, codec, classify)
  const { events, fanOut, serves } = inner
  return {
    kind: 'translation',
    encode: (request, context) => inner.encode(bridge.request(request), context),
    decode: (body, request, context) =>
      bridge.response(inner.decode(body, bridge.request(request), context), request),
    ...(events && {
      events: (request, context) => chained(events(bridge.request(request), context), bridge.events(request)),
    }),
    ...(bridge.fanOut && { fanOut: bridge.fanOut(fanOut !== undefined) }),
    serves: serves ?? (({ endpoints }) => listed(bridge.to, endpoints)),
  }
}

function listed<W extends Wire>({ capability }: Endpoint<W>, endpoints: readonly string[]): boolean {
  return capability === undefined || endpoints.includes(capability)
}

function chained<In, Between, Out>(
  first: Decoder<In, Between>,
  second: Decoder<Between, Out>,
): Decoder<In, Out> {
  return {
    push: (event, emit) => first.push(event, (between) => second.push(between, emit)),
    end(emit) {
      first.end((between) => second.push(between, emit))
      second.end(emit)
    },
  }
}

/** A relay that is read instead: what the upstream says is decoded although it is in the caller's format. */
function translated<W extends Wire>(
  endpoint: Endpoint<W>,
  { path, patch, serves }: Passthrough<W>,
  classify: Provider['classify'],
): Translation<W> {
  return {
    kind: 'translation',
    encode: (request, context) => patched(request, path, patch(request, context)),
    decode(body) {
      if (isRecord(body) && endpoint.answers(body)) return body
      throw new UpstreamFailure({ kind: 'empty', message: 'The upstream sent an empty answer.' })
    },
    events: (request) => readEvents(endpoint, request, (error) => classify(200, new Headers(), error)),
    ...(serves && { serves }),
  }
}

function patched(
  request: object,
  path: Upstream['path'],
  patch: ReturnType<Passthrough<Wire>['patch']>,
): Upstream {
  const dropped = new Set(patch?.drop)
  const kept = Object.entries({ ...request, ...patch?.set }).filter(([name]) => !dropped.has(name))
  return { path, body: JSON.stringify(Object.fromEntries(kept)), adapted: patch?.adapted ?? [] }
}

const DONE = '[DONE]'

function readEvents<W extends Wire>(
  endpoint: Endpoint<W>,
  request: W['request'],
  classify: (error: unknown) => Failure,
): Decoder<string, W['event']> {
  const observer = endpoint.observe(request)
  let done = !endpoint.doneMarker
  return {
    push(data, emit) {
      if (data === DONE) done = true
      else if (!done || !endpoint.doneMarker) emit(eventOf(JSON.parse(data)))
    },
    end() {
      if (done && observer.complete) return
      const message = 'The upstream stream was interrupted before the answer was complete.'
      throw new UpstreamFailure({ kind: 'cut_short', message })
    },
  }

  function eventOf(event: unknown): W['event'] {
    const error = endpoint.errorIn(event)
    if (error !== undefined) throw new UpstreamFailure(classify(error))
    see(observer, event)
    return event
  }
}

function see<W extends Wire>(observer: Observer<W['event']>, event: unknown): asserts event is W['event'] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the observer checks what it reads
  observer.see(event as W['event'])
}
