import { connect, type Socket } from 'node:net'

/** What one exchange took, from the first byte written; milliseconds. */
export interface Exchange {
  readonly status: number
  readonly firstByteMs: number
  readonly totalMs: number
  readonly bytes: number
  /** The last bytes of the answer, to see that it is whole. */
  readonly tail: string
}

const HEADER_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = '\r\n0\r\n\r\n'
const TAIL_BYTES = 64
/** A silence that long is a fault of the bench, which must end then. */
const SILENCE_MS = 60_000

/** One keep-alive connection that does one exchange at a time; so little work that it is never what is measured. */
export class Connection {
  readonly #socket: Socket
  #pending: Pending | undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk: Buffer) => this.#data(chunk))
    this.#socket.setTimeout(SILENCE_MS, () => {
      if (this.#pending !== undefined) this.#socket.destroy()
    })
    this.#socket.on('error', (error) => this.#pending?.reject(error))
    this.#socket.on('close', () => this.#pending?.reject(new Error('the connection was closed')))
  }

  /** False once either side has closed it. */
  get open(): boolean {
    return !this.#socket.destroyed && !this.#socket.readableEnded
  }

  /** `onFirstByte` runs when the answer's body begins. */
  send(request: Uint8Array, onFirstByte?: () => void): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      this.#pending = new Pending(resolve, reject, onFirstByte)
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#pending = undefined
    this.#socket.destroy()
  }

  #data(chunk: Buffer): void {
    if (this.#pending?.take(chunk) === true) this.#pending = undefined
  }
}

class Pending {
  readonly reject: (error: Error) => void
  readonly #resolve: (exchange: Exchange) => void
  readonly #onFirstByte: (() => void) | undefined
  readonly #startedAt = performance.now()
  readonly #head: Uint8Array[] = []
  #inHead = true
  #status = 0
  /** Body bytes that are still to come; undefined while the answer is chunked. */
  #left: number | undefined
  #firstByteMs = 0
  #bytes = 0
  #tail = ''

  constructor(
    resolve: (exchange: Exchange) => void,
    reject: (error: Error) => void,
    onFirstByte: (() => void) | undefined,
  ) {
    this.#resolve = resolve
    this.reject = reject
    this.#onFirstByte = onFirstByte
  }

  /** True once the answer is complete. */
  take(chunk: Buffer): boolean {
    const body = this.#inHead ? this.#readHead(chunk) : chunk
    if (this.#inHead) return false
    if (body.length > 0) this.#readBody(body)
    const done = this.#left === undefined ? this.#tail.endsWith(LAST_CHUNK) : this.#left <= 0
    if (done) {
      this.#resolve({
        status: this.#status,
        firstByteMs: this.#firstByteMs,
        totalMs: performance.now() - this.#startedAt,
        bytes: this.#bytes,
        tail: this.#tail,
      })
    }
    return done
  }

  /** What stands behind the head, once that is complete. */
  #readHead(chunk: Buffer): Buffer {
    this.#head.push(chunk)
    const head = Buffer.concat(this.#head)
    const end = head.indexOf(HEADER_END)
    if (end < 0) return head.subarray(head.length)
    const text = head.toString('latin1', 0, end)
    this.#inHead = false
    this.#status = Number(text.slice(9, 12))
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(text) ?? []
    this.#left = length === undefined ? undefined : Number(length)
    return head.subarray(end + HEADER_END.length)
  }

  #readBody(body: Buffer): void {
    if (this.#bytes === 0) {
      this.#firstByteMs = performance.now() - this.#startedAt
      this.#onFirstByte?.()
    }
    this.#bytes += body.length
    if (this.#left !== undefined) this.#left -= body.length
    this.#tail = (this.#tail + body.toString('latin1', Math.max(0, body.length - TAIL_BYTES))).slice(
      -TAIL_BYTES,
    )
  }
}
