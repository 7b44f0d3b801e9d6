import { closeOf, type SessionMeter } from '../protocol/realtime.ts'

/** The longest that an event of the protocol may be (openai.md 6.4), in base64 and with its frame. */
const MAX_MESSAGE_CHARS = 16 * 1_048_576
/** What may wait for one side to read; a side that is so far behind has gone. */
const MAX_QUEUED_BYTES = 8 * 1_048_576
const TOO_BIG = 1009
const TRY_LATER = 1013

/**
 * Joins two sockets: frames pass in their order and as they are, closes with a code that may be sent. Resolves, once
 * either side has closed, to whether that was in order; never rejects.
 */
export function joinSockets(
  client: WebSocket,
  upstream: WebSocket,
  meter: SessionMeter,
): Promise<'complete' | 'cancelled' | 'cut-short'> {
  const { promise, resolve } = Promise.withResolvers<'complete' | 'cancelled' | 'cut-short'>()
  // The default would hand binary frames over as blobs, which are sent on as the text "[object Blob]".
  for (const socket of [client, upstream]) {
    socket.binaryType = 'arraybuffer'
    socket.accept()
  }
  pass(client, upstream, () => undefined)
  pass(upstream, client, (text) => meter.see(text))
  client.addEventListener('close', ({ code }) => resolve(code === ABNORMAL ? 'cancelled' : 'complete'))
  upstream.addEventListener('close', ({ code }) => resolve(code === ABNORMAL ? 'cut-short' : 'complete'))
  return promise
}
const ABNORMAL = 1006

function pass(from: WebSocket, to: WebSocket, see: (text: string) => void): void {
  from.addEventListener('message', ({ data }) => {
    if (typeof data === 'string' ? data.length > MAX_MESSAGE_CHARS : byteLength(data) > MAX_MESSAGE_CHARS) {
      close(from, TOO_BIG, 'The message is too long.')
      close(to, TOO_BIG, 'The message is too long.')
      return
    }
    if (to.bufferedAmount > MAX_QUEUED_BYTES) {
      close(from, TRY_LATER, 'The other side does not keep up.')
      close(to, TRY_LATER, 'Too much waits to be read.')
      return
    }
    if (typeof data === 'string') see(data)
    send(to, data)
  })
  from.addEventListener('close', ({ code, reason }) => close(to, code, reason))
  from.addEventListener('error', () => close(to, ABNORMAL, ''))
}

const byteLength = (data: unknown): number => (data instanceof ArrayBuffer ? data.byteLength : 0)

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
