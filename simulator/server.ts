import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AddressInfo } from 'node:net'
import type { Simulator } from './index.ts'
import { acceptSocket } from './websocket.ts'

interface ServeOptions {
  port?: number
  host?: string
}

export interface Served {
  origin: string
  close(): Promise<void>
}

/** The simulator on a socket, where a client can hang up and a connection can really be reset. */
export async function serve(
  simulator: Pick<Simulator, 'fetch'> & Partial<Pick<Simulator, 'connect'>>,
  { port = 0, host = '127.0.0.1' }: ServeOptions = {},
): Promise<Served> {
  const server = createServer({ keepAliveTimeout: 30_000 }, (incoming, outgoing) => {
    void answer(simulator, incoming, outgoing)
  })
  server.on('upgrade', (incoming, socket) => {
    void upgrade(simulator, incoming, socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    origin: `http://${host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function upgrade(
  simulator: Partial<Pick<Simulator, 'connect'>>,
  incoming: IncomingMessage,
  socket: Duplex,
): Promise<void> {
  const connection = await simulator.connect?.(await requestOf(incoming, new AbortController().signal))
  if (connection !== undefined && !(connection instanceof Response))
    return acceptSocket(incoming, socket, connection.protocol, (line) => connection.open(line))
  const status = connection?.status ?? 404
  const body = (await connection?.text()) ?? ''
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: ${connection?.headers.get('content-type') ?? 'text/plain'}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

async function answer(
  simulator: Pick<Simulator, 'fetch'>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const hangUp = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) hangUp.abort(new DOMException('the client went away', 'AbortError'))
  })
  try {
    const response = await simulator.fetch(await requestOf(incoming, hangUp.signal))
    outgoing.writeHead(response.status, headersOf(response))
    outgoing.flushHeaders()
    if (response.body !== null) await pump(response.body, outgoing, hangUp.signal)
    outgoing.end()
  } catch {
    // A scripted cut, or a client that is gone: either way the peer must not take this for a complete answer.
    outgoing.socket?.resetAndDestroy()
  }
}

async function requestOf(incoming: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const headers = new Headers()
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
  }
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const method = incoming.method ?? 'GET'
  const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(chunks)
  return new Request(`http://${incoming.headers.host ?? 'localhost'}${incoming.url ?? '/'}`, {
    method,
    headers,
    body,
    signal,
  })
}

function headersOf(response: Response): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  return headers
}

/** One chunk at a time, and none while the socket is full. */
async function pump(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.getReader()
  const stop = (): void => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', stop, { once: true })
  for (;;) {
    const { done, value } = await reader.read()
    if (signal.aborted) throw signal.reason
    if (done) return
    if (!outgoing.write(value)) await drained(outgoing)
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off('drain', go)
      outgoing.off('close', go)
      resolve()
    }
    outgoing.once('drain', go)
    outgoing.once('close', go)
  })
}
