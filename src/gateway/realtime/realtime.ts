import { isTranscribing, sessionMeter } from '../../protocol/realtime.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import { toAnswer } from '../attempt/answer.ts'
import { GARBLED } from '../attempt/failure-of.ts'
import { type Accepted, type Door, shakeHands } from './handshake.ts'
import { joinSockets, type SessionGuard } from './socket-relay.ts'
import type { Ports, Refused, Scope, Settled } from '../types.ts'

/** A session that has begun: the client's end of the socket, and how it went, once it is over. */
export interface Session extends Omit<Accepted<WebSocket>, 'kind' | 'opened' | 'ended'> {
  readonly kind: 'session'
  readonly socket: WebSocket
  /** Never rejects. */
  readonly settled: Promise<Settled>
}
/** What the session's URL says, the model that it comes to, and who may end it. */
export interface Asked {
  readonly query: URLSearchParams
  readonly model: string
  readonly guard?: SessionGuard | undefined
}
export type Realtime = (asked: Asked, scope: Scope) => Promise<Session | Refused>

/** Opens a session. The client is accepted after the upstream has, so that a refusal can still be told in words. */
export function createRealtime(ports: Ports): Realtime {
  return async ({ query, model, guard }, scope) => {
    const knock = {
      model,
      request: (door: Door, signal: AbortSignal) => upgrade(query, door, signal),
      open: socketIn,
    }
    const shaken = await shakeHands(ports, knock, scope)
    return shaken.kind === 'refused' ? shaken : begin(shaken, () => ports.timers.now(), guard)
  }
}

export function upgrade(
  query: URLSearchParams,
  { target, url, headers }: Door,
  signal: AbortSignal,
): Request {
  const address = new URL(url)
  for (const [name, value] of query) address.searchParams.append(name, value)
  // A session that transcribes is told its model by its own events (openai.md 6.1); here it only chooses the target.
  if (isTranscribing(query)) address.searchParams.delete('model')
  else address.searchParams.set('model', target.model)
  // Neither the beta header nor any protocol of the caller's goes along: both are refused now (openai.md 6.2).
  return new Request(address.href, {
    headers: { upgrade: 'websocket', ...headers },
    redirect: 'manual',
    signal,
  })
}

function socketIn({ webSocket }: Response): WebSocket {
  if (webSocket === null) throw new UpstreamFailure(GARBLED)
  return webSocket
}

function begin(
  { opened, ended, ...shaken }: Accepted<WebSocket>,
  now: () => number,
  guard: SessionGuard | undefined,
): Session {
  const { facts, attempts } = shaken
  const { 0: socket, 1: client } = new WebSocketPair()
  const meter = sessionMeter()
  const refuses =
    guard?.refuses && ((frame: string | ArrayBuffer) => guard.refuses?.(frame, facts.target.model))
  const onlookers = { meter, now, ends: guard?.ends, refuses }
  const settled = joinSockets(client, opened, onlookers).then(({ finish, failure, error: why }): Settled => {
    ended(finish, failure)
    const error = why ?? (failure && toAnswer(failure, false))
    return { facts, attempts, finish, usage: meter.usage, error }
  })
  return { ...shaken, kind: 'session', socket, settled }
}
