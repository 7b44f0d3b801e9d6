import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cannedAnswer } from '../simulator/canned.ts'

/**
 * The simulator's canned answers on a bare socket server, as a process of its own: without the web `Request` and
 * `Response` of the simulator's server, which cost more than a Worker's whole request.
 */

/** The model and `stream` stand at the beginning of every body of the bench. */
const HEAD_BYTES = 2_048

const server = createServer({ keepAliveTimeout: 3_600_000 }, (incoming, outgoing) => {
  let head = ''
  incoming.on('data', (chunk: Buffer) => {
    if (head.length < HEAD_BYTES) head += chunk.toString('latin1', 0, HEAD_BYTES)
  })
  incoming.on('end', () => {
    const answer = cannedAnswer(incoming.url ?? '/', head)
    if (answer.kind === 'body') {
      outgoing.writeHead(200, {
        'content-type': 'application/json',
        'content-length': answer.body.byteLength,
      })
      outgoing.end(answer.body)
      return
    }
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    play(outgoing, answer.chunks[Symbol.iterator](), answer.gapMs)
  })
})

/** Waits while the socket is full: a long stream must not pile up here instead of in what is measured. */
function play(outgoing: ServerResponse, chunks: Iterator<Uint8Array>, gapMs: number): void {
  for (;;) {
    const { done, value } = chunks.next()
    if (outgoing.destroyed) return
    if (done === true) {
      outgoing.end()
      return
    }
    const full = !outgoing.write(value)
    if (gapMs > 0) {
      setTimeout(() => play(outgoing, chunks, gapMs), gapMs)
      return
    }
    if (full) {
      outgoing.once('drain', () => play(outgoing, chunks, gapMs))
      return
    }
  }
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
