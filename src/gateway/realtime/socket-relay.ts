import type { GatewayError } from '../../errors.ts'
import { closeOf, errorEvent, type SessionMeter } from '../../protocol/realtime.ts'
import type { Failure } from '../../providers/failure.ts'
import { INTERRUPTED } from '../attempt/answer.ts'
import { createLag, type Lag } from './lag.ts'

/** The longest that an event of the protocol may be (openai.md 6.4), in base64 and with its frame. */
const MAX_MESSAGE_CHARS = 16 * 1_048_576
/**
 * What may wait for one side to read; a side that is so far behind has gone. The runtime does not say yet how much
 * waits (workerd#988): until it does, what passes is held against the other side's signs of life (`lag.ts`).
 */
const MAX_QUEUED_BYTES = 8 * 1_048_576
/** A microphone that is left open says this much a second, to an upstream that has nothing to say: twice 24 kHz PCM in base64. */
const SPOKEN_PER_SECOND = 131_072
const TOO_BIG = 1009
const TRY_LATER = 1013
const POLICY = 1008
const NORMAL = 1000

/** How a session ended, and what of it was the upstream's fault. */
interface Ended {
  readonly finish: 'complete' | 'cancelled' | 'cut-short'
  readonly failure?: Failure
  /** Why we have ended it. */
  readonly error?: GatewayError
}
/** Judges a session while it runs. Called for every frame, so it waits for nothing. */
export interface SessionGuard {
  /** Why the session may not go on; `heard` is called when more is known. */
  readonly ends: (heard: () => void) => GatewayError | undefined
  /** Why a frame of the client's is not passed on. */
  readonly refuses?: ((frame: string | ArrayBuffer, served: string) => GatewayError | undefined) | undefined
}
const CUT_SHORT: Ended = { finish: 'cut-short', failure: { kind: 'cut_short', message: INTERRUPTED } }

/** What looks at the frames that pass. */
interface Onlookers {
  readonly meter: SessionMeter
  readonly now: () => number
  readonly refuses?: ((frame: string | ArrayBuffer) => GatewayError | undefined) | undefined
  readonly ends?: SessionGuard['ends'] | undefined
}

/**
 * Joins two sockets: frames pass in their order and as they are, closes with a code that may be sent. Resolves to how
 * it ended once either side has closed; never rejects.
 */
export function joinSockets(
  client: WebSocket,
  upstream: WebSocket,
  { meter, now, refuses, ends }: Onlookers,
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const lags = { client: createLag(now, 0), upstream: createLag(now, SPOKEN_PER_SECOND) }
  const goesOn = (): boolean => {
    const error = ends?.(goesOn)
    if (error === undefined) return true
    resolve({ ...LEFT, error })
    send(client, errorEvent(error))
    close(client, POLICY, error.message)
    close(upstream, NORMAL, '')
    return false
  }
  const passes = (frame: string | ArrayBuffer): boolean => {
    const error = refuses?.(frame)
    if (error !== undefined) send(client, errorEvent(error))
    return error === undefined
  }
  // The default would hand binary frames over as blobs, which are sent on as the text "[object Blob]".
  for (const socket of [client, upstream]) {
    socket.binaryType = 'arraybuffer'
    socket.accept()
  }
  // Whoever sends too much, or does not read, has ended it: the closes that follow are ours.
  pass(client, upstream, {
    admits: (frame) => goesOn() && passes(frame),
    lags: { from: lags.client, to: lags.upstream },
    ended: resolve,
    flooded: LEFT,
    stuck: CUT_SHORT,
  })
  pass(upstream, client, {
    admits(frame) {
      if (typeof frame === 'string') meter.see(frame)
      return goesOn()
    },
    lags: { from: lags.upstream, to: lags.client },
    ended: resolve,
    flooded: CUT_SHORT,
    stuck: LEFT,
  })
  client.addEventListener('close', ({ code }) => resolve(code === ABNORMAL ? LEFT : COMPLETE))
  upstream.addEventListener('close', ({ code }) => resolve(BROKEN.has(code) ? CUT_SHORT : COMPLETE))
  return promise
}
const ABNORMAL = 1006
const LEFT: Ended = { finish: 'cancelled' }
const COMPLETE: Ended = { finish: 'complete' }
/** The upstream fell over, or wants to be rid of the session: no connection, an internal error, a restart, overload, a bad gateway. */
const BROKEN: ReadonlySet<number> = new Set([ABNORMAL, 1011, 1012, 1013, 1014])

interface Passing {
  /** False: it goes no further. */
  readonly admits: (frame: string | ArrayBuffer) => boolean
  readonly lags: { readonly from: Lag; readonly to: Lag }
  readonly ended: (how: Ended) => void
  /** How it ends when a message is longer than any may be, and when the other side does not read. */
  readonly flooded: Ended
  readonly stuck: Ended
}

function pass(from: WebSocket, to: WebSocket, { admits, lags, ended, flooded, stuck }: Passing): void {
  from.addEventListener('message', ({ data }) => {
    const size = sizeOf(data)
    lags.from.heard()
    if (size > MAX_MESSAGE_CHARS) {
      ended(flooded)
      close(from, TOO_BIG, 'The message is too long.')
      close(to, TOO_BIG, 'The message is too long.')
      return
    }
    if (queued(to) > MAX_QUEUED_BYTES || !lags.to.fits(size)) {
      ended(stuck)
      close(from, TRY_LATER, 'The other side does not keep up.')
      close(to, TRY_LATER, 'Too much waits to be read.')
      return
    }
    if (admits(data)) send(to, data)
  })
  from.addEventListener('close', ({ code, reason }) => close(to, code, reason))
  from.addEventListener('error', () => close(to, ABNORMAL, ''))
}

/** Declared by the runtime's types, but not there in all versions of it. */
const queued = ({ bufferedAmount }: { readonly bufferedAmount?: number }): number => bufferedAmount ?? 0
const sizeOf = (data: string | ArrayBuffer): number =>
  typeof data === 'string' ? data.length : data.byteLength

/** A socket may close between a frame's arrival and its being sent on. */
function send(to: WebSocket, data: string | ArrayBuffer): void {
  try {
    to.send(data)
  } catch {
    close(to, ABNORMAL, '')
  }
}

function close(socket: WebSocket, code: number, reason: string): void {
  const sendable = closeOf(code, reason)
  try {
    socket.close(sendable.code, sendable.reason)
  } catch {
    // It was closed already.
  }
}
