import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Line, Talker } from './openai/realtime.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10

/** The server's side of RFC 6455, as much of it as a test needs: whole frames, no extensions. */
export function acceptSocket(
  incoming: IncomingMessage,
  socket: Duplex,
  protocol: string | undefined,
  open: (line: Line) => Talker,
): void {
  const accept = createHash('sha1')
    .update(`${incoming.headers['sec-websocket-key'] ?? ''}${GUID}`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
  )
  const write = (opcode: number, data: Uint8Array): void => void socket.write(frame(opcode, data))
  const talker = open({
    send: (data) => write(typeof data === 'string' ? TEXT : BINARY, Buffer.from(data as string)),
    close(code, reason) {
      const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
      payload.writeUInt16BE(code)
      payload.write(reason, 2)
      write(CLOSE, payload)
    },
  })
  read(socket, (opcode, data) => {
    if (opcode === TEXT) talker.receive(data.toString())
    if (opcode === BINARY) talker.receive(new Uint8Array(data))
    if (opcode === PING) write(PONG, data)
    if (opcode === CLOSE) {
      write(CLOSE, data)
      socket.end()
    }
  })
  socket.on('error', () => undefined)
}

function frame(opcode: number, data: Uint8Array): Buffer {
  const long = data.length > 65_535
  const head = Buffer.alloc(data.length < 126 ? 2 : long ? 10 : 4)
  head[0] = 0x80 | opcode
  head[1] = data.length < 126 ? data.length : long ? 127 : 126
  if (long) head.writeBigUInt64BE(BigInt(data.length), 2)
  else if (data.length >= 126) head.writeUInt16BE(data.length, 2)
  return Buffer.concat([head, data])
}

/** Gathers fragments, and takes the mask off that every frame of a client has. */
function read(socket: Duplex, take: (opcode: number, data: Buffer) => void): void {
  let held = Buffer.alloc(0)
  let message = Buffer.alloc(0)
  let kind = 0
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    for (let next = unframe(held); next !== undefined; next = unframe(held)) {
      held = held.subarray(next.length)
      if (next.opcode >= CLOSE) {
        take(next.opcode, next.data)
        continue
      }
      kind = next.opcode === 0 ? kind : next.opcode
      message = Buffer.concat([message, next.data])
      if (!next.final) continue
      take(kind, message)
      message = Buffer.alloc(0)
    }
  })
}

interface Unframed {
  final: boolean
  opcode: number
  data: Buffer
  length: number
}

function unframe(held: Buffer): Unframed | undefined {
  if (held.length < 2) return undefined
  const [first = 0, second = 0] = held
  const masked = second >= 0x80
  const { size, bytes } = sizeOf(held, second & 0x7f)
  const start = 2 + bytes + (masked ? 4 : 0)
  if (held.length < start + size) return undefined
  const data = Buffer.from(held.subarray(start, start + size))
  if (masked) unmask(data, held.subarray(start - 4, start))
  return { final: first >= 0x80, opcode: first & 0x0f, data, length: start + size }
}

/** The size, and how many bytes say it; endless while those have not come. */
function sizeOf(held: Buffer, short: number): { size: number; bytes: number } {
  const bytes = short === 127 ? 8 : short === 126 ? 2 : 0
  if (held.length < 2 + bytes) return { size: Infinity, bytes }
  if (bytes === 0) return { size: short, bytes }
  return { size: bytes === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2)), bytes }
}

function unmask(data: Buffer, mask: Buffer): void {
  for (let at = 0; at < data.length; at++) data[at] = (data[at] ?? 0) ^ (mask[at % 4] ?? 0)
}
