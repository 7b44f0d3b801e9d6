import { connect, type Socket } from 'node:net'

/** A request on a bare socket, so that the client can leave as clients do: with a reset. */
export interface RawRequest {
  readonly socket: Socket
  /** All that has come back so far. */
  readonly text: () => string
}

export function rawPost(origin: string, path: string, body: object): RawRequest {
  const { hostname, port, host } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const payload = JSON.stringify(body)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  socket.on('error', () => undefined)
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      `host: ${host}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(payload)}`,
      '',
      payload,
    ].join('\r\n'),
  )
  return { socket, text: () => text }
}
