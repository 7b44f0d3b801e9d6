import { isTranscribing, REALTIME_PATH, sessionMeter } from '../protocol/realtime.ts'
import { type Failure, FAILURES } from '../providers/failure.ts'
import type { Provider } from '../providers/provider.ts'
import { toAnswer } from './answer.ts'
import { resolve, type RouteTarget } from './candidates.ts'
import { holdsSessions, notServed } from './eligible.ts'
import { failureOf } from './failure-of.ts'
import { withOwnKey } from './own-key.ts'
import { credentialOf } from './prepare.ts'
import { readFailure } from './read-failure.ts'
import { joinSockets } from './socket-relay.ts'
import type { Attempted, Facts, Ports, Scope, Settled } from './types.ts'

/** A session that has begun: the client's end of the socket, and how it went, once it is over. */
export interface Session {
  readonly socket: WebSocket
  readonly facts: Facts
  readonly attempts: readonly Attempted[]
  readonly settled: Promise<Settled>
}
export type Realtime = (query: URLSearchParams, model: string, scope: Scope) => Promise<Session>

/**
 * Opens a session with the first of the model's targets that accepts one. The client is accepted after that, so
 * that a refusal can still be told in words; throws `GatewayError` for it.
 */
export function createRealtime(ports: Ports): Realtime {
  return async (query, model, asked) => {
    const scope = withOwnKey(ports, model, asked)
    const ownKey = scope.principal.credential !== undefined
    const attempts: Attempted[] = []
    let failure: Failure | undefined
    for (const socket of realtimeTargets(ports, model, scope)) {
      const startedAt = ports.timers.now()
      const opened = await open(ports, scope, { query, ...socket })
      failure = opened instanceof WebSocket ? undefined : opened
      const ms = ports.timers.now() - startedAt
      attempts.push({ target: socket.route.target, permit: 'normal', startedAt, ms, failure })
      if (opened instanceof WebSocket) return begin(opened, socket.route, attempts)
      if (ownKey || FAILURES[opened.kind].act === 'stop') break
    }
    throw toAnswer(failure ?? { kind: 'server_error', message: 'No target was tried.' }, ownKey)
  }
}

/** A target that has sessions, and where. */
interface Socket {
  readonly route: RouteTarget
  readonly provider: Provider
  readonly url: string
}

/** The targets of a model that have sessions, in their order; throws `GatewayError` if there is none. */
export function realtimeTargets(
  ports: Ports,
  model: string,
  scope: Scope,
): readonly [Socket, ...(readonly Socket[])] {
  const { targets } = resolve(model, {
    config: ports.config,
    registry: ports.registry,
    mode: scope.lifecycle,
    now: ports.timers.now(),
    capability: 'realtime',
    ownKey: scope.principal.credential !== undefined,
  })
  const [first, ...others] = targets.flatMap((route): Socket[] => {
    const entry = ports.registry.providers.get(route.target.provider)
    const provider = entry && ports.apis[entry.api]
    if (entry === undefined || provider?.realtime === undefined) return []
    return holdsSessions(provider, route.card)
      ? [{ route, provider, url: entry.baseUrl + provider.realtime.path }]
      : []
  })
  if (first !== undefined) return [first, ...others]
  const [refused] = targets
  const entry = refused && ports.registry.providers.get(refused.target.provider)
  throw notServed({ path: REALTIME_PATH, model }, entry && ports.apis[entry.api], refused?.card)
}

async function open(
  ports: Ports,
  scope: Scope,
  { route, query, provider, url }: Socket & { readonly query: URLSearchParams },
): Promise<WebSocket | Failure> {
  const address = new URL(url)
  for (const [name, value] of query) address.searchParams.append(name, value)
  // A session that transcribes is told its model by its own events (openai.md 6.1); here it only chooses the target.
  if (isTranscribing(query)) address.searchParams.delete('model')
  else address.searchParams.set('model', route.target.model)
  // Neither the beta header nor any protocol of the caller's goes along: both are refused now (openai.md 6.2).
  const headers = {
    upgrade: 'websocket',
    'user-agent': 'llm-gateway',
    ...provider.authorize(credentialOf(ports, scope, route.target)),
  }
  try {
    const response = await ports.fetch(new Request(address.href, { headers }))
    return response.webSocket ?? (await readFailure(response, provider))
  } catch (thrown) {
    return failureOf(thrown, scope.signal)
  }
}

function begin(upstream: WebSocket, { target, card }: RouteTarget, attempts: readonly Attempted[]): Session {
  const { 0: socket, 1: client } = new WebSocketPair()
  const meter = sessionMeter()
  const facts: Facts = {
    target,
    card,
    adapted: [],
    upstreamRequestId: undefined,
    served: {},
    usage: undefined,
  }
  const settled = joinSockets(client, upstream, meter).then((finish): Settled => ({
    facts,
    attempts,
    finish,
    usage: meter.usage,
  }))
  return { socket, facts, attempts, settled }
}
